"""Files of weights to draw, honest ones and others."""

import json

import numpy as np


def bfloat16(x):
    """The nearest numbers with eight bits of precision (ties to even), as float64; x: float32, finite."""
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000).view(np.float32).astype(float)


def as_bytes(x, kind):
    """The numbers of x as safetensors stores them; of another kind one 0 for each."""
    if kind == "BF16":
        return (bfloat16(x).astype(np.float32).view(np.uint32) >> 16).astype("<u2").tobytes()
    dtype = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}.get(kind)
    return np.asarray(x).astype(dtype).tobytes() if dtype else bytes(x.size)


def pack(arrays, kinds, moved, exchanged, remark, header_length):
    """A file (uint8). moved: {name: (by how many bytes the header moves its beginning, its end)}.

    exchanged: the name of a tensor whose end is told before its beginning. header_length: told instead of the true one.
    """
    entries, data = [], b""
    for name, x in arrays.items():
        raw = as_bytes(x, kinds[name])
        a, b = moved.get(name, (0, 0))
        place = [len(data) + a, len(data) + len(raw) + b]
        place = place[::-1] if name == exchanged else place
        entries.append((name, {"dtype": kinds[name], "shape": list(x.shape), "data_offsets": place}))
        data += raw
    remarks = {"__metadata__": remark} if remark else {}
    header = json.dumps(remarks | dict(reversed(entries)), ensure_ascii=False).encode()
    header += b" " * (-len(header) % 8)
    length = len(header) if header_length is None else header_length
    return np.frombuffer(length.to_bytes(8, "little") + header + data, np.uint8)
