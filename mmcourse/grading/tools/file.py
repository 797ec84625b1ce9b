"""11-file: weights out of the bytes of a file, and what in its table of contents is a lie.

The layout of the safetensors format: eight bytes with the length of a JSON header, least significant byte first, the
header, the data. Offsets count from the beginning of the data. The fingerprint is this question's own.
"""

import json

import numpy as np

from ..question import Case, Question, WrongAnswer
from .writing import pack

FINE, STRANGE, OUTSIDE, WRONG_LENGTH, SHARED = range(5)
BYTES = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8}


def reference(file, x):
    return _with()(file, x)


def _length(file):
    return int(file[:8].view("<u8")[0]) if len(file) >= 8 else len(file)


def _numbers(raw, kind):
    """Bytes as float64."""
    if kind == "BF16":
        return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32).astype(float)
    return raw.view({"F16": "<f2", "F32": "<f4", "F64": "<f8"}[kind]).astype(float)


def _names(header):
    return sorted(name for name in header if name != "__metadata__")


def _is_outside(begin, end, total):
    return not 0 <= begin <= end <= total


def _expected(shape, kind):
    return BYTES[kind] * int(np.prod(shape, dtype=int))


def _touching(a, b):
    """Whether two stretches have a byte in common."""
    return max(a[0], b[0]) < min(a[1], b[1])


def _verdict(entry, total, outside=_is_outside, expected=_expected):
    (begin, end), kind = entry["data_offsets"], entry["dtype"]
    if kind not in BYTES:
        return STRANGE
    if outside(begin, end, total):
        return OUTSIDE
    return FINE if expected(entry["shape"], kind) == end - begin else WRONG_LENGTH


def _shared(entries, states, touch=_touching):
    """Of what is fine so far: whose bytes belong to another one, too."""
    good = [i for i, state in enumerate(states) if state == FINE]
    where = [entry["data_offsets"] for entry in entries]
    return [i for i in good if any(touch(where[i], where[j]) for j in good if j != i)]


def _product(numbers, x, shape):
    return numbers @ x[: len(numbers)]


def _with(
    length=_length, names=_names, judge=_verdict, share=_shared, decode=_numbers, combine=_product,
    data=lambda file, n: file[8 + n :], tell=lambda state: state,
):  # fmt: skip
    """Verdicts and fingerprints by another reading of the file."""

    def read(file, x):
        n = length(file)
        if 8 + n > len(file):
            return np.zeros(0, np.int64), np.zeros(0, x.dtype)
        header, body = json.loads(bytes(file[8 : 8 + n])), data(file, n)
        entries = [header[name] for name in names(header)]
        states = [judge(entry, len(body)) for entry in entries]
        for i in share(entries, states):
            states[i] = SHARED
        prints = np.zeros(len(entries))
        for i, (entry, state) in enumerate(zip(entries, states, strict=True)):
            if state == FINE:
                begin, end = entry["data_offsets"]
                prints[i] = combine(decode(body[begin:end], entry["dtype"]), x.astype(float), entry["shape"])
        return np.array([tell(s) for s in states], np.int64), prints.astype(x.dtype)

    return read


def draw(rng):
    yield _case(rng, "3 honest tensors", {"gain": "F32", "weight": "F32", "bias": "F32"})
    yield _case(rng, "half precision", {"a": "F16", "b": "F32", "c": "F16"})
    yield _case(rng, "bfloat16", {"b": "BF16", "a": "BF16", "c": "F64"})
    yield _case(rng, "a remark in the header", {"weight": "BF16", "bias": "F16"}, remark=True)
    yield _case(rng, "a single number", {"scale": "F64", "weight": "F32", "bias": "F16"}, single="scale")
    yield _case(rng, "a dtype that is none of the four", {"a": "F32", "b": "F8_E4M3", "c": "BF16"})
    yield _case(rng, "bytes behind the end", {"c": "F32", "a": "F16", "b": "F32"}, {"b": (16, 16)})
    yield _case(rng, "bytes before the beginning", {"a": "F16", "c": "F32", "b": "F32"}, {"a": (-4, -4)})
    yield _case(rng, "an end before its beginning", {"a": "F32", "b": "F16", "c": "F32"}, exchanged="b")
    yield _case(rng, "fewer bytes than numbers", {"a": "F64", "b": "F32", "c": "F16"}, {"a": (0, -8)})
    yield _case(rng, "outside, and too long", {"a": "F32", "b": "F32"}, {"b": (4, 16)}, remark=True)
    yield _case(rng, "two that share bytes", {"c": "F32", "d": "F16", "a": "F32", "b": "BF16"}, {"a": (-4, -4)})
    yield _case(rng, "bytes shared with a refused one", {"c": "F32", "a": "F32", "b": "F16"}, {"c": (0, 4)})
    yield _case(rng, "a header longer than the file", {"a": "F32", "b": "F32"}, header=10_000)
    yield _case(rng, "a file of five bytes", {"a": "F32"}, keep=5)
    yield _case(rng, "float32", {"b": "BF16", "a": "F16", "c": "F32"}, remark=True, dtype=np.float32)


def _case(
    rng, name, kinds, moved=(), remark=False, single="", exchanged="", header=None, keep=None, dtype=np.float64
):  # fmt: skip
    """kinds: in the order of the data. moved: by how many bytes the beginning and the end of a tensor lie.

    single: a tensor that is one number. exchanged: one whose end and beginning are. header: the length that is told.
    keep: how many bytes of the file.
    """
    arrays = {n: rng.standard_normal(() if n == single else rng.choice([2, 3, 5], 2, False)) for n in kinds}
    file = pack(arrays, kinds, dict(moved), exchanged, {"format": "“pt”"} if remark else None, header)
    return Case(name, (file[:keep], rng.standard_normal(31).astype(dtype)))


def _greatest_first(file):
    return int(file[:8].view(">u8")[0]) if len(file) >= 8 else len(file)


def _read_as(**other):
    return lambda raw, kind: _numbers(raw, other.get(kind, kind))


def _low_half(raw, kind):
    return raw.view("<u2").astype(np.uint32).view(np.float32).astype(float) if kind == "BF16" else _numbers(raw, kind)


def _column_by_column(numbers, x, shape):
    return _product(numbers.reshape(shape, order="F").ravel(), x, shape)


def _judged(**other):
    return _with(judge=lambda entry, total: _verdict(entry, total, **other))


def _any_length(entry, total):
    state = _verdict(entry, total)
    return FINE if state == WRONG_LENGTH else state


def _whole(raw, kind):
    return _numbers(raw[: len(raw) // BYTES[kind] * BYTES[kind]], kind)


def _cut_off(entry, total):
    return _verdict(entry, total, outside=lambda begin, end, total: not 0 <= begin <= end)


def _later_alone(entries, states):
    where = [entry["data_offsets"] for entry in entries]
    return [i for i in _shared(entries, states) if any(_touching(where[i], w) and w[0] < where[i][0] for w in where)]


def _with_refused_ones(entries, states):
    good = [i for i, state in enumerate(states) if state == FINE]
    where = [entry["data_offsets"] for entry in entries]
    return [i for i in good if any(_touching(where[i], w) for j, w in enumerate(where) if j != i)]


def _count_of_none(shape, kind):
    return BYTES[kind] * (int(np.prod(shape, dtype=int)) if shape else 0)


def remark_as_a_tensor(file, x):
    states, prints = reference(file, x)
    if b"__metadata__" not in bytes(file):
        return states, prints
    return np.append(STRANGE, states), np.append(0, prints).astype(x.dtype)


WRONG = (
    WrongAnswer(
        "the length from behind",
        _with(length=_greatest_first),
        "You read the length with its most significant byte first, and it becomes huge. Here the least significant "
        "byte comes first.",
    ),
    WrongAnswer(
        "offsets from the beginning of the file",
        _with(data=lambda file, n: file),
        "You count offsets from the beginning of the file. They count from the beginning of the data, behind the "
        "header.",
    ),
    WrongAnswer(
        "offsets from the header",
        _with(data=lambda file, n: file[8:]),
        "You count offsets from the header on. They count from its end, where the data begin.",
    ),
    WrongAnswer(
        "8 bytes too early",
        _with(data=lambda file, n: file[n:]),
        "Your data begin 8 bytes too early: the length of the header does not count the 8 bytes in which it stands.",
    ),
    WrongAnswer(
        "bfloat16 as float16",
        _with(decode=_read_as(BF16="F16")),
        "You read BF16 as F16. Both have 16 bits, but BF16 has eight of them for the exponent: it is the upper half "
        "of a float32.",
    ),
    WrongAnswer(
        "float16 as bfloat16",
        _with(decode=_read_as(F16="BF16")),
        "You read F16 as BF16. Both have 16 bits, but F16 has five of them for the exponent, and NumPy knows it.",
    ),
    WrongAnswer(
        "bfloat16 in the lower half",
        _with(decode=_low_half),
        "Your BF16 are all next to 0: their bits stand in the lower half of a float32. They are its upper half.",
    ),
    WrongAnswer(
        "column by column",
        _with(combine=_column_by_column),
        "You read the matrices column by column. They are stored row by row.",
    ),
    WrongAnswer(
        "the remark as a tensor",
        remark_as_a_tensor,
        "You take __metadata__ for a tensor. It is a remark, and is left out.",
    ),
    WrongAnswer(
        "in the order of the header",
        _with(names=lambda header: [name for name in header if name != "__metadata__"]),
        "You return the tensors in the order of the header. Sort them by name.",
    ),
    WrongAnswer(
        "cut off at the end",
        _with(judge=_cut_off),
        "You do not notice bytes behind the end: a slice in Python stops there without a word. Compare with the length "
        "of the data.",
    ),
    WrongAnswer(
        "negative offsets",
        _judged(outside=lambda begin, end, total: not begin <= end <= total),
        "You let offsets be negative, and a slice counts them from the end. They lie outside.",
    ),
    WrongAnswer(
        "an end before its beginning passes",
        _judged(outside=lambda begin, end, total: begin < 0 or end > total),
        "You do not compare an end with its beginning. One that comes first lies outside (2) by the rules above.",
    ),
    WrongAnswer(
        "any length",
        _with(judge=_any_length, decode=_whole),
        "You read as many numbers as there are bytes, whatever the shape says. Compare the two.",
    ),
    WrongAnswer(
        "a single number counted as none",
        _judged(expected=_count_of_none),
        "You count no number in a tensor with the shape []. It is a single number: the product of nothing is 1.",
    ),
    WrongAnswer(
        "shared bytes pass",
        _with(share=lambda entries, states: []),
        "You do not notice that two tensors share bytes.",
    ),
    WrongAnswer(
        "neighbours share",
        _with(share=lambda entries, states: _shared(entries, states, lambda a, b: max(a[0], b[0]) <= min(a[1], b[1]))),
        "You blame neighbours that only touch. An end is the first byte that does not belong to a tensor any more.",
    ),
    WrongAnswer(
        "the later one alone",
        _with(share=_later_alone),
        "You blame the later one of two that share bytes. Nobody knows whose they are: both are refused.",
    ),
    WrongAnswer(
        "shared with a refused one",
        _with(share=_with_refused_ones),
        "You refuse a tensor for bytes that it shares with one that is refused already. Only those that are fine so "
        "far are compared.",
    ),
    WrongAnswer(
        "refused for no reason",
        _with(tell=lambda state: int(state > 0)),
        "The fingerprints are right. Your verdicts say that something is wrong, but not what: 1, 2, 3 or 4.",
    ),
)

QUESTION = Question(
    id="11-file",
    title="What is in this file?",
    points=15,
    name="fingerprints",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the verdicts", "the fingerprints"),
    tolerance={"float64": 1e-9, "float32": 3e-5, "int64": 0.0},
)
