"""Image to text to speech to text to image: what is lost at every step, alone and one after the other.

    python -m mmcourse.studies.round_trip           runs what is missing, then prints the table; safe to stop and repeat
    python -m mmcourse.studies.round_trip --again   runs everything anew, and says how many lines came out the same

One run is one held-out scene, and one line of results/round_trip.jsonl: what each step wrote, heard or painted, going
round from the image, and again alone, given what is true. Nothing is scored there; the tables count facts in the lines.
A recording, made by the engine that the voice learned from, is what the recogniser hears alone.
"""

import functools

import numpy as np
import torch

from mmcourse.checkpoints import judge, recogniser
from mmcourse.data import scenes
from mmcourse.generation.fitting import to_pictures
from mmcourse.metrics import bootstrap_interval, error_counts, paired_interval, rate_of_counts, wilson_interval
from mmcourse.speech.front_end import RATE
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.studies.guided_attention import recording
from mmcourse.translation import directions, facts
from mmcourse.translation.round_trip import around, attempt, judged

RESULTS = DIGITS.with_name("round_trip.jsonl")
NAMES = ("scene",)
SCENES = range(150)
ROWS = {  # of the table: what came out going round, and alone
    "image to text": ("written", "written"),
    "speech to text": (None, "recorded"),
    "speech to text, greedy": (None, "recorded greedily"),
    "text to speech to text": ("heard", "said"),
    "text to speech to text, greedy": ("heard greedily", "said greedily"),
    "text to image, named by a judge": ("painted", "painter"),
    "text to image, described by the captioner": ("painted again", "painter again"),
}
ROUND = ("written", "heard", "painted")  # after each of these, something is lost


@functools.cache
def translators():
    """see, say, listen, paint: the four of the trip; the recogniser searches with its language model."""
    return (
        directions.image_to_text(),
        directions.text_to_speech("en"),
        directions.speech_to_text("en", recogniser.search("en")),
        directions.text_to_scene(),
    )


def run(scene):
    image, record = scenes.load("test")[scene]
    true = record.en.text
    see, say, listen, paint = translators()
    trip = around(image, see, say, listen, paint.steps)
    said, recorded, greedily = attempt(say, true), (recording(true, "en"), RATE), directions.speech_to_text("en")
    return {
        "scene": scene,
        "true": true,
        "written": trip.written,
        "heard": trip.heard,
        "painted": seen(trip.painted),
        "said": attempt(listen, said),
        "recorded": attempt(listen, recorded),
        "heard greedily": attempt(greedily, trip.spoken),
        "said greedily": attempt(greedily, said),
        "recorded greedily": attempt(greedily, recorded),
        "painter": seen(attempt(paint.steps, true)),
    }


def seen(steps):
    """What a judge names in the portraits of a painted scene, and what the captioner writes of the scene."""
    if steps is None:
        return None
    told, portraits = steps.convert
    named = judge.load().name(to_pictures(portraits))
    return {"named": named, "told": told, "described": attempt(translators()[0], steps.generate)}


def results():
    """The lines kept so far, in the order of the scenes."""
    return [line for _, line in sorted(kept.read(RESULTS, *NAMES).items())]


def facts_kept(line, what):
    """{fact: whether it is as it was} in one line; what: a name among those of `ROWS`."""
    found, again = line[what.removesuffix(" again")], what.endswith(" again")
    true = facts.of(line["true"])
    if found is None:
        return dict.fromkeys(facts.in_question(true), False)
    if not isinstance(found, dict):
        return facts.kept(facts.of(found), true)
    if again:
        return facts.kept(facts.of(found["described"] or ""), true)
    return facts.kept(judged(facts.Facts(*found["told"]), found["named"]), true)


def shares(lines, what):
    """Of each scene the share of its facts that were kept, (N,)."""
    return np.array([np.mean(list(facts_kept(line, what).values())) for line in lines])


def share(lines, what, fact=None):
    """(hits, n): scenes that kept a fact, of those that put it in question; None: all their facts."""
    found = [facts_kept(line, what) for line in lines]
    hits = [all(f.values()) if fact is None else f[fact] for f in found if fact is None or fact in f]
    return sum(hits), len(hits)


def losses(lines, seed=0):
    """{what: (share of facts lost up to there from the one before, its 95 % interval over the scenes)}, of `ROUND`."""
    rng, before, found = np.random.default_rng(seed), np.ones(len(lines)), {}
    for what in ROUND:
        now = shares(lines, what)
        found[what] = float(np.mean(before - now)), paired_interval(before, now, rng=rng)
        before = now
    return found


def error_rates(lines, seed=0):
    """{what: (word error rate against what was to be said, 95 % interval over scenes)}; what is lost counts as ""."""
    rng, found = np.random.default_rng(seed), {}
    for what in ("recorded", "said", "heard", "recorded greedily", "said greedily", "heard greedily"):
        to_be_said = "written" if "heard" in what else "true"
        counts = error_counts([line[to_be_said] for line in lines], [line[what] or "" for line in lines])
        found[what] = rate_of_counts(counts), bootstrap_interval(counts, rate_of_counts, rng=rng)
    return found


def as_text():
    """The tables: facts kept alone and going round, exact sentences, word error rates, and the loss of each step."""
    lines = results()
    head = "".join(f"{name:>10s}" for name in facts.NAMES)
    rows = [f"% of {len(lines)} held-out scenes that kept{'':15s}{head}   everything (95 %)"]
    for title, column in (("alone, given what is true", 1), ("going round", 0)):
        rows.append(title)
        rows += [_row(lines, label, names[column]) for label, names in ROWS.items() if names[column]]
    exact = [sum(line[what] == line["true"] for line in lines) / len(lines) for what in ("written", "heard")]
    rows.append("word for word as it should be: {:.0%} of what is written, {:.0%} of what is heard".format(*exact))
    for title, found in (("word errors in what is", error_rates(lines)), ("facts lost in what is", losses(lines))):
        rows += [f"{title} {what}: {v:.1%} ({low:.1%} to {high:.1%})" for what, (v, (low, high)) in found.items()]
    return "\n".join(rows)


def _row(lines, label, what):
    cells = [100 * hits / n for hits, n in (share(lines, what, fact) for fact in facts.NAMES)]
    hits, n = share(lines, what)
    low, high = wilson_interval(hits, n)
    return f"  {label:42s}" + "".join(f"{c:10.0f}" for c in cells) + f"   {hits / n:.0%} ({low:.0%} to {high:.0%})"


def main():
    torch.set_num_threads(1)
    kept.complete(RESULTS, NAMES, [(scene,) for scene in SCENES], run, "trips")
    print(as_text())


if __name__ == "__main__":
    main()
