"""Training a finder, on what a trained detector sees of scenes and on prompts whose answers are known.

    finder = fit(detector, images, records, "en", steps=1200)

The detector stays as it is: only the reading of prompts and the looking are learned, from features computed once.

N scenes   J prompts of each   Q questions   P points   C channels   T words
"""

import numpy as np
import torch

from mmcourse.alignment.space import Reader
from mmcourse.data.prompts import ask, sayable, text
from mmcourse.detection.fitting import RADIUS
from mmcourse.detection.network import points
from mmcourse.detection.prompted import Finder, FinderNetwork
from mmcourse.detection.scratch import assign, iou
from mmcourse.train import train

STEPS, BATCH, EACH = 1200, 32, 4  # EACH prompts of every scene of a batch: seeing it costs more than reading
RATE = 6e-3
ROUNDS = 4  # how often each scene is asked about, each time with other prompts
LEARN = 0.9  # the share of the scenes to learn from; on the others the threshold is chosen


def untrained(detector, language, seed=0, **sizes):
    """A `Finder` whose first weights come from the seed alone, which knows every word of `data.prompts`."""
    reader = Reader.of([text(prompt, language) for prompt in sayable()], language)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return Finder(detector, FinderNetwork(len(reader.words), detector.network.what.in_features, **sizes), reader)


def fit(detector, images, records, language, steps=STEPS, *, seed=0, ordered=True, batch=BATCH, rate=RATE,
        progress=True):  # fmt: skip
    """A `Finder` trained on images (N, 64, 64, 3) uint8 and N `data.scenes.Scene`, in "en" or "zh".

    The loss: minus the logarithm of the chance given to all points of the right thing together, or to "nowhere".
    Half of the prompts are true. The threshold is then chosen on scenes that were kept aside, see `best_threshold`.
    ordered: False reads a prompt as a bag of words. The same seed gives the same finder on one machine.
    """
    finder = untrained(detector, language, seed, ordered=ordered)
    rng, kept = np.random.default_rng([seed, len(records)]), round(LEARN * len(records))
    asked = [q for _ in range(ROUNDS) for q in ask(records[:kept], rng)]
    words = torch.from_numpy(finder.reader.encode([text(q.prompt, language) for q in asked]))
    seen = torch.from_numpy(detector.seen(images[:kept])[0]).half()  # half the memory, of which it takes much
    right = right_places(records, asked)
    of = np.split(np.argsort([q.scene for q in asked], kind="stable"), np.cumsum(_counts(asked, kept))[:-1])

    def draw(rng):
        scenes = rng.choice(kept, batch, replace=False)
        ids = np.stack([rng.choice(of[scene], EACH) for scene in scenes])  # (batch, EACH)
        return seen[scenes].float(), words[ids], torch.from_numpy(right(ids.ravel())).unflatten(0, ids.shape)

    def loss(network, seen, words, right):
        chances = network(seen, words).log_softmax(2)
        return -chances.masked_fill(~right, -torch.inf).logsumexp(2).mean()

    network = finder.network
    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.2)
    train(network, draw, loss, optimiser=optimiser, schedule=schedule, steps=steps, seed=seed, progress=progress)
    network.requires_grad_(False)
    finder.threshold = best_threshold(finder, images[kept:], records[kept:], rng)
    return finder


def _counts(asked, scenes):
    return np.bincount([q.scene for q in asked], minlength=scenes)


def right_places(records, asked):
    """right(ids) -> (B, P + 1) bool: where the answers of these questions are, the last column for no answer."""
    at = points(64, 64)
    own = np.stack([assign(at, np.array([o.box for o in r.objects], float), RADIUS) for r in records])  # (N, P)
    scene = np.array([q.scene for q in asked])
    answer = np.array([-2 if q.answer is None else q.answer for q in asked])  # -1 is the point of no object

    def right(ids):
        nowhere = answer[ids, None] == -2
        return np.concatenate([(own[scene[ids]] == answer[ids, None]) & ~nowhere, nowhere], 1)

    return right


def best_threshold(finder, images, records, rng):
    """The score from which a finding is most often right about whether there is anything, over questions drawn anew."""
    asked = ask(records, rng)
    scores = 1 - finder.everywhere(images[[q.scene for q in asked]], texts(asked, finder))[0][:, -1]
    there = np.array([q.answer is not None for q in asked])
    candidates = np.linspace(0.05, 0.95, 91)
    right = [np.mean((scores >= c) == there) for c in candidates]
    return round(float(np.mean(candidates[np.array(right) >= max(right)])), 2)


def texts(asked, finder):
    """The prompts of questions in the language of a finder."""
    return [text(q.prompt, finder.reader.language) for q in asked]


def correct(findings, asked, records, overlap=0.5):
    """(Q,) bool: is the box that of the answer, with an IoU of at least `overlap`, or None where there is none?"""
    right = []
    for (box, _), question in zip(findings, asked, strict=True):
        if box is None or question.answer is None:
            right.append(box is None and question.answer is None)
        else:
            true = records[question.scene].objects[question.answer].box
            right.append(iou(box[None], np.array([true], box.dtype))[0, 0] >= overlap)
    return np.array(right, bool)
