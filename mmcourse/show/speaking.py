"""Speech as it is aligned with its text, and a box that speaks what is typed into it."""

import html

from matplotlib import pyplot as plt

from mmcourse.show.figure import as_html
from mmcourse.show.signals import player


def listening(log_mel, weights, labels, seconds, title=None, size=(9, 4.2)):
    """A spectrogram, and under it which character each moment belongs to. Returns the Figure.

    log_mel (N, M): time first.   weights (T, S): from 0 to 1, how much moment t belongs to label s.
    labels: S strings, from top to bottom.   seconds: how long both last.
    """
    fig, (above, below) = plt.subplots(2, 1, figsize=size, sharex=True, height_ratios=(2, 3))
    above.imshow(log_mel.T, origin="lower", aspect="auto", extent=(0, seconds, 0, log_mel.shape[1]))
    above.set(ylabel="mel band", title=title)
    look = {"cmap": "Blues", "vmin": 0, "vmax": 1, "interpolation": "nearest", "aspect": "auto"}
    below.imshow(weights.T, extent=(0, seconds, len(labels) - 0.5, -0.5), **look)
    below.set_yticks(range(len(labels)), labels, fontsize=6 if len(labels) > 20 else 9)
    below.set(xlabel="time (s)", ylabel="character")
    return fig


def voice_box(speak, text):
    """A widget: type a sentence, hear it, see how it was read. Returns it.

    speak(text) -> (Figure, its description, samples, rate, what a listener wrote down). What a ValueError says is shown
    in place of all that.
    """
    import ipywidgets as w

    field = w.Text(value=text, description="say", continuous_update=False, layout={"width": "520px"})
    answer = w.HTML()

    def update(_=None):
        try:
            fig, description, samples, rate, heard = speak(field.value)
        except ValueError as problem:
            answer.value = f"<p>{html.escape(str(problem))}</p>"
        else:
            answer.value = player(samples, rate, f"A listener writes: {heard}") + as_html(fig, description)

    field.observe(update, "value")
    update()
    return w.VBox([field, answer])
