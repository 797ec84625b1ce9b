"""Widgets to play with. What they show is computed by a function that the chapter passes in."""

import html

from mmcourse.show.attention import spotlights
from mmcourse.show.figure import as_html


def explorer(image, look, words, heads, masks):
    """Choose a word, a head, a mask and a temperature; see where the word looks.

    look(word, head, mask, temperature) -> (weights (rows, columns), sentence); words, heads, masks: lists of choices.
    Returns a widget.
    """
    import ipywidgets as w

    style = {"description_width": "90px"}
    word = w.Dropdown(options=words, description="word", style=style)
    head = w.Dropdown(options=heads, description="head", style=style)
    mask = w.Dropdown(options=masks, description="mask", style=style)
    temperature = w.FloatLogSlider(
        value=1, base=10, min=-1, max=1, step=0.1, description="temperature", readout_format=".2f", style=style
    )
    picture = w.HTML()

    def update(_=None):
        weights, sentence = look(word.value, head.value, mask.value, temperature.value)
        fig = spotlights(image, [word.value], weights[None], columns=2, size=2.4)
        picture.value = as_html(fig, sentence) + f"<p>{html.escape(sentence)}</p>"

    for control in (word, head, mask, temperature):
        control.observe(update, "value")
    update()
    return w.HBox([w.VBox([word, head, mask, temperature]), picture])
