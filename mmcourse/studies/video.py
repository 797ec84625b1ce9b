"""Which stream tells what happens in a clip: looks, motion, sound, words, and what joins them.

    python -m mmcourse.studies.video             runs what is missing, then prints the tables; safe to stop
    python -m mmcourse.studies.video --again     runs everything anew, and says how many lines came out the same

Three parts, three seeds each; one run is one line of results/video.jsonl, a function of part, setting and seed but for
its CPU-seconds. Every answer is counted on the validation split, where looks help, and on the test split, where what
looks say is wrong, for each group of actions in `GROUPS`.

    streams   frames, flow and both, after training on 0, 50 or 100 per cent of habits
    pooling   what brings frames together over time, where looks say nothing; and the same clips played backwards
    fusion    five streams that are all impaired, each alone and joined; what if one is missing
"""

import base64
import functools
import time

import numpy as np
import torch

from mmcourse.data import clips
from mmcourse.data.actions import ACTIONS
from mmcourse.generation.words import Words
from mmcourse.metrics import paired_interval, wilson_interval
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.video import fitting
from mmcourse.video.fusing import METHODS, Joint, heard_from
from mmcourse.video.network import POOLINGS, FlowStream, FrameStream, SoundStream, TextStream

RESULTS = DIGITS.with_name("video.jsonl")
NAMES = ("part", "setting", "seed")  # which tell one line from the others
SEEDS = range(3)
OPPOSITES = {"left": "right", "right": "left", "up": "down", "down": "up", "grow": "shrink", "shrink": "grow"}
GROUPS = {  # by what the world does (`data.actions`), not by what came out
    "order": tuple(OPPOSITES),  # each is its opposite backwards: the same frames in another order
    "several": ("bounce", "shake"),  # upright and whole in each frame, here and there: told by several, in any order
    "one": ("spin", "appear"),  # turned, or half there: told by one frame
}
CAMERA, MICROPHONE = 120, 2.0  # noise of "fusion": standard deviations, of 255 and of full scale
DESCRIBED = 0.4  # of the clips come with a description
EPOCHS = {"frames": 16, "flow": 10, "sound": 12, "title": 10, "description": 30, "joint": 10}
STREAMS = {  # name: an untrained stream
    "frames": lambda: FrameStream(len(ACTIONS)),
    "flow": lambda: FlowStream(len(ACTIONS)),
    "sound": lambda: SoundStream(len(ACTIONS)),
    "title": lambda: TextStream(len(ACTIONS), len(words())),
    "description": lambda: TextStream(len(ACTIONS), len(words())),
}
SETS = (("frames", "flow"), ("flow", "sound"), ("frames", "flow", "sound"), ("flow", "sound", "title"),
        ("flow", "sound", "description"), ("frames", "flow", "sound", "title", "description"))  # fmt: skip
MISSED = ("frames", "flow", "sound")  # of which some may be missing: joined in every way, with dropout as well
WITH_DROPOUT = " + stream dropout"
DROPOUT = 0.5
RUNS = [
    (part, setting, seed)
    for seed in SEEDS
    for part, settings in (
        ("streams", ("habit 50",)),
        ("pooling", POOLINGS),
        ("streams", ("habit 0", "habit 100")),
        ("fusion", ("noise",)),
    )
    for setting in settings
]


def title(clip):
    """What and where, but not what happens: "a crab on the sand"."""
    return clip.en.text.replace(f" {ACTIONS[clip.action].en}", "")


@functools.cache
def words():
    """The words of the training captions."""
    return Words.of([clip.en.text for clip in clips.load("train").records])


@functools.lru_cache(6)
def data(split, habit=50, camera=0, microphone=0.0, count=None):
    """{stream: what it reads, a tensor}, "labels" (B,) and "described" (B,) bool of the clips of a split.

    camera: the standard deviation of noise on each value of a pixel, of 255; microphone: on each sample, of 1.
    """
    few = clips.load(split, count, habit=0 if split == "test" else habit)
    rng = np.random.default_rng([habit, tuple(clips.DEFAULT_COUNTS).index(split)])
    frames, sounds = few.frames, np.stack([clip.sound() for clip in few.records])
    if camera:
        noise = np.float32(camera) * rng.standard_normal(frames.shape, np.float32)
        frames = np.clip(np.rint(frames + noise), 0, 255).astype(np.uint8)
    sounds = sounds + np.float32(microphone) * rng.standard_normal(sounds.shape, np.float32)
    return {
        "frames": fitting.small_frames(frames),
        "flow": fitting.flow_of(frames),
        "sound": fitting.heard(sounds),
        "title": torch.from_numpy(words().encode([title(clip) for clip in few.records])),
        "description": torch.from_numpy(words().encode([clip.en.text for clip in few.records])),
        "labels": torch.from_numpy(few.labels),
        "described": torch.from_numpy(rng.random(len(few)) < DESCRIBED),
    }


def trained(name, train, seed=0, progress=False):
    """A stream of `STREAMS` that has learned from `data("train", ...)`, in up to twenty CPU-seconds."""
    stream = fitting.untrained(STREAMS[name], seed)
    use = train["described"] if name == "description" else torch.ones_like(train["described"])
    fitting.fit(stream, train[name][use], train["labels"][use], epochs=EPOCHS[name], seed=seed, progress=progress,
                drawn=fitting.DRAWN if name == "frames" else None)  # fmt: skip
    return stream


def marks(scores, labels):
    """Of log-probabilities (B, V): hits and how many, for all clips and for each group.

    "opposites" asks only whether an action scores above its opposite: chance is a half. "right" holds which clips are
    right, for `difference`.
    """
    names, labels = tuple(ACTIONS), np.asarray(labels)
    hit = scores.argmax(-1) == labels
    of = {group: np.isin(labels, [names.index(a) for a in actions]) for group, actions in GROUPS.items()}
    other = np.array([names.index(OPPOSITES.get(a, a)) for a in names])[labels]
    own, opposite = (scores[np.arange(len(labels)), column] for column in (labels, other))
    return {
        "all": [int(hit.sum()), len(hit)],
        **{group: [int(hit[rows].sum()), int(rows.sum())] for group, rows in of.items()},
        "opposites": [int((own > opposite)[of["order"]].sum()), int(of["order"].sum())],
        "right": base64.b64encode(np.packbits(hit)).decode(),
    }


def run(part, setting, seed):
    started = time.process_time()
    found = {"streams": streams, "pooling": pooling, "fusion": fusion}[part](setting, seed)
    seconds = round(time.process_time() - started, 1)
    return {"part": part, "setting": setting, "seed": seed, "CPU-seconds": seconds, "marks": found}


def streams(setting, seed):
    """{method: {split: marks}} of frames, flow and the average of both, trained with so many habits."""
    habit = int(setting.removeprefix("habit "))
    train = data("train", habit)
    seen, moved = (trained(name, train, seed) for name in ("frames", "flow"))
    found = {"one frame": {}, "frames": {}, "flow": {}, "two streams": {}}
    for split in ("validation", "test"):
        part = data(split, habit)
        frames, flow = part["frames"], part["flow"]
        middle = frames.shape[1] // 2
        joint = Joint("average", 2, len(ACTIONS))
        both = heard_from((seen, moved), ((frames,), (flow,)))
        told = {
            "one frame": fitting.scores(seen, frames[:, middle : middle + 1]),
            "frames": fitting.scores(seen, frames),
            "flow": fitting.scores(moved, flow),
            "two streams": fitting.scores(joint, torch.ones(len(frames), 2, dtype=bool), *both),
        }
        for name, scores in told.items():
            found[name][split] = marks(scores, part["labels"])
    return found


def pooling(setting, seed):
    """{"frames": {"test": marks}} of a pooling, and what clips played backwards are called: see `backwards`."""
    train, test = data("train", 0), data("test", 0)
    stream = fitting.untrained(lambda: FrameStream(len(ACTIONS), setting), seed)
    fitting.fit(stream, train["frames"], train["labels"], seed=seed, progress=False)
    told = [fitting.scores(stream, frames) for frames in (test["frames"], test["frames"].flip(1))]
    return {"frames": {"test": marks(told[0], test["labels"])}, "backwards": backwards(*told, test["labels"])}


def backwards(forth, back, labels):
    """Of the clips whose action has an opposite: how many, played backwards, are called the opposite; how many as
    before. forth, back (B, V): scores of the clips and of the same clips backwards."""
    names = tuple(ACTIONS)
    opposite = {names.index(a): names.index(b) for a, b in OPPOSITES.items()}
    rows = [i for i, label in enumerate(np.asarray(labels).tolist()) if label in opposite]
    turned = [back[i].argmax() == opposite[int(labels[i])] for i in rows]
    same = [back[i].argmax() == forth[i].argmax() for i in rows]
    return {"opposite": [int(np.sum(turned)), len(rows)], "as before": [int(np.sum(same)), len(rows)]}


def fusion(setting, seed):
    """{method of these streams: {split or condition: its marks of all}}, every stream impaired in training, too."""
    noise = {"camera": CAMERA, "microphone": MICROPHONE}
    parts = {split: data(split, **noise) for split in clips.DEFAULT_COUNTS}
    learned = {name: trained(name, parts["train"], seed) for name in STREAMS}
    tests = {split: (parts[split], {}) for split in ("validation", "test")}
    tests["test, no sound"] = parts["test"], {"sound": False}
    tests["test, no picture"] = parts["test"], {"frames": False, "flow": False}
    tests["test, sound twice as noisy"] = data("test", camera=CAMERA, microphone=2 * MICROPHONE), {}
    found = {}
    for names in [(name,) for name in STREAMS] + list(SETS):
        said = {at: _said(learned, names, part, gone) for at, (part, gone) in tests.items()}
        there = _said(learned, names, parts["train"], {})
        for method in METHODS if names == MISSED else ("average", "concatenation")[: len(names)]:
            for dropout in (0.0, DROPOUT) if names == MISSED and method != "average" else (0.0,):
                joint = fitting.untrained(lambda: Joint(method, len(names), len(ACTIONS), dropout=dropout), seed)  # noqa: B023
                if method != "average":
                    fitting.fit(joint, there, parts["train"]["labels"], epochs=EPOCHS["joint"], seed=seed,
                                progress=False)  # fmt: skip
                name = f"{method} of {' + '.join(names)}" if len(names) > 1 else names[0]
                told = {at: marks(fitting.scores(joint, *said[at]), tests[at][0]["labels"]) for at in tests}
                found[name + (WITH_DROPOUT if dropout else "")] = {
                    at: {"all": some["all"]} | ({"right": some["right"]} if at == "test" else {})
                    for at, some in told.items()
                }
    return found


def _said(learned, names, part, gone):
    """(present, features, verdicts) of some streams; gone: {stream: False} for those that are missing."""
    B = len(part["labels"])
    present = torch.ones(B, len(names), dtype=bool)
    for column, name in enumerate(names):
        present[:, column] = part["described"] if name == "description" else gone.get(name, True)
    return present, *heard_from([learned[n] for n in names], [(part[n],) for n in names])


def results():
    """The lines kept so far, by (part, setting, seed)."""
    return kept.read(RESULTS, *NAMES)


def lines(part, setting):
    """The marks of one setting, one a seed."""
    return [line["marks"] for key, line in results().items() if key[:2] == (part, setting)]


def share(part, setting, method, split="test", group="all"):
    """Over all seeds: the share of hits, and its 95 % interval over the clips (Wilson, of one seed's many)."""
    pairs = [found[method][split][group] for found in lines(part, setting)]
    n, mean = pairs[0][1], float(np.mean([h for h, _ in pairs]))
    return mean / n, wilson_interval(mean, n)


def difference(part, setting, method, other, split="test"):
    """How much more method gets right than other, over the seeds, and the 95 % interval over the clips (paired)."""
    a, b = (np.mean([_right(found[m][split]) for found in lines(part, setting)], 0) for m in (method, other))
    return float((a - b).mean()), paired_interval(a, b, rng=np.random.default_rng(0))


def reversed_share(pooling, what="opposite"):
    """The share of clips that a pooling, played backwards, calls the "opposite", or "as before"; and its interval."""
    pairs = [found["backwards"][what] for found in lines("pooling", pooling)]
    n, mean = pairs[0][1], float(np.mean([h for h, _ in pairs]))
    return mean / n, wilson_interval(mean, n)


def _right(found):
    bits = np.frombuffer(base64.b64decode(found["right"]), np.uint8)
    return np.unpackbits(bits)[: found["all"][1]].astype(float)


def as_text():
    """The tables: means over the seeds."""
    rows = []
    for part, setting in dict.fromkeys(key[:2] for key in RUNS):
        found = lines(part, setting)
        rows.append(f"{part + ', ' + setting:64s}" + "".join(f"{g:>10s}" for g in ("all", *GROUPS, "opposites")))
        for method in found[0] if found else ():
            for split in found[0][method] if method != "backwards" else ():
                groups = ("all",) if part == "fusion" else ("all", *GROUPS, "opposites")
                cells = [share(part, setting, method, split, g)[0] for g in groups]
                rows.append(f"  {method + ', ' + split:62s}" + "".join(f"{cell:10.3f}" for cell in cells))
        if part == "pooling" and found:
            cells = [reversed_share(setting, what)[0] for what in ("opposite", "as before")]
            rows.append(f"  backwards: called the opposite {cells[0]:.3f}, as before {cells[1]:.3f}")
    return "\n".join(rows)


def same(old, new):
    return old["marks"] == new["marks"]


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, RUNS, run, "streams", same)
    print(as_text())


if __name__ == "__main__":
    main()
