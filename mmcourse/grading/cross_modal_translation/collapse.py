"""06-collapse: what CTC paths say, and when each symbol begins, for any number of the blank."""

import numpy as np

from ..question import Case, Question, WrongAnswer


def reference(paths, lengths, blank):
    return _with()(paths, lengths, blank)


def _own_frames(path, length):
    return path[:length]


def _runs(path, blank):
    """(symbol, first frame, last frame) of each run of equal frames."""
    found = []
    for t, symbol in enumerate(path):
        if t and symbol == path[t - 1]:
            found[-1][2] = t
        else:
            found.append([symbol, t, t])
    return found


def _without_blanks(runs, blank):
    return [run for run in runs if run[0] != blank]


def _first(run, place):
    return run[1]


def _longest(rows, N):
    return max(map(len, rows), default=0)


def _as_it_is(symbol, blank):
    return symbol


def _with(
    cut=_own_frames, runs=_runs, keep=_without_blanks, when=_first, width=_longest, fill=lambda blank: -1,
    name=_as_it_is,
):  # fmt: skip
    """Paths read with another cut, other runs, other times, another padding or other names of the symbols."""

    def read(paths, lengths, blank):
        rows = []
        for path, length in zip(paths.tolist(), lengths.tolist(), strict=True):
            said = keep(runs(cut(path, length), blank), blank)
            rows.append([(name(run[0], blank), when(run, place)) for place, run in enumerate(said)])
        table = np.full((2, len(rows), width(rows, paths.shape[1])), fill(blank), np.int64)
        for b, row in enumerate(rows):
            table[:, b, : len(row)] = np.array(row, np.int64).reshape(-1, 2).T
        return table[0], table[1]

    return read


def draw(rng):
    yield _case(rng, "3 paths, the blank last", 3, 17, 5, 4)
    yield _case(rng, "5 paths, the blank in the middle", 5, 23, 7, 3)
    yield _case(rng, "7 paths, the blank first", 7, 19, 4, 0)
    yield _case(rng, "two symbols and the blank", 5, 29, 3, 1)
    yield _case(rng, "one path of one frame", 1, 1, 5, 2)
    yield _case(rng, "a path of no frames among others", 3, 13, 5, 4, empty=True)
    yield _case(rng, "nothing but blanks", 2, 11, 5, 3, silent=True)
    yield _case(rng, "no paths", 0, 7, 5, 4)


def _case(rng, name, B, N, C, blank, empty=False, silent=False):
    paths = np.array([_path(rng, N, C, blank, b) for b in range(B)], np.int64).reshape(B, N)
    lengths = rng.integers((N + 1) // 2, N, B) if N > 1 else np.ones(B, np.int64)
    lengths[: B // 2] = N
    if silent:
        paths[:] = blank
    if empty:
        lengths[-1] = 0
    return Case(name, (paths, lengths, blank))


def _path(rng, N, C, blank, b):
    """Runs of one to four frames: a symbol at the front, doubled, twice apart, next to another, and with a blank."""
    others = np.delete(np.arange(C), blank)
    x, y = rng.permutation(others)[:2]
    start = [others[-1], *([blank, y, y] if b % 2 else [x, x]), blank, blank, x, x, x, y, blank, y][:N]
    while len(start) < N:
        start += [int(rng.choice([blank, *others]))] * int(rng.integers(1, 5))
    return start[:N]


def _blanks_first(path, blank):
    """Runs of what is left once the blanks are gone, at the frames where they stood."""
    kept = [(symbol, t) for t, symbol in enumerate(path) if symbol != blank]
    found = []
    for symbol, t in kept:
        if found and symbol == found[-1][0]:
            found[-1][2] = t
        else:
            found.append([symbol, t, t])
    return found


def _each_once(runs, blank):
    said = {}
    for run in _without_blanks(runs, blank):
        said.setdefault(run[0], run)
    return list(said.values())


def _only_behind_blanks(path, blank):
    """A symbol is new only where a blank, or nothing, stands before it."""
    return [run for run in _runs(path, blank) if run[1] == 0 or path[run[1] - 1] == blank]


def _by_differences(path, blank):
    """np.diff sees a change between two frames, and none before the first."""
    return [run for run in _runs(path, blank) if run[1] > 0]


def _moved_down(symbol, blank):
    return symbol - (symbol > blank)


def times_of_blanks_too(paths, lengths, blank):
    """The number of the run, blanks counted."""
    symbols, _ = reference(paths, lengths, blank)
    places = _with(runs=lambda path, blank: [[s, i, i] for i, (s, *_) in enumerate(_runs(path, blank))])
    return symbols, places(paths, lengths, blank)[1]


WRONG = (
    WrongAnswer(
        "blanks removed first",
        _with(runs=_blanks_first),
        "You take the blanks away before you merge, and a doubled symbol becomes a single one. The blank is what keeps "
        "the two apart: merge first.",
    ),
    WrongAnswer(
        "nothing merged",
        _with(runs=lambda path, blank: [[s, t, t] for t, s in enumerate(path)]),
        "Every frame that is no blank gives you a symbol. A symbol may last for many frames: equal neighbours are one.",
    ),
    WrongAnswer(
        "blanks kept",
        _with(keep=lambda runs, blank: runs),
        "The blanks are still there. They mean that nothing new is said.",
    ),
    WrongAnswer(
        "blank 0 taken for granted",
        lambda paths, lengths, blank: reference(paths, lengths, 0),
        "You take 0 for the blank. That is PyTorch's habit; other systems put it last, and here `blank` says which.",
    ),
    WrongAnswer(
        "every symbol once",
        _with(keep=_each_once),
        "A symbol that comes back later is lost. Only neighbours are merged, or no word would have the same letter "
        "twice.",
    ),
    WrongAnswer(
        "only behind a blank",
        _with(runs=_only_behind_blanks),
        "You wait for a blank before every new symbol. Two different symbols may follow each other without one; only "
        "equal ones need it.",
    ),
    WrongAnswer(
        "the first frame lost",
        _with(runs=_by_differences),
        "A symbol that starts in frame 0 is missing. A difference sees changes between frames, and before the first "
        "one there is nothing to differ from.",
    ),
    WrongAnswer(
        "lengths ignored",
        _with(cut=lambda path, length: path),
        "You read on behind the end of the shorter paths. Frame `lengths[b]` and all after it are padding.",
    ),
    WrongAnswer(
        "the last frame not read",
        _with(cut=lambda path, length: path[: max(length - 1, 0)]),
        "You stop one frame early: the last frame of path b is `lengths[b] − 1`, and it may begin a symbol.",
    ),
    WrongAnswer(
        "ends for starts",
        _with(when=lambda run, place: run[2]),
        "The symbols are right. Your times are the last frames of the symbols, asked are the first ones.",
    ),
    WrongAnswer(
        "middles for starts",
        _with(when=lambda run, place: (run[1] + run[2]) // 2),
        "The symbols are right. Your times are the middles of the symbols, asked are their first frames.",
    ),
    WrongAnswer(
        "one frame early",
        _with(when=lambda run, place: max(run[1] - 1, 0)),
        "The symbols are right, and each time is one frame early: where neighbours t and t + 1 differ, the new symbol "
        "begins at t + 1.",
    ),
    WrongAnswer(
        "places for times",
        _with(when=lambda run, place: place),
        "The symbols are right. Your times count symbols; asked is the frame of the path in which each begins.",
    ),
    WrongAnswer(
        "runs for times",
        times_of_blanks_too,
        "The symbols are right. Your times count what is left after merging; asked is the frame of the whole path.",
    ),
    WrongAnswer(
        "symbols renumbered",
        _with(name=_moved_down),
        "You close the gap that the blank leaves among the numbers. A symbol keeps its number.",
    ),
    WrongAnswer(
        "padded with the blank",
        _with(fill=lambda blank: blank),
        "Behind the end of a row you write the blank. Among the times that is a frame like any other: write −1.",
    ),
    WrongAnswer(
        "padded with 0",
        _with(fill=lambda blank: 0),
        "Behind the end of a row you write 0, which is a symbol and a frame: write −1.",
    ),
    WrongAnswer(
        "a column for every frame",
        _with(width=lambda rows, N: N),
        "Your rows have a place for every frame. They are as long as the longest of them, which may be 0.",
    ),
)

QUESTION = Question(
    id="06-collapse",
    title="What a path says, and when",
    points=10,
    name="read_paths",
    draw=draw,
    reference=reference,
    wrong_answers=WRONG,
    outputs=("the symbols", "their first frames"),
    tolerance={"int64": 0.0},
)
