"""Pictures of how somebody feels: a face, how the voice goes up and down, a sentence; and a box to mix them in."""

import html
import textwrap

from matplotlib import pyplot as plt

from mmcourse.show.figure import as_html
from mmcourse.show.signals import player
from mmcourse.show.style import COLOURS

NOTHING = "nothing"
_LEVELS = (-40, -14)  # dB, from the palest to the darkest


def moments(faces, contours, texts, titles, hertz=(60, 500), size=1.7):
    """A column a moment: the face under its title, the voice's pitch over time, the sentence. Returns the Figure.

    faces: n arrays (height, width) uint8.   texts, titles: n strings each.   hertz: lowest and highest pitch drawn.
    contours: n triples of arrays (N,): seconds, hertz (NaN where there is none), decibels; a loud dot is dark.
    """
    n = len(faces)
    if not n == len(contours) == len(texts) == len(titles):
        raise ValueError(
            f"moments: expected a contour, a text and a title a face, came {n} faces, {len(contours)} contours, "
            f"{len(texts)} texts and {len(titles)} titles"
        )
    fig, axes = plt.subplots(2, n, figsize=(size * n + 0.9, 2 * size), squeeze=False, sharey="row")
    for (above, below), face, contour, text, title in zip(axes.T, faces, contours, texts, titles, strict=True):
        above.imshow(face, cmap="gray", vmin=0, vmax=255)
        above.set(xticks=[], yticks=[])
        above.set_title(title, fontsize=9)
        above.set_xlabel(textwrap.fill(f"“{text}”", 20), fontsize=8)
        seconds, pitch, decibels = contour
        dots = below.scatter(
            seconds, pitch, c=decibels, s=9, cmap="cividis_r", vmin=_LEVELS[0], vmax=_LEVELS[1], plotnonfinite=False
        )
        below.set(yscale="log", ylim=hertz, xlim=(0, seconds[0] + seconds[-1]), xlabel="time (s)")
    ticks = [f for f in (50, 100, 200, 400, 800) if hertz[0] <= f <= hertz[1]]
    axes[1, 0].set_yticks(ticks, ticks)
    axes[1, 0].set_yticks([], minor=True)
    axes[1, 0].set_ylabel("pitch (Hz)")
    fig.colorbar(dots, ax=list(axes[1]), label="loudness (dB)")
    return fig


def impressions(face, chances, text="", truth=None):
    """A face over its sentence, and what each model says to the moment. Returns the Figure.

    face (height, width) uint8, or None where it is turned away; chances: {model: {emotion: probability}};
    truth: the emotion whose bar is orange.
    """
    fig, axes = plt.subplots(1, 1 + len(chances), figsize=(2.2 + 1.5 * len(chances), 2.1), squeeze=False)
    seen, *panels = axes[0]
    if face is None:
        seen.text(0.5, 0.5, "turned away", ha="center", va="center", transform=seen.transAxes)
    else:
        seen.imshow(face, cmap="gray", vmin=0, vmax=255)
    seen.set(xticks=[], yticks=[])
    seen.set_xlabel(textwrap.fill(f"“{text}”", 24) if text else "(nothing is said)", fontsize=8)
    names = list(next(iter(chances.values()), ()))
    for ax, (model, said) in zip(panels, chances.items(), strict=True):
        ax.barh(names, [said[name] for name in names], color=[COLOURS[name == truth] for name in names])
        ax.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5), yticks=[], xlabel="probability")
        ax.set_title(model, fontsize=9)
        ax.tick_params(labelsize=7)
    if panels:
        panels[0].set_yticks(range(len(names)), names)
    return fig


def mood_box(look, emotions, sentences):
    """A widget: choose a face, a tone of voice and words; see the face, hear the tone, and what each model says to it.

    look(face, face_strength, voice, voice_strength, text) -> (face or None, chances, samples or None, rate, sentence),
    the first two as in `impressions`; face and voice are emotions, or None for a face that is turned away and for
    silence; strengths from 0 to 1. What a ValueError says is shown in place of all that.
    emotions: the names to choose from.   sentences: {name: sentence} to choose from; others can be typed.
    """
    import ipywidgets as w

    style, layout = {"description_width": "90px"}, {"width": "380px"}
    choices = [*emotions, NOTHING]
    controls = []
    for name in ("face", "voice"):
        controls.append(w.Dropdown(options=choices, description=name, style=style, layout=layout))
        controls.append(
            w.FloatSlider(min=0, max=1, step=0.05, value=0.9, description="how strongly", style=style, layout=layout)
        )
    words = w.Dropdown(options=list(sentences), description="words", style=style, layout=layout)
    field = w.Text(value=sentences[words.value], style=style, layout=layout, description="say", continuous_update=False)
    answer = w.HTML()

    def update(_=None):
        face, face_strength, voice, voice_strength = (None if c.value == NOTHING else c.value for c in controls)
        try:
            seen, chances, samples, rate, sentence = look(face, face_strength, voice, voice_strength, field.value)
        except ValueError as problem:
            answer.value = f"<p>{html.escape(str(problem))}</p>"
            return
        heard = "" if samples is None else player(samples, rate, f"The tone of voice: {voice}")
        picture = as_html(impressions(seen, chances, field.value), sentence)
        answer.value = picture + f"<p>{html.escape(sentence)}</p>" + heard

    def choose(_):
        field.value = sentences[words.value]

    words.observe(choose, "value")
    for control in (*controls, field):
        control.observe(update, "value")
    update()
    return w.HBox([w.VBox([*controls, words, field]), answer])
