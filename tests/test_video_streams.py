"""Streams and what joins them: what they look at, what they cannot know, and that they learn."""

import time

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse.video import fitting, fusing, network
from mmcourse.video.fitting import fit, flow_of, heard, scores, small_frames, untrained
from mmcourse.video.network import POOLINGS, FlowStream, FrameStream, SoundStream, Stream, TextStream

torch.set_num_threads(1)
V = 7


def going(rng, B, T=5, right=None):
    """Clips (B, T, 48, 48, 3) of a bright square that goes right (True) or left, two pixels a frame; and the ways."""
    right = rng.integers(0, 2, B).astype(bool) if right is None else np.full(B, right)
    frames = np.full((B, T, 48, 48, 3), 40, np.uint8)
    for clip, way in zip(frames, right, strict=True):
        x, y = rng.integers(14, 23), rng.integers(4, 32)
        for t in range(T):
            at = x + 2 * (t if way else T - 1 - t)
            clip[t, y : y + 12, at : at + 12] = (200, 180, 90)
    return frames, right.astype(int)


@pytest.mark.parametrize("side", [24, 48, 72])
def test_frames_are_averages_over_squares_whatever_their_size(side):
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (2, 3, 24, 24, 3), np.uint8)
    frames = small.repeat(side // 24, 2).repeat(side // 24, 3)
    expected = small.transpose(0, 1, 4, 2, 3) / 255 - 0.5
    np.testing.assert_allclose(small_frames(frames).numpy(), expected, atol=1e-6)


def test_flow_points_where_things_go_in_small_pixels():
    frames, _ = going(np.random.default_rng(0), 3, right=True)
    there, back = flow_of(frames), flow_of(frames[:, ::-1])
    assert there.shape == (3, 4, 2, 12, 12)
    moving = there[:, :, 0].flatten(1).amax(1)
    assert ((moving > 0.7) & (moving < 1.4)).all()  # two pixels of 48 are one of 24
    assert (back[:, :, 0].flatten(1).amin(1) < -0.7).all()
    turned = flow_of(frames.swapaxes(2, 3))
    np.testing.assert_allclose(turned[:, :, 1], there[:, :, 0].mT, atol=1e-4)


def test_one_frame_has_no_flow():
    frames, _ = going(np.random.default_rng(0), 3, T=1)
    assert flow_of(frames).shape == (3, 0, 2, 12, 12)


@pytest.mark.parametrize("look", [small_frames, flow_of])
@pytest.mark.parametrize(
    "frames", [np.zeros((5, 48, 48, 3), np.uint8), np.zeros((1, 5, 48, 48, 3)), np.zeros((1, 0, 48, 48, 3), np.uint8)]
)
def test_frames_of_another_form_are_told(look, frames):
    with pytest.raises(ValueError, match=rf"^{look.__name__}: expected frames \(B, T, H, W, 3\) uint8, T at least 1"):
        look(frames)


def test_how_loud_a_sound_is_does_not_count_and_silence_is_zero():
    rng = np.random.default_rng(0)
    sound = 0.5 * rng.standard_normal((2, 4000)).astype(np.float32)
    one, loud, none = heard(sound), heard(3 * sound), heard(0 * sound)
    assert one.dtype == torch.float32
    torch.testing.assert_close(one, loud, atol=1e-3, rtol=0)
    assert one.std() > 0.5
    assert none.abs().max() < 1e-4


@pytest.mark.parametrize("pooling", POOLINGS)
def test_frames_behind_the_end_of_a_clip_change_nothing(pooling):
    stream = untrained(lambda: FlowStream(V, pooling)).eval()
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(3, 5, 2, 12, 12, generator=rng)
    mask = torch.arange(5) < torch.tensor([3, 5, 1])[:, None]
    with torch.inference_mode():
        both = stream(x, mask)
        torch.testing.assert_close(both[:1], stream(x[:1, :3]))
        torch.testing.assert_close(both[1:2], stream(x[1:2]))
        torch.testing.assert_close(both[2:], stream(x[2:, :1]))
        torch.testing.assert_close(stream(x * mask[..., None, None, None], mask), both)
        nothing = stream.pooled(stream.look(x), torch.zeros_like(mask))
        assert nothing.isfinite().all()
    assert (both[0] - stream(x[:1])[0]).abs().max() > 1e-3, "the mask counts"


@pytest.mark.parametrize("pooling", POOLINGS)
def test_only_what_reads_in_order_tells_a_clip_from_its_reverse(pooling):
    stream = untrained(lambda: FrameStream(V, pooling))
    x = torch.randn(11, 5, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    gap = np.abs(scores(stream, x) - scores(stream, x.flip(1))).max()
    assert gap < 1e-6 if pooling in ("mean", "max") else gap > 1e-3


def test_frames_cannot_tell_left_from_right_and_flow_can():
    """As on the real clips: the same set of frames, in another order."""
    rng = np.random.default_rng(0)
    (frames, ways), (others, truth) = going(rng, 192), going(rng, 200)
    started = time.process_time()
    right = {}
    for make, look in ((FrameStream, small_frames), (FlowStream, flow_of)):
        stream = untrained(lambda: make(2))  # noqa: B023
        fit(stream, look(frames), ways, epochs=5, progress=False)
        right[make] = np.mean(scores(stream, look(others)).argmax(1) == truth)
    assert right[FlowStream] == 1
    assert 0.35 < right[FrameStream] < 0.65
    assert time.process_time() - started < 15


def test_order_is_learned_by_attention_over_frames_that_know_their_time():
    rng = np.random.default_rng(0)
    (frames, ways), (others, truth) = going(rng, 192), going(rng, 100)
    stream = untrained(lambda: FrameStream(2, "attention"))
    fit(stream, small_frames(frames), ways, epochs=8, progress=False)
    x = small_frames(others)
    assert np.mean(scores(stream, x).argmax(1) == truth) > 0.9
    assert np.mean(scores(stream, x.flip(1)).argmax(1) == truth) < 0.1


def test_a_training_is_a_function_of_its_seed():
    frames, ways = going(np.random.default_rng(0), 64)
    before = torch.get_rng_state()

    def told(seed):
        stream = untrained(lambda: FrameStream(2), seed)
        fit(stream, small_frames(frames), ways, epochs=1, drawn=2, seed=seed, progress=False)
        return scores(stream, small_frames(frames))

    np.testing.assert_array_equal(told(1), told(1))
    assert np.abs(told(1) - told(2)).max() > 1e-3
    assert torch.equal(torch.get_rng_state(), before)


def test_what_does_not_fit_a_training_is_told():
    x = torch.zeros(64, 5, 2, 12, 12)
    with pytest.raises(ValueError, match=r"^fit: expected as many clips as labels, came \[64\] and 63"):
        fit(FlowStream(2), x, np.zeros(63, int))
    with pytest.raises(ValueError, match=r"^fit: expected to draw 1 to 5 frames of a clip, came 6"):
        fit(FlowStream(2), x, np.zeros(64, int), drawn=6)
    with pytest.raises(ValueError, match=r"^Stream: expected one of the poolings .*, came 'median'"):
        Stream(None, 2, "median")


def test_positions_are_all_different_and_of_one_length():
    place = network.when(13, 48, torch.zeros(1))
    torch.testing.assert_close(place.square().sum(1), torch.full((13,), 24.0))
    apart = torch.cdist(place, place) + 9 * torch.eye(13)
    assert apart.min() > 1


# ---- several streams


def said(rng, B=11, M=3, D=network.WIDTH):
    features = torch.from_numpy(rng.standard_normal((B, M, D)).astype(np.float32))
    return features, torch.from_numpy(rng.standard_normal((B, M, V)).astype(np.float32)).log_softmax(-1)


@pytest.mark.parametrize("method", fusing.METHODS)
def test_an_absent_stream_is_never_read(method):
    rng = np.random.default_rng(0)
    joint = untrained(lambda: fusing.Joint(method, 3, V)).eval()
    features, verdicts = said(rng)
    present = torch.from_numpy(rng.random((11, 3)) < 0.5)
    present[0] = False
    poisoned = [x.masked_fill(~present[..., None], float("nan")) for x in (features, verdicts)]
    found = joint(present, features, verdicts)
    torch.testing.assert_close(joint(present, *poisoned), found)
    torch.testing.assert_close(found.exp().sum(1), torch.ones(11))
    assert (joint(torch.ones_like(present), features, verdicts) - found)[1:].abs().max() > 1e-3


def test_streams_that_all_abstain_leave_every_action_as_likely():
    features, verdicts = said(np.random.default_rng(0))
    found = fusing.Joint("average", 3, V)(torch.zeros(11, 3, dtype=bool), features, verdicts)
    torch.testing.assert_close(found.exp(), torch.full((11, V), 1 / V))


def test_the_average_is_that_of_the_logarithms():
    features, verdicts = said(np.random.default_rng(0))
    joint = fusing.Joint("average", 3, V)
    found = joint(torch.tensor([[True, False, True]]).expand(11, 3), features, verdicts)
    expected = (verdicts[:, 0].exp() * verdicts[:, 2].exp()).sqrt()
    torch.testing.assert_close(found.exp(), expected / expected.sum(1, keepdim=True))
    assert not list(joint.parameters())


@pytest.mark.parametrize("method", [m for m in fusing.METHODS if m != "average"])
def test_a_joint_learns_which_stream_to_trust(method):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, V, 600)
    features, verdicts = said(rng, 600)
    features[:, 1, :V] += 6 * torch.eye(V)[labels]
    verdicts[:, 1] = (3 * torch.eye(V)[labels]).log_softmax(-1)
    verdicts[:, 0] = verdicts[:, 0].mul(4).log_softmax(-1)  # sure, and wrong
    present = torch.ones(600, 3, dtype=bool)
    joint = untrained(lambda: fusing.Joint(method, 3, V))
    few = slice(400)
    fit(joint, (present[few], features[few], verdicts[few]), labels[few], epochs=10, rate=1e-2, progress=False)
    found = scores(joint, present[400:], features[400:], verdicts[400:])
    assert np.mean(found.argmax(1) == labels[400:]) > 0.9


def test_one_stream_is_taken_from_a_share_of_the_clips_and_never_the_last():
    torch.manual_seed(0)
    present = torch.tensor([[True, True, True], [True, False, True], [False, True, False], [False] * 3]).repeat(2000, 1)
    left = fusing.one_less(present, 0.4)
    gone = (present & ~left).reshape(2000, 4, 3)
    assert not (left & ~present).any()
    assert gone.sum(2).max() == 1
    shares = gone.float().mean(0)
    torch.testing.assert_close(shares[:2].sum(1), torch.full((2,), 0.4), atol=0.04, rtol=0)
    torch.testing.assert_close(shares[0], torch.full((3,), 0.4 / 3), atol=0.03, rtol=0)
    assert not gone[:, 2:].any()


def test_what_streams_say_is_stacked_in_their_order():
    rng = np.random.default_rng(0)
    streams = [untrained(make).eval() for make in (lambda: TextStream(V, 5), lambda: SoundStream(V))]
    words, sound = torch.eye(5), torch.from_numpy(rng.standard_normal((5, 40, 40)).astype(np.float32))
    features, verdicts = fusing.heard_from(streams, [(words,), (sound,)])
    assert features.shape == (5, 2, network.WIDTH)
    for m, (stream, x) in enumerate(zip(streams, (words, sound), strict=True)):
        np.testing.assert_allclose(verdicts[:, m].numpy(), scores(stream, x), atol=1e-6)
        torch.testing.assert_close(features[:, m], fitting.features(stream, x))


def test_an_unknown_joint_is_told():
    with pytest.raises(ValueError, match=r"^Joint: expected one of the methods .*, came 'vote'"):
        fusing.Joint("vote", 2, V)
