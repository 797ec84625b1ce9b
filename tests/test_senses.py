"""Four senses in one Transformer: tokens, objectives, and what the kept lines say."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.attribution.scratch import coalitions, shapley_values
from mmcourse.data import emotions
from mmcourse.studies import senses
from mmcourse.studies.emotions_towers import vocabulary

RNG = np.random.default_rng(0)


def test_words_become_numbers_and_unknown_ones_are_left_out():
    ids = vocabulary()
    (row, empty) = senses.numbered(["so it zzz was you", ""])
    assert row.tolist()[:4] == [ids[w] + 1 for w in ("so", "it", "was", "you")]
    assert not row[4:].any()
    assert not empty.any()
    assert min(ids.values()) == 0  # so that no word is PAD


def test_senses_are_left_out_but_never_all():
    torch.manual_seed(0)
    present = senses.left_out(4000)
    assert present.any(1).all()
    share = 1 - present.float().mean(0)
    assert (share > 0.12).all()  # a quarter, less those that were put back
    assert (share < 0.22).all()
    assert not senses.left_out(500, 1.0).all(1).any()
    assert senses.left_out(500, 0.0).all()


class Echo(torch.nn.Module):
    """Guesses zeros for numbers and says nothing of words; keeps what it was asked."""

    def forward(self, inputs, present=None, hidden=None):
        self.asked = hidden, present
        B = len(inputs["face"])
        return torch.zeros(B, 6), {n: torch.zeros(B, x.shape[1], 3) for n, x in inputs.items()}

    def reconstruct(self, answers):
        widths = {"face": 5, "voice": 7, "words": 11, "pulse": 2}
        return {n: torch.zeros(*a.shape[:2], widths[n]) for n, a in answers.items()}


def draw(B=64):
    numbers = {"face": (4, 5), "voice": (3, 7), "pulse": (2, 2)}
    made = {n: torch.from_numpy(RNG.standard_normal((B, *s)).astype(np.float32)) for n, s in numbers.items()}
    words = torch.from_numpy(RNG.integers(1, 11, (B, 6)))
    words[:, 4:] = 0
    return made["face"], made["voice"], words, made["pulse"]


def test_gaps_count_hidden_tokens_alone_and_no_padding():
    model, inputs = Echo(), draw()
    loss = senses.gaps_loss(model, *inputs)
    hidden, _ = model.asked
    assert not hidden["words"][:, 4:].any()
    assert 0.4 < hidden["words"][:, :4].float().mean() < 0.6
    expected = sum((x[hidden[n]] ** 2).mean() for n, x in zip(senses.SENSES, inputs, strict=True) if n != "words")
    assert float(loss) == pytest.approx(float(expected + np.log(11) / 2), rel=1e-5)


def test_pairs_show_two_halves_of_the_senses():
    shown = []

    class Halves(Echo):
        def forward(self, inputs, present=None, hidden=None):
            shown.append(present[0])
            logits, _ = super().forward(inputs)
            marks = torch.eye(len(logits))[:, None]  # each moment points where no other does, whatever is shown
            return logits, {n: marks.expand(-1, x.shape[1], -1) for n, x in inputs.items()}

    loss = senses.pairs_loss(Halves(), *draw(16))
    assert torch.equal(shown[0], ~shown[1])
    assert shown[0].sum() == 2
    assert float(loss) == pytest.approx(np.log1p(15 * np.exp(-1 / senses.TEMPERATURE)), rel=1e-3)


def test_all_runs_are_kept_and_a_line_comes_out_again():
    """As far as another processor allows: a few moments of a thousand."""
    assert set(senses.results()) == set(senses.RUNS)
    again = senses.run(senses.TOWERS, 100, 1)
    old = senses.results()[senses.TOWERS, 100, 1]
    assert set(again) == set(old)
    changed = np.mean([a != b for a, b in zip(again["1111"], old["1111"], strict=True)])
    assert changed < 0.05
    other = senses.results()[senses.TOWERS, 100, 2]["1111"]
    assert np.mean([a != b for a, b in zip(again["1111"], other, strict=True)]) > 0.1


def test_the_tables_say_what_the_lines_say():
    labels = emotions.load("test").labels
    line = senses.results()["pairs", 300, 2]
    right = np.array([int(digit) for digit in line["1111"]]) == labels
    assert senses.share("pairs", 300)[2] == pytest.approx(right.mean())
    (row,) = [row for row in senses.as_text().splitlines() if row.startswith("pairs")]
    assert float(row.split()[2]) == pytest.approx(senses.share("pairs", 300).mean(), abs=6e-4)
    gain, (low, high), _ = senses.gain("both", "nothing", 300)
    assert gain == pytest.approx(senses.share("both", 300).mean() - senses.share("nothing", 300).mean())
    assert low < gain < high


def test_coalitions_are_in_shapleys_order():
    scores = senses.coalition_scores()
    there = coalitions(4)
    words_alone = int(np.flatnonzero((there == [False, False, True, False]).all(1))[0])
    assert scores[words_alone] == pytest.approx(senses.share("nothing", there="0010"))
    assert shapley_values(scores)[0].sum(0) == pytest.approx(scores[-1] - scores[0])


def test_what_chapter_12_says_of_them():
    """Towers beat the Transformer where labels are many; learning beforehand helps where they are few."""
    assert senses.gain("nothing", senses.TOWERS, 3000)[1][1] < 0
    assert senses.gain("both", "nothing", 300)[1][0] > 0
    assert senses.share("nothing", there="unseen").mean() < 0.05
