"""The Transformer captioner: what it may see, and that searching and training mean the same model."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.captioning import pytorch
from mmcourse.captioning.transformer import TransformerCaptioner
from mmcourse.train import train

B, D, P, V, LONGEST = 3, 5, 7, 11, 6


@pytest.fixture
def model():
    """In float64 and without dropout, so that what should be equal is equal."""
    torch.manual_seed(0)
    model = TransformerCaptioner(V, D, LONGEST, width=16, heads=2).double().eval()
    model.place.data.mul_(50)  # as if trained, so that the order of the words tells
    return model


@pytest.fixture
def regions():
    return torch.randn(B, P, D, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.fixture
def words():
    return torch.randint(3, V, (B, LONGEST), generator=torch.Generator().manual_seed(2))


def test_no_position_sees_a_later_word(model, regions, words):
    logits = model.logits(model.see(regions), words)
    assert logits.shape == (B, LONGEST, V)
    for t in range(LONGEST):
        changed = words.clone()
        changed[:, t] = (words[:, t] + 1) % V
        moved = (model.logits(model.see(regions), changed) - logits).abs().amax((0, 2))
        assert (moved[:t] < 1e-12).all()
        assert (moved[t:] > 1e-6).all(), "and every later position sees it"


def test_every_region_is_seen_and_images_do_not_see_each_other(model, regions, words):
    logits = model.logits(model.see(regions), words)
    for p in range(P):
        changed = regions.clone()
        changed[0, p] += 1
        moved = (model.logits(model.see(changed), words) - logits).abs().amax(2)
        assert (moved[0] > 1e-6).all()
        assert (moved[1:] < 1e-12).all()


def test_the_order_of_the_words_matters_but_not_that_of_the_regions(model, regions, words):
    logits = model.logits(model.see(regions), words)
    torch.testing.assert_close(model.logits(model.see(regions.flip(1)), words), logits)
    swapped = model.logits(model.see(regions), words[:, [1, 0, *range(2, LONGEST)]])
    assert (swapped[:, 2:] - logits[:, 2:]).abs().max() > 1e-3


def test_the_same_word_again_stands_at_another_place(model, regions):
    logits = model.logits(model.see(regions), torch.full((B, LONGEST), 4))
    assert (logits.diff(dim=1).abs().amax(2) > 1e-3).all()


def test_the_loss_is_that_of_the_next_word(model, regions, words):
    captions = torch.cat([torch.ones(B, 1, dtype=torch.long), words], 1)
    log_probs = model.logits(model.see(regions), captions[:, :-1]).log_softmax(-1)
    by_hand = [-log_probs[b, t, captions[b, t + 1]].item() for b in range(B) for t in range(LONGEST)]
    assert model(regions, captions).item() == pytest.approx(np.mean(by_hand))


@pytest.mark.parametrize("pad", [0, 9])
def test_padding_does_not_count(model, regions, pad):
    model.pad = pad
    captions = torch.tensor([[1, 3, 4, 2], [1, 5, 2, pad], [1, 2, pad, pad]])
    alone = [model(regions[b : b + 1], captions[b : b + 1, : 4 - b]).item() for b in range(B)]
    counted = np.average(alone, weights=[3, 2, 1])
    assert model(regions, captions).item() == pytest.approx(counted)
    longer = torch.nn.functional.pad(captions, (0, 2), value=pad)
    assert model(regions, longer).item() == pytest.approx(counted)


def test_a_step_says_what_the_logits_say(model, regions, words):
    step, state = model.stepper(regions)
    expected = model.logits(model.see(regions), words).log_softmax(-1)
    for t, word in enumerate(words.T):
        log_probs, state = step(state, word)
        torch.testing.assert_close(log_probs, expected[:, t])


def test_a_state_can_be_reordered_copied_and_dropped(model, regions, words):
    """As a beam search does it."""
    step, state = model.stepper(regions)
    for word in words.T[:2]:
        said, state = step(state, word)
    said, _ = step(state, words[:, 2])
    rows = torch.tensor([2, 0, 2])
    again, _ = step(tuple(s[rows] for s in state), words[rows, 2])
    torch.testing.assert_close(again, said[rows])


def total(model, regions, sentence):
    """The log-probability of a sentence about one image, by one pass."""
    read = torch.tensor([[1, *sentence[:-1]]])
    return sum(model.logits(model.see(regions), read).log_softmax(-1)[0, range(len(sentence)), sentence].tolist())


def searches(model, regions, longest):
    yield [[h] for h in pytorch.greedy_search(*model.stepper(regions), 1, 2, longest)]
    yield [[h] for h in pytorch.sample(*model.stepper(regions), 1, 2, longest, np.random.default_rng(0))]
    yield pytorch.beam_search(*model.stepper(regions), 1, 2, 3, longest)


def test_every_search_tells_the_truth_about_its_sentences(model, regions):
    with torch.no_grad():
        model.out.bias[2] += 2  # so that ends come
        for found in searches(model, regions, LONGEST):
            assert len(found) == B
            for b, hypotheses in enumerate(found):
                assert hypotheses
                for h in hypotheses:
                    sentence = [*h.words, 2] if h.finished else list(h.words)
                    assert h.log_prob == pytest.approx(total(model, regions[b : b + 1], sentence))
        every = [h for found in searches(model, regions, LONGEST) for hs in found for h in hs]
    assert any(h.finished and h.words for h in every)


def test_too_many_steps_are_refused(model, regions, words):
    message = f"^TransformerCaptioner: expected at most {LONGEST} steps, came {LONGEST + 1}. Try: max_length={LONGEST}"
    captions = torch.ones(B, LONGEST + 2, dtype=torch.long)
    with pytest.raises(ValueError, match=message):
        model(regions, captions)
    model.out.bias.data[2] = -1e3  # it never ends by itself
    with pytest.raises(ValueError, match=message):
        pytorch.greedy_search(*model.stepper(regions), 1, 2, LONGEST + 1)
    assert len(pytorch.greedy_search(*model.stepper(regions), 1, 2, LONGEST)[0].words) == LONGEST


def test_it_learns_by_heart(regions):
    """Three images, three captions: after some steps all searches' best answer is the caption."""
    torch.manual_seed(0)
    model = TransformerCaptioner(V, D, LONGEST, width=16, layers=1, heads=2)
    captions = torch.tensor([[1, 3, 4, 2, 0], [1, 6, 2, 0, 0], [1, 4, 3, 7, 2]])
    data = regions.float(), captions
    optimiser = torch.optim.Adam(model.parameters(), 0.02)
    train(model, data, lambda m, *b: m(*b), optimiser=optimiser, steps=40, batch=B, progress=False)
    for found in searches(model, data[0], LONGEST):
        assert [hypotheses[0].words for hypotheses in found] == [(3, 4), (6,), (4, 3, 7)]


def test_the_first_parameters_come_from_torchs_seed():
    def drawn(seed):
        torch.manual_seed(seed)
        return torch.cat([p.flatten() for p in TransformerCaptioner(V, D, LONGEST).parameters()])

    assert torch.equal(drawn(0), drawn(0))
    assert not torch.equal(drawn(0), drawn(1))
