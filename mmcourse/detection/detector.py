"""A trained detector: images in, boxes with names out.

detector = checkpoints.detector.load()          # or fitting.fit(images, records, steps)
found = detector(images)                        # one Detections an image: boxes, scores, labels
detector.classes[found[0].labels[0]]            # "cat"
average_precision(detector(images, LEAST), detector.truths(records)).ap
"""

import numpy as np
import torch

from mmcourse.detection.network import pixels, points
from mmcourse.detection.scratch import boxes_from_distances, non_maximum_suppression
from mmcourse.metrics.detection import Detections, Truths

SHOWN = 0.45  # the score from which a box is worth showing: on training scenes one in a hundred is wrong
LEAST = 0.05  # from which it counts for average precision, which also looks at the unsure ones
OVERLAP = 0.5  # IoU from which two boxes of one class are one
_BATCH = 64


class Detector:
    """network: a `Network`.   classes: the names of its K classes, a tuple."""

    def __init__(self, network, classes):
        if network.what.out_features != len(classes):
            raise ValueError(f"Detector: a network of {network.what.out_features} classes, came {len(classes)} names")
        self.network, self.classes = network.eval(), tuple(classes)

    def __call__(self, images, threshold=SHOWN, overlap=OVERLAP):
        """What is in images (N, H, W, 3) uint8: N `Detections`, the best first, none where nothing is found.

        threshold: the least score of a detection, above 0 and at most 1.   overlap: of two boxes of one class with a
        larger IoU only the better is kept; None keeps all that the points say, several for each thing.
        Raises ValueError for images of another form and a threshold out of range.
        """
        if not 0 < threshold <= 1:
            raise ValueError(f"Detector: expected a threshold above 0, at most 1, came {threshold}")
        return [self._chosen(*seen, threshold, overlap) for seen in zip(*self.everywhere(images), strict=True)]

    @torch.inference_mode()
    def everywhere(self, images):
        """What all P points say, before anything is chosen: scores (N, P, K) and boxes (N, P, 4), float32."""
        x, at = pixels(images), points(*images.shape[1:3])
        scores, boxes = [], []
        for part in x.split(_BATCH):
            logits, distances = self.network(part)
            scores.append(logits.sigmoid().numpy())
            boxes.append(boxes_from_distances(at, distances.numpy()))
        return np.concatenate(scores), np.concatenate(boxes)

    @torch.inference_mode()
    def seen(self, images):
        """What the points see, (N, P, C) float32, and their boxes (N, P, 4): where a prompted detector starts."""
        at, seen, boxes = points(*images.shape[1:3]), [], []
        for part in pixels(images).split(_BATCH):
            features = self.network.features(part)
            seen.append(features)
            boxes.append(boxes_from_distances(at, self.network.distances(features).numpy()))
        return torch.cat(seen).numpy(), np.concatenate(boxes)

    def truths(self, records):
        """What is true of N scenes, as the metrics take it: N `Truths`."""
        number = {name: k for k, name in enumerate(self.classes)}
        return [Truths(np.array([o.box for o in r.objects], float), np.array([number[o.concept] for o in r.objects]))
                for r in records]  # fmt: skip

    def _chosen(self, scores, boxes, threshold, overlap):
        point, label = np.nonzero(scores >= threshold)
        score, box = scores[point, label], boxes[point]
        if overlap is None:
            kept = np.argsort(-score, kind="stable")
        else:
            kept = non_maximum_suppression(box, score, overlap, label)
        return Detections(box[kept], score[kept], label[kept])
