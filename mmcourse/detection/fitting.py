"""Training a detector on scenes whose boxes are known.

    detector = fit(images, records, steps=250, seed=0)      # forty seconds on one core

N scenes   P points   K classes
"""

import numpy as np
import torch
from torch.nn import functional as F

from mmcourse.data.concepts import CONCEPTS
from mmcourse.detection import pytorch as room
from mmcourse.detection.detector import Detector
from mmcourse.detection.network import Network, S, pixels, points
from mmcourse.detection.scratch import assign
from mmcourse.train import train

STEPS, BATCH = 250, 64
RATE = 1e-2
RADIUS = 1.5 * S  # pixels from the middle of a box within which a point learns it


def untrained(classes=tuple(CONCEPTS), seed=0):
    """A `Network` whose first weights come from the seed alone."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return Network(len(classes))


def fit(images, records, steps=STEPS, *, seed=0, classes=tuple(CONCEPTS), focal=True, giou=True,
        batch=BATCH, rate=RATE, progress=True):  # fmt: skip
    """A `Detector` trained from nothing on images (N, H, W, 3) uint8 and N `data.scenes.Scene`.

    Half of the images are mirrored each time. focal: the loss of the classes; False: plain cross-entropy. giou: the
    loss of the boxes; False: the mean absolute error of the distances, L1, in units of S. Both sums are divided by the
    number of points that have a box. rate: the highest of a cycle of them (Smith & Topin 2018, arXiv:1708.07120).
    The same seed gives the same detector on one machine. Raises ValueError for images and records that do not fit.
    """
    if len(images) != len(records) or not 1 <= batch <= len(images):
        raise ValueError(f"fit: expected as many records as images, at least {batch}, came {len(images)} images and "
                         f"{len(records)} records")  # fmt: skip
    network = untrained(classes, seed).to(memory_format=torch.channels_last)
    at = torch.from_numpy(points(*images.shape[1:3]))
    labels, boxes = targets(records, classes, *images.shape[1:3])

    def draw(rng):
        ids = rng.choice(len(images), batch, replace=False)
        turn = rng.random(batch) < 0.5
        return pixels(mirrored(images[ids], turn)), *mirrored_targets(labels[ids], boxes[ids], turn, images.shape[2])

    def loss(network, x, labels, boxes):
        logits, distances = network(x)
        there = labels >= 0
        count = there.sum().clamp(min=1)
        wanted = F.one_hot(labels + 1, logits.shape[2] + 1)[..., 1:].bool()  # of no class: all False
        surprise = room.focal_loss(logits, wanted) if focal else room.focal_loss(logits, wanted, 0.5, 0.0) * 2
        distances, where, boxes = distances[there], at.expand(len(x), -1, -1)[there], boxes[there]
        if giou:
            apart = room.giou_loss(room.boxes_from_distances(where, distances), boxes)
        else:
            apart = (distances - room.distances(where, boxes)).abs().mean(1) / S
        return (surprise.sum() + apart.sum()) / count

    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps + 1, pct_start=0.2)
    train(network, draw, loss, optimiser=optimiser, schedule=schedule, steps=steps, seed=seed, progress=progress)
    return Detector(network.requires_grad_(False), classes)


def targets(records, classes, height, width):
    """What each point should say of N scenes: labels (N, P) int64, -1 for nothing, and boxes (N, P, 4) float32."""
    number, at = {name: k for k, name in enumerate(classes)}, points(height, width)
    labels = np.full((len(records), len(at)), -1)
    boxes = np.zeros((*labels.shape, 4), np.float32)
    for n, record in enumerate(records):
        true = np.array([o.box for o in record.objects], np.float32)
        own = assign(at, true, RADIUS)
        boxes[n] = true[own]
        labels[n] = np.where(own < 0, -1, np.array([number[o.concept] for o in record.objects])[own])
    return labels, boxes


def mirrored(images, turn):
    """Images (B, H, W, 3), left and right exchanged where turn (B,) says so."""
    return np.where(turn[:, None, None, None], images[:, :, ::-1], images)


def mirrored_targets(labels, boxes, turn, width):
    """The targets of such images: labels (B, P) and boxes (B, P, 4) of P points, width / S of them a row."""
    back = np.arange(labels.shape[1]).reshape(-1, width // S)[:, ::-1].ravel()
    x0, y0, x1, y1 = np.moveaxis(boxes[:, back], -1, 0)
    other = np.stack([width - x1, y0, width - x0, y1], -1)
    return np.where(turn[:, None], labels[:, back], labels), np.where(turn[:, None, None], other, boxes)
