"""The study of feelings: a run is a function of its seed, and the kept results say what the chapter says."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.data import emotions as data
from mmcourse.data.emotions import EMOTIONS, KINDS
from mmcourse.studies import emotions as study
from mmcourse.studies import emotions_towers as towers
from mmcourse.studies.emotions_reader import Reader
from mmcourse.studies.emotions_towers import JOINTS, MODALITIES


def test_all_runs_are_kept():
    assert set(study.results()) == set(study.RUNS)


def test_a_run_is_a_function_of_its_seed():
    one, again, other = (study.fit("words", seed=seed, steps=20, progress=False) for seed in (1, 1, 2))
    z = [study.log_chances(model, "unseen") for model in (one, again, other)]
    assert np.array_equal(z[0], z[1])
    assert not np.array_equal(z[0], z[2])


def test_a_kept_line_comes_out_again():
    """Nearly: another processor may round otherwise."""
    kept, again = study.results()["words", 0.0, 1], study.run("words", 0.0, 1)
    assert set(again) == set(kept)
    same = np.mean([a == b for a, b in zip(kept["test"], again["test"], strict=True)])
    assert same > 0.97


@pytest.mark.parametrize("method", [*MODALITIES, *JOINTS])
def test_chances_sum_to_one_and_what_is_missing_does_not_matter(method):
    torch.manual_seed(0)
    model = towers.FeelingModel(method).eval()
    rng = np.random.default_rng(0)
    inputs = [torch.from_numpy(rng.standard_normal(s).astype(np.float32)) for s in
              ((5, 1, 32, 32), (5, 40, 31), (5, len(towers.vocabulary())))]  # fmt: skip
    for i, name in enumerate(MODALITIES):
        present = torch.ones(5, 3, dtype=torch.bool)
        z = model(*inputs, present)
        assert z.shape == (5, 6)
        torch.testing.assert_close(z.exp().sum(1), torch.ones(5))
        present[:, i] = False
        without = model(*inputs, present)
        changed = [x * 2 if j == i else x for j, x in enumerate(inputs)]
        torch.testing.assert_close(model(*changed, present), without)
        assert torch.allclose(z, without) == (method in MODALITIES and method != name)


def test_an_average_is_of_those_who_have_something_to_say():
    class Says(torch.nn.Module):
        def __init__(self, chances):
            super().__init__()
            self.chances = torch.tensor([chances])

        def forward(self, faces, bands, counts, present):
            return self.chances.expand(len(present), 2).log()

    model = towers.Average([Says([0.9, 0.1]), Says([0.6, 0.4]), Says([0.3, 0.7])])
    present = torch.tensor([[True, True, True], [True, False, True], [False, True, False], [False, False, False]])
    found = model(None, None, None, present).exp()
    torch.testing.assert_close(found[:, 0], torch.tensor([0.6, 0.6, 0.6, 0.6]))
    present = torch.tensor([[True, True, False], [False, True, True]])
    torch.testing.assert_close(model(None, None, None, present).exp()[:, 0], torch.tensor([0.75, 0.45]))


def test_dropout_takes_one_modality_from_the_share_that_is_asked_for():
    torch.manual_seed(0)
    present = torch.ones(4000, 3, dtype=torch.bool)
    left = towers.dropped(present, 0.3)
    lost = (~left).sum(1)
    assert lost.max() == 1
    assert lost.float().mean() == pytest.approx(0.3, abs=0.03)
    assert (~left).float().mean(0) == pytest.approx(0.1, abs=0.02)
    assert towers.dropped(present, 0.0) is present


def test_words_that_training_never_says_are_not_counted():
    counts = towers.counted(["so it was you, you zebra", ""])
    assert counts.sum(1).tolist() == [5, 0]
    assert counts[0, towers.vocabulary()["you"]] == 2


@pytest.mark.parametrize("method", JOINTS)
def test_fusion_is_above_every_modality(method):
    for modality in MODALITIES:
        difference, moments, seeds = study.gain(method, modality)
        assert difference > 0.05
        assert moments[0] > 0
        assert seeds[0] > 0


def test_gain_by_hand(monkeypatch):
    """Two methods, three seeds, four moments: right in 3, 2, 4 and in 1, 2, 2 of them."""
    said = {"a": ["1110", "1100", "1111"], "b": ["1000", "0110", "0011"]}
    monkeypatch.setattr(study, "right", lambda method, seed, *_: np.array(list(said[method][seed])) == "1")
    difference, moments, seeds = study.gain("a", "b")
    assert difference == pytest.approx(1 / 3)
    assert moments[0] <= difference <= moments[1]
    assert np.mean(seeds) == pytest.approx(1 / 3)
    assert seeds[1] - seeds[0] == pytest.approx(2 * 4.3027 * np.std([0.5, 0, 0.5], ddof=1) / 3**0.5, rel=1e-3)


def test_each_kind_is_lost_on_those_who_cannot_know():
    for kind in ("sarcasm", "mask"):
        assert study.share("words", kind=kind).max() < 0.05
    assert study.share("words", kind="stoic").min() > 0.9
    assert study.share("concatenation", kind="sarcasm").min() > 0.8


def test_a_swapped_modality_costs_where_it_tells():
    def lost(kind):
        whole = study.share("concatenation", kind=kind).mean()
        return {m: whole - study.share("concatenation", f"swapped {m}", kind=kind).mean() for m in MODALITIES}

    for kind, modality in (("sarcasm", "face"), ("mask", "voice"), ("stoic", "words")):
        found = lost(kind)
        assert found[modality] > 0.1, (kind, found)


def test_who_trained_with_dropout_does_better_without():
    for m in MODALITIES:
        case = f"without {m}"
        assert (study.share("concatenation", case, study.DROPOUT) - study.share("concatenation", case)).mean() > 0


def test_confusion_counts_what_was_said():
    found = study.confusion("concatenation")
    np.testing.assert_allclose(found.sum(1), 1)
    labels = data.load("test").labels
    share = np.bincount(labels, minlength=6) / len(labels)
    assert (np.diag(found) * share).sum() == pytest.approx(study.share("concatenation").mean())


def test_tables_have_a_row_a_method():
    assert [row[:16].strip() for row in study.as_text().splitlines()[1:]] == list(study.METHODS)
    first = study.as_text().splitlines()[1].split()
    assert float(first[1]) == pytest.approx(study.share("face").mean(), abs=6e-4)
    assert float(first[2]) == pytest.approx(study.share("face", kind="sincere").mean(), abs=6e-4)
    assert len(study.missing_as_text().splitlines()) == 1 + len({(m, d) for m, d, _ in study.RUNS}) - len(MODALITIES)
    assert len(study.lost_as_text("gated").splitlines()) == 4
    assert all(kind in study.lost_as_text("gated") for kind in KINDS)


def test_an_unknown_method_is_told():
    with pytest.raises(ValueError, match=r"expected one of the methods .* came 'sum'"):
        study.fit("sum")


@pytest.fixture(scope="module")
def reader():
    return Reader(study.fit("concatenation", dropout=0.5, steps=60, progress=False))


@pytest.fixture(scope="module")
def moment():
    part = data.load("test")
    return part.faces[3], part.sounds[3], part.texts[3]


def test_a_reader_says_what_the_model_says_in_the_tables(reader, moment):
    z = study.log_chances(reader.model)
    felt = reader.feel(*moment)
    assert felt.missing == {}
    assert [felt.chances[e] for e in EMOTIONS] == pytest.approx(np.exp(z[3]), abs=1e-4)
    assert list(felt.chances.values()) == sorted(felt.chances.values(), reverse=True)
    assert str(felt).startswith(next(iter(felt.chances)))


def test_a_reader_does_without_what_shows_nothing_and_says_so(reader, moment):
    face, sound, text = moment
    whole = reader.feel(*moment).chances
    for given, modality, why in (
        ((face, np.zeros(6400, np.float32), text), "voice", "silent"),
        ((np.full((32, 32), 90, np.uint8), sound, text), "face", "shows nothing"),
        ((face, sound, "  "), "words", "nothing is said"),
        ((face, sound, "Zebra!"), "words", "no word that training knows, but zebra"),
        ((face, None, text), "voice", "none was given"),
    ):
        felt = reader.feel(*given)
        assert list(felt.missing) == [modality]
        assert why in felt.missing[modality]
        assert f"without {modality}" in str(felt)
        assert felt.chances != whole
    i = MODALITIES.index("voice")
    without = np.exp(study.log_chances(reader.model, without=MODALITIES[i])[3])
    assert [reader.feel(face, None, text).chances[e] for e in EMOTIONS] == pytest.approx(without, abs=1e-4)


@pytest.mark.parametrize(
    ("wrong", "error", "told"),
    [
        ({"face": np.zeros((8, 8), np.uint8)}, ValueError, r"expected a face \(32, 32\) uint8, came \(8, 8\) uint8"),
        ({"face": np.zeros((32, 32))}, ValueError, r"came .* float64"),
        ({"sound": np.zeros(6400, np.int16)}, ValueError, "expected floats"),
        ({"sound": np.linspace(-0.5, 0.5, 50)}, ValueError, "at least one frame"),
        ({"text": 7}, TypeError, "words as a string, came int"),
        ({"face": None, "sound": None, "text": ""}, ValueError, "nothing to go by: face: none was given; voice"),
    ],
)
def test_a_reader_tells_what_is_no_moment(reader, moment, wrong, error, told):
    with pytest.raises(error, match=told):
        reader.feel(**{**dict(zip(("face", "sound", "text"), moment, strict=True)), **wrong})
    with pytest.raises(ValueError, match="8,000 samples a second"):
        reader.feel(*moment, rate=16000)
