"""A widget for programs that ought to be the same function."""

import html

import numpy as np
from matplotlib import pyplot as plt

from mmcourse.show.figure import as_html
from mmcourse.show.style import COLOURS


def next_words(image, words, right, broken):
    """A picture, and the chances of the next word by two programs; returns the Figure.

    words: K strings.   right, broken: (K,) each, from 0 to 1.
    """
    fig, (left, ax) = plt.subplots(1, 2, figsize=(8, 2.6), width_ratios=(1, 2.2))
    left.imshow(image)
    left.set_axis_off()
    rows = np.arange(len(words))
    ax.barh(rows - 0.2, right, 0.38, color=COLOURS[0], label="as it should be")
    ax.barh(rows + 0.2, broken, 0.38, color=COLOURS[1], hatch="//", edgecolor="white", label="with the mistake")
    ax.set(yticks=rows, yticklabels=words, xlim=(0, 1), xlabel="chance of being the next word")
    ax.invert_yaxis()
    ax.legend(loc="lower right")
    return fig


def mistake_box(look, mistakes, scenes, steps=6):
    """A widget: choose a mistake, a scene and a place in its caption; see what both programs say next, and write.

    look(mistake, scene, step) -> (image, words, right, broken, sentence), the first four as in `next_words`.
    mistakes: names to choose from.   scenes: how many.   steps: places of a caption.
    """
    import ipywidgets as w

    look_of = {"style": {"description_width": "80px"}, "layout": {"width": "360px"}}
    controls = [
        w.Dropdown(options=mistakes, description="mistake", **look_of),
        w.IntSlider(min=0, max=scenes - 1, description="scene", continuous_update=False, **look_of),
        w.IntSlider(min=0, max=steps - 1, description="after word", continuous_update=False, **look_of),
    ]
    answer = w.HTML()

    def update(_=None):
        *parts, sentence = look(*(control.value for control in controls))
        answer.value = as_html(next_words(*parts), sentence) + f"<p>{html.escape(sentence)}</p>"

    for control in controls:
        control.observe(update, "value")
    update()
    return w.HBox([w.VBox(controls), answer])
