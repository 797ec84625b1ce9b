"""Messages and arrays over a socket whose other end may be hostile: everything that comes is bounded and only data.

A frame is a length (4 bytes, little-endian), so many bytes of JSON, and the .npy files whose sizes the JSON names.
Both ends import this module, so it needs NumPy and the standard library only.
"""

import io
import itertools
import json
import math
import os
import socket
import struct
import time

import numpy as np

LARGEST_MESSAGE = 1 << 16  # bytes of JSON
LARGEST_ARRAYS = 1 << 25  # bytes of all arrays of a frame together
MOST_PARTS = 64  # entries of a tuple or list, tuples and lists of a value, arrays of a frame
KINDS = "biufc"  # what a dtype may be: never objects, which are code


class ChannelError(Exception):
    """The other end is gone, too slow, or sent what is no frame."""


class TooSlow(ChannelError):
    """The time was over before the frame was."""


class Channel:
    """One end of a connected stream socket. `deadline` is a value of time.monotonic()."""

    def __init__(self, connection: socket.socket):
        self.connection = connection
        self.came = bytearray()  # and not read yet: a frame comes in one piece more often than not

    def send(self, message: dict, arrays=(), deadline: float | None = None) -> None:
        """Raises ChannelError."""
        files = [_to_npy(array) for array in arrays]
        head = json.dumps(message | {"sizes": list(map(len, files))}).encode()
        self._in_time(deadline, self.connection.sendall, b"".join([struct.pack("<I", len(head)), head, *files]))

    def receive(self, deadline: float | None = None) -> tuple[dict, list[np.ndarray]]:
        """The next message and its arrays. Raises ChannelError, before it makes room for what is only claimed."""
        (length,) = struct.unpack("<I", self._read(4, deadline))
        if length > LARGEST_MESSAGE:
            raise ChannelError(f"a message of {length} bytes was announced; at most {LARGEST_MESSAGE} are read")
        try:
            message = json.loads(self._read(length, deadline))
            sizes = message["sizes"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise ChannelError("what came is no message") from None
        if not (isinstance(sizes, list) and len(sizes) <= MOST_PARTS and all(type(n) is int and n >= 0 for n in sizes)):
            raise ChannelError("the sizes of the arrays are no sizes")
        if sum(sizes) > LARGEST_ARRAYS:
            raise ChannelError(f"{sum(sizes)} bytes of arrays were announced; at most {LARGEST_ARRAYS} are read")
        return message, [_from_npy(self._read(size, deadline)) for size in sizes]

    def close(self) -> None:
        self.connection.close()

    def _read(self, size, deadline) -> bytes:
        while len(self.came) < size:
            piece = self._in_time(deadline, self.connection.recv, 1 << 16)
            if not piece:
                raise ChannelError("the other end is gone")
            self.came += piece
        data = bytes(self.came[:size])
        del self.came[:size]
        return data

    def _in_time(self, deadline, action, argument):
        left = None if deadline is None else deadline - time.monotonic()
        if left is not None and left <= 0:
            raise TooSlow("out of time")
        self.connection.settimeout(left)
        try:
            return action(argument)
        except TimeoutError:
            raise TooSlow("out of time") from None
        except OSError:
            raise ChannelError("the other end is gone") from None


class Pipes:
    """Two pipes that look like a socket to a Channel: what a container has in its place."""

    def __init__(self, reads: int, writes: int):
        self.reads, self.writes = reads, writes

    def settimeout(self, seconds: None) -> None:
        """Nobody waits in the container: its time is kept outside."""

    def recv(self, size: int) -> bytes:
        return os.read(self.reads, size)

    def sendall(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.writes, data) :]

    def close(self) -> None:
        os.close(self.reads)
        os.close(self.writes)


def pack(value) -> tuple[object, list[np.ndarray]]:
    """A value as JSON and the arrays that it points to: {"array": 0}, {"tuple": [...]}, {"list": [...]}, plain numbers.

    Anything else becomes {"other": [module, name]}, its type.
    """
    arrays, containers = [], itertools.count(1)

    def tree(thing, depth):
        if type(thing) is np.ndarray and thing.dtype.kind in KINDS:
            arrays.append(thing)
            return {"array": len(arrays) - 1}
        if type(thing) in (tuple, list) and len(thing) <= MOST_PARTS and depth < 4 and next(containers) <= MOST_PARTS:
            return {type(thing).__name__: [tree(part, depth + 1) for part in thing]}
        if thing is None or type(thing) in (bool, int, float):
            return thing if type(thing) is not int or abs(thing) < 1 << 63 else {"other": ["builtins", "int"]}
        kind = type(thing)
        name = kind.__name__ + (f" of dtype {thing.dtype}" if isinstance(thing, np.ndarray) else "")
        return {"other": [str(kind.__module__)[:80], name[:80]]}

    packed = tree(value, 0)
    if len(arrays) > MOST_PARTS:
        return {"other": ["builtins", f"{type(value).__name__} of {len(arrays)} arrays"]}, []
    return packed, arrays


def unpack(tree, arrays: list[np.ndarray]):
    """The value again; for {"other": ...} an object whose type has that name. Raises ChannelError."""
    return _unpack(tree, dict(enumerate(arrays)), 0)


def _unpack(tree, arrays: dict[int, np.ndarray], depth: int):
    """Takes each array out of `arrays`: one that is named a thousand times would be copied a thousand times later."""
    if tree is None or type(tree) in (bool, int, float):
        return tree
    if isinstance(tree, dict) and len(tree) == 1 and depth < 5:
        (kind, content), *_ = tree.items()
        if kind == "array" and type(content) is int and content in arrays:
            return arrays.pop(content)
        if kind in ("tuple", "list") and isinstance(content, list) and len(content) <= MOST_PARTS:
            return {"tuple": tuple, "list": list}[kind](_unpack(part, arrays, depth + 1) for part in content)
        if kind == "other" and isinstance(content, list) and len(content) == 2:
            module, name = (str(text)[:80].replace("\0", "") for text in content)
            return type(name.encode("utf-8", "replace").decode(), (), {"__module__": module})()
    raise ChannelError("what came is no value")


def _to_npy(array) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _from_npy(data: bytes) -> np.ndarray:
    """Like np.load, but the header is believed only if it fits the bytes that are there."""
    file = io.BytesIO(data)
    try:
        readers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        shape, fortran, dtype = readers[np.lib.format.read_magic(file)](file, max_header_size=4096)
        plain = dtype.kind in KINDS and not dtype.hasobject and dtype.names is None and dtype.subdtype is None
        if not plain or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data) - file.tell():
            raise ValueError
        flat = np.frombuffer(data, dtype, offset=file.tell())
        return flat.reshape(shape, order="F" if fortran else "C").copy(order="K")
    except Exception:  # the parser of headers evaluates text, and hostile text finds many ways to fail
        raise ChannelError("what came is no array of numbers") from None
