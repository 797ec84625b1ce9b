"""The channel: what goes in comes out, and whatever else comes is refused before it costs anything."""

import io
import json
import socket
import struct
import threading
import time

import numpy as np
import pytest

from mmcourse.classroom.channel import LARGEST_ARRAYS, Channel, ChannelError, TooSlow, pack, unpack
from mmcourse.grading import questions


@pytest.fixture
def ends():
    a, b = socket.socketpair()
    with a, b:
        yield Channel(a), Channel(b)


def soon():
    return time.monotonic() + 0.5


def npy(array, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def frame(message, *files: bytes) -> bytes:
    head = json.dumps(message).encode()
    return struct.pack("<I", len(head)) + head + b"".join(files)


def with_file(file: bytes) -> bytes:
    return frame({"sizes": [len(file)]}, file)


def same(a, b):
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and (a == b or a != a)


@pytest.mark.parametrize("question", questions(), ids=lambda question: question.id)
def test_the_arguments_and_answers_of_every_question_pass_unchanged(question, ends):
    for case in question.cases(3):
        with np.errstate(all="ignore"):
            answer = question.reference(*case.arguments)
        for value in (case.arguments, answer):
            tree, arrays = pack(value)
            sender = threading.Thread(target=ends[0].send, args=({"value": tree}, arrays))
            sender.start()
            message, came = ends[1].receive(soon())
            sender.join()
            assert same(value, unpack(message["value"], came))


def test_arrays_keep_their_order_and_may_be_written_to(ends):
    ends[0].send({}, [np.asfortranarray(np.arange(15.0).reshape(3, 5)), np.zeros((0, 7)), np.array(2, np.int8)])
    _, (fortran, empty, scalar) = ends[1].receive(soon())
    assert fortran.flags.f_contiguous
    assert fortran[1, 2] == 7
    assert (empty.shape, scalar.shape, scalar.dtype) == ((0, 7), (), np.int8)
    fortran[0, 0] = 1


HOSTILE = {
    "a huge length": struct.pack("<I", 0xFFFFFFFF),
    "no JSON": struct.pack("<I", 4) + b"!!!!",
    "no object": frame([1, 2]),
    "deep JSON": struct.pack("<I", 60000) + b"[" * 60000,
    "no sizes": frame({}),
    "negative sizes": frame({"sizes": [-1]}),
    "sizes that are true": frame({"sizes": [True]}),
    "too many arrays": frame({"sizes": [0] * 65}),
    "too large arrays": frame({"sizes": [LARGEST_ARRAYS, 1]}),
    "a pickle": with_file(npy(np.array([None]), allow_pickle=True)),
    "records": with_file(npy(np.zeros(2, "f8,i4"))),
    "text": with_file(npy(np.array(["a"]))),
    "an empty file": frame({"sizes": [0]}),
    "a shape that claims more": frame({"sizes": [128 + 24]}, npy(np.zeros(3)).replace(b"(3,)", b"(9,)")),
    "a negative shape": frame({"sizes": [128 + 24]}, npy(np.zeros(3)).replace(b"(3,), ", b"(-3,),")),
    "a header that is code": frame({"sizes": [152]}, npy(np.zeros(3)).replace(b"(3,)", b"f()#")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_frame_is_refused(name, ends):
    ends[0].connection.sendall(HOSTILE[name])
    with pytest.raises(ChannelError) as caught:
        ends[1].receive(soon())
    assert not isinstance(caught.value, TooSlow)


def test_silence_is_cut_off_and_so_are_drips(ends):
    with pytest.raises(TooSlow):
        ends[1].receive(time.monotonic() + 0.05)
    ends[0].connection.sendall(struct.pack("<I", 100) + b"{")
    with pytest.raises(TooSlow):
        ends[1].receive(time.monotonic() + 0.05)


def test_one_who_does_not_read_is_cut_off(ends):
    with pytest.raises(TooSlow):
        ends[0].send({}, [np.zeros(1 << 20)], time.monotonic() + 0.1)


def test_an_end_that_is_gone_is_told(ends):
    ends[0].close()
    with pytest.raises(ChannelError, match="gone"):
        ends[1].receive(soon())


@pytest.mark.parametrize(
    "tree", [{"array": 1}, {"array": -1}, {"array": True}, {"tuple": 3}, {"list": [0] * 65}, {"a": 1, "b": 2}, "x", [1]]
)
def test_what_is_no_value_is_refused(tree):
    with pytest.raises(ChannelError):
        unpack(tree, [np.zeros(3)])


def test_an_array_that_is_named_twice_is_refused():
    """A value with a thousand names for 32 MiB would be copied a thousand times."""
    with pytest.raises(ChannelError, match="no value"):
        unpack({"list": [{"array": 0}, {"array": 0}]}, [np.zeros(3)])


def test_types_that_are_no_numbers_keep_their_names_only():
    for value in ({"a": 1}, np.array([None]), np.float64(3), "text", 1 << 70):
        tree, arrays = pack(value)
        came = unpack(tree, arrays)
        assert not arrays
        assert type(came).__module__ == type(value).__module__
        assert type(came).__name__.startswith(type(value).__name__)


def test_an_endless_list_stays_short():
    endless = []
    endless.append(endless)
    tree, _ = pack([endless, [[0] * 64] * 64])
    assert len(json.dumps(tree)) < 1 << 16
