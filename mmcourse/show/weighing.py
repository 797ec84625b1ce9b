"""Pictures of what weighs how much: which tokens an answer rests on, what each modality adds, what more tokens cost."""

import html
from itertools import cycle

from matplotlib import pyplot as plt

from mmcourse.show.style import COLOURS


def strips(modalities, size=(7, 0.85)):
    """How much each token of each modality counts: a strip of tiles a modality, in one scale. Returns the Figure.

    modalities: {name: (weights, labels)}.   weights (T,), or (rows, columns) for the patches of a picture, which stay
    where they are.   labels: T strings to write under the tiles, or None.
    """
    for name, (weights, labels) in modalities.items():
        if labels is not None and (weights.ndim != 1 or len(labels) != len(weights)):
            raise ValueError(f"strips: expected a label a token of {name}, came {len(labels)} for {weights.shape}")
    heights = [1 if weights.ndim == 1 else 0.6 * len(weights) for weights, _ in modalities.values()]
    fig, axes = plt.subplots(
        len(modalities), 1, figsize=(size[0], size[1] * sum(heights) + 0.4), height_ratios=heights, squeeze=False,
        layout="constrained",
    )  # fmt: skip
    most = max(weights.max() for weights, _ in modalities.values())
    for ax, (name, (weights, labels)) in zip(axes[:, 0], modalities.items(), strict=True):
        flat = weights.ndim == 1
        tiles = ax.imshow(weights[None] if flat else weights, vmin=0, vmax=most, aspect="auto" if flat else "equal")
        ax.set(xticks=[], yticks=[], anchor="W")
        if labels is not None:
            ax.set_xticks(range(len(labels)), labels, fontsize=8)
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    fig.colorbar(tiles, ax=list(axes[:, 0]), label="weight", panchor=False)  # or it would move the pictures
    return fig


def shares(tables, xlabel, size=(2.3, 0.3)):
    """What each modality adds: a bar from 0 and its interval a row, one panel a table. Returns the Figure.

    tables: {title: {row: (value, low, high)}}, the same rows in each.   A bar below 0 is orange: it takes away.
    """
    rows = list(next(iter(tables.values())))
    fig, axes = plt.subplots(
        1, len(tables), figsize=(1.6 + size[0] * len(tables), 0.9 + size[1] * len(rows)), squeeze=False, sharex=True
    )
    for ax, (title, table) in zip(axes[0], tables.items(), strict=True):
        for y, row in enumerate(rows):
            value, low, high = table[row]
            ax.barh(y, value, height=0.6, color=COLOURS[int(value < 0)], alpha=0.75)
            ax.plot([low, high], [y, y], color="black", linewidth=1.2)
        ax.axvline(0, color="0.3", linewidth=0.8)
        ax.set(xlabel=xlabel, ylim=(len(rows) - 0.5, -0.5), yticks=[])
        ax.set_title(title, fontsize=9)
    axes[0, 0].set_yticks(range(len(rows)), rows)
    return fig


def cost_curves(curves, xlabel, ylabel="time (ms)", size=(5.2, 3.4)):
    """Measured costs as dots over their fits, both axes logarithmic. Returns the Figure.

    curves: {name: (x, y, fitted, line_x, line_y)}: measured (N,) and (N,), bool (N,) which of them the fit has seen
    (full dots; those that test it are hollow), and points of the fit's line.
    """
    fig, ax = plt.subplots(figsize=size)
    looks = zip(cycle(COLOURS), cycle("os^D"), strict=False)
    for (name, (x, y, fitted, line_x, line_y)), (colour, marker) in zip(curves.items(), looks, strict=False):
        ax.plot(line_x, line_y, "-", color=colour, linewidth=1)
        ax.plot(x[fitted], y[fitted], marker, color=colour, label=name, markersize=5)
        ax.plot(x[~fitted], y[~fitted], marker, color=colour, markerfacecolor="white", markersize=7)
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    numbers = sorted({n for x, *_ in curves.values() for n in x.tolist()})
    ax.set_xticks(numbers, [f"{n:g}" for n in numbers])
    ax.set_xticks([], minor=True)
    ax.grid(alpha=0.2)
    ax.legend(fontsize=8)
    return fig


def cost_box(look, ranges):
    """A widget: move sliders, read what it costs.

    look(**values) -> a line of text.   ranges: {name: (least, most, step, first)}, whole numbers.
    """
    import ipywidgets as w

    sliders = {
        name: w.IntSlider(value=first, min=least, max=most, step=step, description=name)
        for name, (least, most, step, first) in ranges.items()
    }
    answer = w.HTML()

    def update(_=None):
        answer.value = f"<p>{html.escape(look(**{name: slider.value for name, slider in sliders.items()}))}</p>"

    for slider in sliders.values():
        slider.observe(update, "value")
    update()
    return w.VBox([*sliders.values(), answer])
