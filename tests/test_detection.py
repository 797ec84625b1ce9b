"""What the contracts of the detection room do not say of boxes: overlap, who is responsible, suppression, messages."""

import numpy as np
import pytest

from mmcourse.detection import scratch

N, M, P = 13, 7, 101
INSIDE_OUT = np.array([[5.0, 0, 3, 9]])


def boxes(rng, n, side=30.0):
    corner = rng.uniform(0, side, (n, 2))
    return np.hstack([corner, corner + rng.uniform(1, side / 2, (n, 2))])


def twins(name):
    """The function of both halves, the second with arrays in and out."""
    torch = pytest.importorskip("torch")
    from mmcourse.detection import pytorch

    def with_arrays(*a):
        return getattr(pytorch, name)(*(torch.from_numpy(x) if isinstance(x, np.ndarray) else x for x in a)).numpy()

    return getattr(scratch, name), with_arrays


# ---- overlap


def test_overlap_by_hand():
    a = np.array([[0.0, 0, 4, 2], [1, 1, 2, 2]])
    b = np.array([[2.0, 0, 6, 2], [0, 0, 4, 2], [4, 0, 8, 2], [0, 1, 4, 3]])
    np.testing.assert_allclose(scratch.iou(a, b), [[4 / 12, 1, 0, 4 / 12], [0, 1 / 8, 0, 1 / 8]])


def test_overlap_is_that_of_pixels():
    """Boxes of whole pixels: count the pixels of a picture."""
    rng = np.random.default_rng(0)
    a, b = (np.round(boxes(rng, n, 12)) for n in (N, M))

    def painted(box):
        picture = np.zeros((20, 20), bool)
        x0, y0, x1, y1 = box.astype(int)
        picture[y0:y1, x0:x1] = True
        return picture

    for i, j in np.ndindex(N, M):
        p, q = painted(a[i]), painted(b[j])
        assert scratch.iou(a, b)[i, j] == pytest.approx((p & q).sum() / (p | q).sum())


def test_overlap_is_that_of_coco():
    mask = pytest.importorskip("pycocotools.mask")
    rng = np.random.default_rng(1)
    a, b = boxes(rng, N), boxes(rng, M)
    wide = [np.hstack([c[:, :2], c[:, 2:] - c[:, :2]]) for c in (a, b)]  # theirs are x, y, width, height
    np.testing.assert_allclose(scratch.iou(a, b), mask.iou(*wide, np.zeros(M)), atol=1e-12)


def test_an_empty_box_overlaps_nothing():
    point, edge, box = np.array([[2.0, 2, 2, 2]]), np.array([[0.0, 2, 4, 2]]), np.array([[0.0, 0, 4, 4]])
    empty = np.concatenate([point, edge, INSIDE_OUT])
    np.testing.assert_array_equal(scratch.iou(empty, np.concatenate([empty, box])), np.zeros((3, 4)))
    assert scratch.iou(np.zeros((0, 4)), box).shape == (0, 1)
    assert scratch.iou(box, np.zeros((0, 4))).shape == (1, 0)


def test_both_halves_overlap_alike():
    ours, theirs = twins("iou")
    rng = np.random.default_rng(2)
    a, b = np.concatenate([boxes(rng, N), INSIDE_OUT]), np.concatenate([boxes(rng, M), INSIDE_OUT])
    np.testing.assert_allclose(theirs(a, b), ours(a, b), atol=1e-12)
    assert theirs(a.astype("f"), b.astype("f")).dtype == ours(a.astype("f"), b.astype("f")).dtype == np.float32


# ---- distances


def test_distances_by_hand_and_back():
    box, point = np.array([[1.0, 2, 10, 20]]), np.array([[4.0, 3]])
    np.testing.assert_array_equal(scratch.distances(point, box), [[3, 1, 6, 17]])
    np.testing.assert_array_equal(scratch.boxes_from_distances(point, np.array([[3.0, 1, 6, 17]])), box)


def test_there_and_back_in_both_halves():
    rng = np.random.default_rng(3)
    points, b = rng.uniform(0, 30, (P, 1, 2)), boxes(rng, N)
    there, their_there = twins("distances")
    back, their_back = twins("boxes_from_distances")
    d = there(points, b)
    assert d.shape == (P, N, 4)
    np.testing.assert_array_equal(their_there(points, b), d)
    np.testing.assert_allclose(back(points, d), np.broadcast_to(b, (P, N, 4)))
    np.testing.assert_array_equal(their_back(points, d), back(points, d))


# ---- who is responsible


def grid(side=64, stride=8):
    steps = np.arange(stride / 2, side, stride)
    return np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2)


def test_responsibility_by_hand():
    points = np.array([[1.0, 1], [5, 5], [9, 5], [3, 5], [12, 5], [10, 5], [5, 9.5]])
    two = np.array([[0.0, 0, 10, 10], [8, 2, 13, 8]])  # middles (5, 5) and (10.5, 5)
    assert scratch.assign(points, two, np.inf).tolist() == [0, 0, 1, 0, 1, 1, 0]
    assert scratch.assign(points, two, 3).tolist() == [-1, 0, 1, 0, 1, 1, -1]
    assert scratch.assign(points, two, 2).tolist() == [-1, 0, 1, -1, 1, 1, -1], "at exactly 2 it is not near"
    assert scratch.assign(points, two[:1], np.inf).tolist() == [0, 0, 0, 0, -1, -1, 0], "an edge lies outside"


def test_of_equally_small_boxes_the_first():
    same = np.array([[0.0, 0, 5, 4], [0, 0, 4, 4], [0, 0, 4, 4], [0, 0, 8, 2.5]])
    for assign in twins("assign"):
        assert assign(np.array([[2.0, 2]]), same, np.inf).tolist() == [1]
        assert assign(np.array([[2.0, 2]]), same[::-1].copy(), np.inf).tolist() == [1]


def test_no_box_and_empty_boxes_get_no_point():
    for none in (np.zeros((0, 4)), np.array([[4.0, 4, 4, 4]]), np.array([[9.0, 9, 1, 1]])):
        for assign in twins("assign"):
            assert assign(grid(), none, 12.0).tolist() == [-1] * 64


def test_every_box_wider_than_the_stride_has_a_point():
    rng = np.random.default_rng(6)
    for _ in range(200):
        size = rng.uniform(8.1, 40, 2)
        corner = rng.uniform(0, 64 - size)
        box = np.concatenate([corner, corner + size])[None]
        assert (scratch.assign(grid(), box, 4.1) == 0).any()


def test_both_halves_assign_alike_and_as_the_definition_says():
    ours, theirs = twins("assign")
    rng = np.random.default_rng(7)
    points, b = rng.uniform(0, 45, (P, 2)), boxes(rng, N)
    for radius in (3.0, 9.0, np.inf):
        got = ours(points, b, radius)
        np.testing.assert_array_equal(theirs(points, b, radius), got)
        for (x, y), i in zip(points, got, strict=True):
            fits = [
                ((x1 - x0) * (y1 - y0), k)
                for k, (x0, y0, x1, y1) in enumerate(b)
                if x0 < x < x1 and y0 < y < y1
                and abs(x - (x0 + x1) / 2) < radius and abs(y - (y0 + y1) / 2) < radius
            ]  # fmt: skip
            assert i == (min(fits)[1] if fits else -1)
        assert len(set(got.tolist())) > 5, "several boxes, and none"


# ---- suppression


def test_suppression_by_hand():
    b = np.array([[0.0, 0, 10, 10], [0, 0, 10, 9], [0, 0, 10, 5], [20, 0, 30, 10], [20, 0, 30, 10]])
    scores = np.array([0.8, 0.9, 0.7, 0.3, 0.3])
    suppress = scratch.non_maximum_suppression
    assert suppress(b, scores).tolist() == [1, 3], "5/9 is above one half, and of equal ones the first stays"
    assert suppress(b, scores, 5 / 9).tolist() == [1, 2, 3], "at the threshold a box stays"
    assert suppress(b, scores, 0.5, np.array([0, 1, 0, 2, 3])).tolist() == [1, 0, 2, 3, 4], "0 and 2 share one half"
    assert suppress(b, scores, 0.49, np.array([0, 1, 0, 2, 2])).tolist() == [1, 0, 3]


def test_one_that_is_gone_suppresses_nothing():
    """A chain: the second goes for the first, so the third, which only the second overlaps, stays."""
    chain = np.array([[0.0, 0, 10, 10], [3, 0, 13, 10], [6, 0, 16, 10]])
    assert scratch.non_maximum_suppression(chain, np.array([0.9, 0.8, 0.7])).tolist() == [0, 2]


@pytest.mark.parametrize("labelled", [False, True])
def test_both_halves_suppress_alike_and_leave_nothing_to_suppress(labelled):
    ours, theirs = twins("non_maximum_suppression")
    rng = np.random.default_rng(8)
    gone = 0
    for _ in range(30):
        n = int(rng.integers(0, 40))
        b, scores = boxes(rng, n, 15), rng.integers(0, 9, n) / 8
        labels = rng.integers(0, 3, n) if labelled else np.zeros(n, int)
        kept = ours(b, scores, 0.3, labels if labelled else None)
        np.testing.assert_array_equal(theirs(b, scores, 0.3, labels if labelled else None), kept)
        assert (np.diff(scores[kept]) <= 0).all()
        close = (scratch.iou(b, b) > 0.3) & (labels[:, None] == labels)
        assert (close[np.ix_(kept, kept)] == np.eye(len(kept), dtype=bool)).all()
        for i in set(range(n)) - set(kept.tolist()):
            assert (scores[kept[close[i, kept]]] >= scores[i]).any(), "what went had a better one beside it"
            gone += 1
    assert gone > 50


def test_nothing_to_suppress():
    for suppress in twins("non_maximum_suppression"):
        kept = suppress(np.zeros((0, 4)), np.zeros(0))
        assert kept.shape == (0,)
        assert kept.dtype == np.int64


# ---- what does not fit


@pytest.mark.parametrize(
    ("f", "arguments", "message"),
    [
        ("iou", (np.ones((3, 5)), np.ones((2, 4))), r"a \(N, 4\) float, .* came \(3, 5\) float64"),
        ("iou", (np.ones((2, 4)), np.ones(4)), r"b \(N, 4\) float, .* came \(4,\)"),
        ("iou", (np.ones((2, 4)), np.ones((2, 4), int)), "came .* int64"),
        ("giou_loss", (np.ones((2, 4)), np.ones((3, 4))), r"a target for each prediction, came \(2, 4\) and \(3, 4\)"),
        ("giou_loss", (np.ones((2, 3)), np.ones((2, 3))), r"predicted \(N, 4\)"),
        ("focal_loss", (np.ones((2, 3)), np.ones((3, 2), bool)), r"targets \(2, 3\) bool, came \(3, 2\) bool"),
        ("focal_loss", (np.ones(2), np.ones(2)), "came .* float64. Try: "),
        ("assign", (np.ones((5, 3)), np.ones((2, 4)), 1), r"points \(P, 2\), came \(5, 3\)"),
        ("assign", (np.ones((5, 2)), np.ones((2, 2)), 1), r"boxes \(N, 4\)"),
        ("assign", (np.ones((5, 2)), np.ones((2, 4)), 0), "a radius above 0, came 0"),
        ("non_maximum_suppression", (np.ones((2, 4)), np.ones(3)), r"boxes \(2, 4\), scores \(3,\)$"),
        ("non_maximum_suppression", (np.ones((2, 4)), np.ones(2), 0.5, np.ones(3)), r"scores \(2,\), labels \(3,\)"),
        ("non_maximum_suppression", (np.ones((1, 4)), np.array([np.nan])), "no NaN"),
    ],
)
def test_what_does_not_fit_is_named(f, arguments, message):
    with pytest.raises(ValueError, match=f"^{f}: expected .*{message}"):
        getattr(scratch, f)(*arguments)
