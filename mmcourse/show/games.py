"""Pictures of a generator and a discriminator at play, a widget that scrubs through training, and galleries."""

import html

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from mmcourse.show.figure import as_html

# fake, undecided, real; few steps, which show as contours and keep the notebook small
VERDICT = LinearSegmentedColormap.from_list("verdict", ["#56B4E9", "#FFFFFF", "#E69F00"], N=11)


def arena(panels, half, targets=None, columns=4, size=2.5):
    """Generator, discriminator and gradient field, one panel a moment of training. Returns the Figure.

    panels: {title: (samples (n, 2), chances (rows, columns), at (m, 2), pushes (m, 2))}: what the generator draws; what
    the discriminator says on a grid from -half to half, the first row at the bottom; and arrows that start at `at`, in
    the data's units. targets (k, 2): drawn as rings where the data lie.
    """
    columns = min(columns, len(panels))
    lines = -(-len(panels) // columns)
    figsize = (size * columns + 0.9, (size + 0.25) * lines)
    fig, axes = plt.subplots(lines, columns, figsize=figsize, squeeze=False, sharex=True, sharey=True)
    for ax in axes.flat[len(panels) :]:
        ax.set_axis_off()
    for ax, (title, (samples, chances, at, pushes)) in zip(axes.flat, panels.items(), strict=False):
        box = (-half, half, -half, half)
        ground = ax.imshow(chances, cmap=VERDICT, vmin=0, vmax=1, origin="lower", extent=box)
        ground.set(interpolation="bilinear", interpolation_stage="data")  # "rgba" would blur the steps
        ax.quiver(*at.T, *pushes.T, angles="xy", scale_units="xy", scale=1, color="#777777", width=0.006)
        if targets is not None:
            ax.plot(*targets.T, "o", markersize=11, markerfacecolor="none", markeredgecolor="#D55E00")
        ax.plot(*samples.T, ".", markersize=2, color="black")
        ax.set(title=title, xlim=(-half, half), ylim=(-half, half), xticks=[], yticks=[])
        ax.title.set_fontsize(10)
        ax.spines[:].set_visible(False)
    bar = fig.colorbar(ground, ax=axes, shrink=0.8, ticks=[0, 0.5, 1])
    bar.set_label("discriminator: chance of real")
    return fig


def scrubber(look, steps):
    """A widget: slide through the moments of a training.

    look(step) -> (panel, targets, half, sentence), the panel and the rest as in `arena`; steps: to choose from.
    """
    import ipywidgets as w

    slider = w.SelectionSlider(options=steps, value=steps[0], description="step", layout={"width": "420px"})
    picture = w.HTML()

    def update(_=None):
        panel, targets, half, sentence = look(slider.value)
        fig = arena({f"step {slider.value}": panel}, half, targets, size=3.6)
        picture.value = as_html(fig, sentence) + f"<p>{html.escape(sentence)}</p>"

    slider.observe(update, "value")
    update()
    return w.VBox([slider, picture])


def gallery(images, rows, columns, framed=None, size=0.62):
    """Small pictures in a grid with named rows and columns. Returns the Figure.

    images (R, C, height, width, 3) uint8 or floats in 0..1; rows, columns: labels, R and C of them;
    framed (R, C) bool: which get an orange frame.
    """
    R, C = images.shape[:2]
    fig, axes = plt.subplots(R, C, figsize=(size * C + 1.1, size * R + 0.5), squeeze=False)
    fig.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.02, hspace=0.02)
    for (i, j), ax in np.ndenumerate(axes):
        ax.imshow(images[i, j], interpolation="nearest")  # pixels as they are; and a smaller file
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        if framed is not None and framed[i, j]:
            frame = Rectangle((0, 0), 1, 1, transform=ax.transAxes, fill=False, color="#D55E00", linewidth=4)
            ax.add_patch(frame)
        if i == 0:
            ax.set_title(columns[j], fontsize=8)
        if j == 0:
            ax.set_ylabel(rows[i], fontsize=8, rotation=0, ha="right", va="center")
    return fig
