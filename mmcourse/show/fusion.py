"""Pictures of fusion: tables as dots with intervals, the verdicts of several models, and a widget to disturb them."""

import html

import numpy as np
from matplotlib import pyplot as plt

from mmcourse.show.figure import as_html


def intervals(tables, xlabel, marks=(), columns=4):
    """One dot and its interval a row, one panel a table. Returns the Figure.

    tables: {title: {row: (value, low, high)}}, the same rows in each; a row may be missing from some.
    marks: per table a value to draw as a dashed line, or None.
    """
    rows = list(dict.fromkeys(row for table in tables.values() for row in table))
    lines, columns = -(-len(tables) // columns), min(columns, len(tables))
    size = (1.8 + 2.3 * columns, 0.9 + 0.24 * len(rows) * lines)
    fig, axes = plt.subplots(lines, columns, figsize=size, sharey=True, squeeze=False)
    for i, (ax, (title, table)) in enumerate(zip(axes.flat, tables.items(), strict=False)):
        for row, (value, low, high) in table.items():
            y = rows.index(row)
            ax.plot([low, high], [y, y], color="#0072B2", linewidth=2)
            ax.plot(value, y, "o", color="#0072B2", markersize=4)
        if i < len(marks) and marks[i] is not None:
            ax.axvline(marks[i], color="#D55E00", linestyle="--", linewidth=1)
        ax.set(title=title, xlabel=xlabel)
        ax.grid(axis="y", alpha=0.2)
    axes[0, 0].set_yticks(range(len(rows)), rows)
    axes[0, 0].set_ylim(len(rows) - 0.5, -0.5)
    return fig


def verdicts(image, bands, chances, truth=None):
    """What is seen, what is heard, and what each model says to it. Returns the Figure.

    image (8, 8): ink; bands (frames, bands): the sound's energies; chances: {model: (V,) probabilities};
    truth: the class whose bar is orange.
    """
    fig, axes = plt.subplots(1, 2 + len(chances), figsize=(3.4 + 1.9 * len(chances), 2.1))
    axes[0].imshow(image, cmap="gray_r", vmin=0, vmax=1)
    axes[0].set(title="seen", xticks=[], yticks=[])
    axes[1].imshow(np.asarray(bands).T, origin="lower", aspect="auto")
    axes[1].set(title="heard", xticks=[], yticks=[], xlabel="time", ylabel="pitch")
    for ax, (name, p) in zip(axes[2:], chances.items(), strict=True):
        colours = ["#D55E00" if label == truth else "#0072B2" for label in range(len(p))]
        ax.bar(range(len(p)), p, color=colours)
        ax.set(title=name, ylim=(0, 1), xlabel="digit", xticks=range(len(p)))
        ax.title.set_fontsize(9)
        ax.tick_params(labelsize=7)
    axes[2].set_ylabel("probability")
    return fig


def mixer(look, noises, examples):
    """A widget: which example, how noisy, what is missing; see what each model says.

    look(example, image_noise, sound_noise, missing) -> (image, bands, chances, truth, sentence), all but the last as
    in `verdicts`; missing is "nothing", "the image" or "the sound". noises: {name: (most, first)} of the two sliders.
    examples: how many there are to choose from.
    """
    import ipywidgets as w

    style, layout = {"description_width": "110px"}, {"width": "400px"}
    example = w.BoundedIntText(min=0, max=examples - 1, description="example", style=style, layout=layout)
    sliders = [
        w.FloatSlider(min=0, max=most, step=most / 20, value=first, description=name, style=style, layout=layout)
        for name, (most, first) in noises.items()
    ]
    missing = w.Dropdown(options=["nothing", "the image", "the sound"], description="missing", style=style)
    picture = w.HTML()

    def update(_=None):
        *drawing, sentence = look(example.value, *(s.value for s in sliders), missing.value)
        picture.value = as_html(verdicts(*drawing), sentence) + f"<p>{html.escape(sentence)}</p>"

    for control in (example, *sliders, missing):
        control.observe(update, "value")
    update()
    return w.VBox([example, *sliders, missing, picture])
