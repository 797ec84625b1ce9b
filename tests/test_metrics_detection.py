"""Average precision by hand, and against COCO's own evaluation on boxes full of ties."""

import contextlib
import io

import numpy as np
import pytest

from mmcourse import metrics
from mmcourse.metrics import Detections, Truths, average_precision, precision_recall

NOTHING = np.zeros((0, 4))
LABELS = 5
IMAGES = 7


def detections(*found):
    """Detections of (box, score, label)."""
    boxes, scores, labels = zip(*found, strict=True) if found else ((), (), ())
    return Detections(np.reshape(boxes, (-1, 4)).astype(float), np.array(scores, float), np.array(labels, int))


def truths(*things):
    """Truths of (box, label)."""
    boxes, labels = zip(*things, strict=True) if things else ((), ())
    return Truths(np.reshape(boxes, (-1, 4)).astype(float), np.array(labels, int))


def square(x, y=0, side=10):
    return (x, y, x + side, y + side)


# ---- by hand


@pytest.fixture
def three_things():
    """Sure and right, less sure and wrong, unsure and right; the third thing is not found."""
    found = [detections((square(0), 0.9, 3), (square(50), 0.7, 3)), detections((square(0), 0.8, 3))]
    return found, [truths((square(0), 3), (square(50), 3), (square(80), 3)), truths()]


def test_average_precision_by_hand(three_things):
    """Precision 1, 1/2, 2/3 at the recalls 1/3, 1/3, 2/3: so 1 at 34 of 101 recalls, 2/3 at 33, and 0 at the rest."""
    found = average_precision(*three_things)
    assert found.ap == pytest.approx((34 + 33 * 2 / 3) / 101)
    assert found.by_label == {3: pytest.approx(found.ap)}
    assert found.ap50 == found.by_threshold[0.5] == pytest.approx(found.ap)
    assert tuple(found.by_threshold) == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


def test_the_curve_by_hand(three_things):
    curve = precision_recall(*three_things, label=3)
    np.testing.assert_allclose(curve.precision, [1, 1 / 2, 2 / 3])
    np.testing.assert_allclose(curve.recall, [1 / 3, 1 / 3, 2 / 3])
    np.testing.assert_allclose(curve.envelope, [1, 2 / 3, 2 / 3])
    np.testing.assert_array_equal(curve.scores, [0.9, 0.8, 0.7])
    assert curve.average_precision == pytest.approx(56 / 101)


def test_a_box_that_is_a_little_off_counts_at_the_low_thresholds():
    """A square moved by a seventh of its side shares 6 of 8 parts, an IoU of 3/4: right at 0.50, 0.55 ... 0.75."""
    off = [detections((square(2, 0, 14), 0.9, 0))], [truths((square(0, 0, 14), 0))]
    assert average_precision(*off).ap == pytest.approx(6 / 10)
    assert average_precision(*off, thresholds=(0.76,)).ap == 0
    assert np.isnan(average_precision(*off, thresholds=(0.76,)).ap50), "0.5 was not asked for"


def test_a_thing_found_twice_is_found_once():
    twice = [detections((square(0), 0.9, 0), (square(0), 0.8, 0), (square(30), 0.7, 0))]
    curve = precision_recall(twice, [truths((square(0), 0), (square(30), 0))], label=0)
    np.testing.assert_allclose(curve.precision, [1, 1 / 2, 2 / 3])


def test_the_surest_chooses_first_and_the_right_label_counts():
    found = [detections((square(1), 0.9, 0), (square(0), 0.8, 0), (square(0), 0.99, 1))]
    one = average_precision(found, [truths((square(0), 0))], thresholds=(0.5, 0.9))
    assert one.by_threshold == {0.5: 1.0, 0.9: 0.5}, "the better box comes too late at 0.5, and is the first at 0.9"
    two = average_precision(found, [truths((square(0), 0), (square(40), 2))], thresholds=(0.5,))
    assert two.by_label == {0: 1.0, 2: 0.0}, "label 1 has no truth and does not count, label 2 was never found"
    assert two.ap == 0.5


def test_nothing_found_is_zero():
    assert average_precision([detections()], [truths((square(0), 0))]).ap == 0
    curve = precision_recall([detections()], [truths((square(0), 0))], label=0)
    assert curve.average_precision == 0
    assert curve.precision.shape == curve.recall.shape == curve.envelope.shape == (0,)


# ---- against COCO's evaluation


def draw(rng, whole):
    """Images with few places, few scores, duplicates, empty ones, and labels without a truth or a detection."""
    found, things = [], []
    for _ in range(IMAGES):
        boxes = boxes_at(rng, rng.integers(0, 6), whole)
        labels = rng.choice([0, 1, 1, 1, 2], len(boxes))
        again = rng.integers(0, max(len(boxes), 1), rng.integers(0, 13) if len(boxes) else 0)
        shift = rng.choice([-1, 0, 0, 0, 0, 1], (len(again), 4)) if whole else rng.normal(0, 0.2, (len(again), 4))
        more = boxes_at(rng, rng.integers(0, 2), whole)
        near = np.concatenate([ordered(boxes[again] + shift), more, more[:1]])
        guessed = np.concatenate([labels[again], rng.integers(0, LABELS - 1, len(near) - len(again))])
        scores = rng.integers(1, 5, len(near)) / 4 if whole else rng.random(len(near))
        found.append(Detections(near, scores, guessed))
        things.append(Truths(boxes, labels))
    return found, things


def boxes_at(rng, n, whole):
    corner, size = rng.uniform(0, 9, (n, 2)), rng.uniform(2, 7, (n, 2))
    boxes = np.hstack([corner, corner + size])
    return np.round(boxes) if whole else boxes


def ordered(boxes):
    """Boxes whose sides are not negative; some stay empty."""
    return np.hstack([boxes[:, :2], np.maximum(boxes[:, :2], boxes[:, 2:])])


def coco(found, things, most=100):
    """(AP, AP50, {label: AP}) as COCO's own evaluation has them; -1 where it has none."""
    pytest.importorskip("pycocotools")
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def as_coco(each):
        """each: (boxes, labels, scores) an image."""
        api, lines = COCO(), []
        for i, (boxes, labels, scores) in enumerate(each):
            for box, label, score in zip(boxes, labels, scores, strict=True):
                x0, y0, x1, y1 = map(float, box)
                size = {"bbox": [x0, y0, x1 - x0, y1 - y0], "area": (x1 - x0) * (y1 - y0)}
                line = {"id": len(lines) + 1, "image_id": i + 1, "category_id": int(label), "iscrowd": 0}
                lines.append(line | size | {"score": float(score)})
        images = [{"id": i + 1} for i in range(len(things))]
        api.dataset = {"images": images, "categories": [{"id": k} for k in range(LABELS)], "annotations": lines}
        api.createIndex()
        return api

    with contextlib.redirect_stdout(io.StringIO()):
        true = as_coco([(t.boxes, t.labels, np.ones(len(t.labels))) for t in things])
        evaluation = COCOeval(true, as_coco([(d.boxes, d.labels, d.scores) for d in found]), "bbox")
        evaluation.params.maxDets = [most]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, 0]  # thresholds, recalls, labels

    def mean(table):
        return table[table > -1].mean() if (table > -1).any() else -1

    return mean(precision), mean(precision[0]), {k: mean(precision[:, :, k]) for k in range(LABELS)}


@pytest.mark.parametrize("whole", [True, False], ids=["ties", "no ties"])
@pytest.mark.parametrize("most", [100, 2])
def test_it_is_what_coco_says(whole, most):
    seen = []
    for seed in range(60):
        found, things = draw(np.random.default_rng(seed), whole)
        ours, (ap, ap50, by_label) = average_precision(found, things, most=most), coco(found, things, most)
        assert ours.ap == pytest.approx(ap, abs=1e-9)
        assert ours.ap50 == pytest.approx(ap50, abs=1e-9)
        assert {k: ours.by_label.get(k, -1) for k in by_label} == pytest.approx(by_label, abs=1e-9)
        seen.append(ap)
    assert min(seen) < 0.2 < 0.5 < max(seen) < 1, "neither all right nor all wrong"


def test_the_curve_is_cocos():
    found, things = draw(np.random.default_rng(1), True)
    assert precision_recall(found, things, 1).average_precision == pytest.approx(
        average_precision(found, things, thresholds=(0.5,)).by_label[1]
    )


# ---- over other images


def test_a_resample_is_those_images_as_often_as_they_were_drawn():
    rng = np.random.default_rng(0)
    found, things = draw(rng, False)
    matches = metrics.detection_matches(found, things)
    for _ in range(20):
        drawn = rng.integers(0, IMAGES, IMAGES)
        expected = average_precision([found[i] for i in drawn], [things[i] for i in drawn])
        got = metrics.average_precision_of_matches(matches, drawn)
        assert got.ap == pytest.approx(expected.ap, abs=1e-12)
        assert got.by_label == pytest.approx(expected.by_label, abs=1e-12)


def test_a_resample_compares_no_boxes(monkeypatch):
    found, things = draw(np.random.default_rng(2), False)
    matches = metrics.detection_matches(found, things)
    whole = average_precision(found, things).ap
    monkeypatch.setattr("mmcourse.metrics.detection.iou", None)
    assert metrics.average_precision_of_matches(matches).ap == whole
    low, high = metrics.bootstrap_interval(
        np.arange(IMAGES),
        lambda drawn: metrics.average_precision_of_matches(matches, drawn).ap,
        rng=np.random.default_rng(3),
        resamples=200,
    )
    assert low < whole < high


def test_the_order_of_the_images_and_the_scale_of_the_scores_do_not_matter():
    found, things = draw(np.random.default_rng(4), False)
    other = np.random.default_rng(5).permutation(IMAGES)
    squeezed = [d._replace(scores=d.scores**3 - 7) for d in found]
    expected = average_precision(found, things).ap
    assert average_precision([squeezed[i] for i in other], [things[i] for i in other]).ap == pytest.approx(expected)


def test_what_comes_in_is_not_written_to():
    found, things = draw(np.random.default_rng(6), True)
    before = [np.copy(a) for each in (*found, *things) for a in each]
    average_precision(found, things)
    for a, b in zip(before, [a for each in (*found, *things) for a in each], strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_image_that_is_not_there_cannot_be_drawn():
    matches = metrics.detection_matches([detections()] * 2, [truths((square(0), 0)), truths()])
    with pytest.raises(ValueError, match="expected images 0 to 1, came 1 to 2"):
        metrics.average_precision_of_matches(matches, np.array([1, 2]))


# ---- what does not fit


@pytest.mark.parametrize(
    ("found", "things", "message"),
    [
        ([detections()], [], "one Detections and one Truths for each image, came 1 and 0"),
        ([], [], "came 0 and 0"),
        ([Detections(NOTHING, np.ones(1), np.ones(0))], [truths()],
         r"the detections of image 0 have \(0, 4\), \(1,\), \(0,\)"),
        ([detections()] * 2, [truths(), Truths(np.ones(4), np.ones(1))], r"the truths of image 1 have \(4,\), \(1,\)"),
        ([detections((square(0), np.nan, 0))], [truths((square(0), 0))], "finite scores, image 0 has one that is not"),
        ([detections((square(0), 0.5, 0))], [truths()], "a truth in at least one image, came none"),
        ([detections()], [truths()], "a truth in at least one image, came none"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_named(found, things, message):
    with pytest.raises(ValueError, match="^average_precision: expected .*" + message):
        average_precision(found, things)


@pytest.mark.parametrize("thresholds", [(), (0.0,), (0.5, 1.1)])
def test_thresholds_lie_between_0_and_1(thresholds):
    with pytest.raises(ValueError, match="expected thresholds between 0 and 1"):
        average_precision([detections()], [truths((square(0), 0))], thresholds)


def test_a_curve_needs_a_truth_of_its_label():
    with pytest.raises(ValueError, match=r"expected a truth of label 4, came truths of \[0\]"):
        precision_recall([detections((square(0), 0.5, 4))], [truths((square(0), 0))], label=4)


def test_a_resample_without_truths_is_refused():
    matches = metrics.detection_matches([detections()] * 2, [truths((square(0), 0)), truths()])
    with pytest.raises(ValueError, match="a truth in at least one image"):
        metrics.average_precision_of_matches(matches, np.array([1, 1]))
