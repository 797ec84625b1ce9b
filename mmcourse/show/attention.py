"""Pictures of attention."""

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle


def spotlights(image, words, maps, boxes=(), title=None, columns=8, size=1.45):
    """One scene, once a word, lit where the word looks; the scene itself stands first.

    image (64, 64, 3) uint8; words: a list of W labels; maps (W, rows, columns): weights, each lit up to its largest;
    boxes: per word a list of (x0, y0, x1, y1) in pixels, drawn as outlines. Returns a Figure.
    """
    columns = min(columns, len(words) + 1)
    lines = -(-(len(words) + 1) // columns)
    fig, axes = plt.subplots(
        lines, columns, figsize=(size * columns, 1.25 * size * lines), squeeze=False, layout="constrained"
    )
    height, width = image.shape[:2]
    for ax in axes.flat:
        ax.set_axis_off()
    axes.flat[0].imshow(image)
    axes.flat[0].set_title("the scene", fontsize=9)
    for i, (word, weights) in enumerate(zip(words, maps, strict=True)):
        ax = axes.flat[i + 1]
        ax.imshow(image)
        night = np.zeros((*weights.shape, 3))
        ax.imshow(night, alpha=_dim(weights), extent=(-0.5, width - 0.5, height - 0.5, -0.5), interpolation="bilinear")
        for x0, y0, x1, y1 in boxes[i] if boxes else ():
            ax.add_patch(Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, color="#E69F00", linewidth=1.5))
        ax.set_title(word, fontsize=11)
    if title:
        fig.suptitle(title)
    return fig


def _dim(weights):
    """How dark a region is drawn: not at the largest weight, most at none; the root keeps faint ones visible."""
    return 0.85 * (1 - np.sqrt(weights / max(weights.max(), 1e-12)))


def matrix(values, rows, columns, xlabel, ylabel, ax=None, digits=2, limits=(0, 1)):
    """A matrix as tiles with its numbers written in; rows and columns are labels. Returns the Figure."""
    if ax is None:
        _, ax = plt.subplots(figsize=(0.75 * len(columns) + 1.6, 0.5 * len(rows) + 1.2))
    ax.imshow(values, vmin=limits[0], vmax=limits[1], aspect="auto")
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.spines[:].set_visible(False)
    middle = sum(limits) / 2
    for (i, j), value in np.ndenumerate(values):
        ax.text(j, i, f"{value:.{digits}f}", ha="center", va="center", color="black" if value > middle else "white")
    return ax.figure
