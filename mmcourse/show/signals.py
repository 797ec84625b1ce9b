"""Sounds to hear, spectrograms to see, and a widget in which a tone meets its samples."""

import html

from matplotlib import pyplot as plt

from mmcourse.show.figure import as_html


def sound(samples, rate, says):
    """Put a player for a sound on the page, under a line that says what is heard.

    samples (T,): float in [-1, 1], played as loud as they are; rate: samples a second, 3,000 to 48,000 (what browsers
    play); says: what is to be heard, for all who cannot hear it too.
    """
    from IPython.display import display

    page = player(samples, rate, says)
    display({"text/html": page, "text/plain": says}, raw=True)


def player(samples, rate, says):
    """The player of `sound` and its line, as HTML."""
    from IPython.display import Audio

    if not 3000 <= rate <= 48000:
        raise ValueError(
            f"sound: browsers play 3,000 to 48,000 samples a second, came {rate}. "
            "Try: scipy.signal.resample_poly to a rate between"
        )
    audio = Audio(samples, rate=rate, normalize=False)._repr_html_().strip()
    return f"<figure><figcaption>{html.escape(says)}</figcaption>{audio}</figure>"


def spectrogram(values, seconds, hertz=None, ax=None, title=None, ylabel="frequency (kHz)"):
    """A picture of which pitches sound when; low ones at the bottom. Returns the Figure.

    values (F, N): bright is much.   seconds: how long the sound lasts.
    hertz: the highest frequency; None for bands that are numbered, such as mel bands.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(5, 2.6))
    top = hertz / 1000 if hertz else len(values)
    ax.imshow(values, origin="lower", aspect="auto", extent=(0, seconds, 0, top), interpolation="nearest")
    ax.set(xlabel="time (s)", ylabel=ylabel, title=title)
    return ax.figure


def samples(times, curves, dots, ax=None):
    """Curves over time, and the samples through which they go. Returns the Figure.

    times (T,) in ms; curves: {label: (T,)}; dots: (times, values) of the samples.
    """
    if ax is None:
        _, ax = plt.subplots(figsize=(7, 2.6))
    for (label, curve), line in zip(curves.items(), ("-", "--", ":"), strict=False):
        ax.plot(times, curve, line, label=label)
    ax.plot(*dots, "o", color="black", markersize=5, label="samples")
    ax.set(xlabel="time (ms)", ylabel="pressure", ylim=(-1.2, 1.2))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return ax.figure


def sampler(look, frequencies, rates):
    """A widget: choose the frequency of a tone and how often it is sampled; see which tone the samples tell of.

    look(frequency, rate) -> (times, curves, dots, sentence), the first three as in `samples`.
    frequencies, rates: (least, most, step, first) in Hz and in samples a second.
    """
    import ipywidgets as w

    style, layout = {"description_width": "130px"}, {"width": "420px"}
    sliders = [
        w.IntSlider(min=a, max=b, step=step, value=first, description=name, style=style, layout=layout)
        for name, (a, b, step, first) in (("tone (Hz)", frequencies), ("samples a second", rates))
    ]
    picture = w.HTML()

    def update(_=None):
        *drawing, sentence = look(*(slider.value for slider in sliders))
        picture.value = as_html(samples(*drawing), sentence) + f"<p>{html.escape(sentence)}</p>"

    for slider in sliders:
        slider.observe(update, "value")
    update()
    return w.VBox([*sliders, picture])
