"""A beam search to step through."""

import html

from mmcourse.show.figure import as_html

_CELL = "padding: 2px 10px; text-align: left; white-space: nowrap"
_LOOKS = {  # of a continuation: what a reader is told, and its colour
    "kept": ("kept", "#0072B2"),
    "finished": ("finished", "#009E73"),
    "dropped": ("", "#767676"),
}


def beam(step, end, entries, most=4):
    """One step of a beam search as an HTML table: each live sentence, and how it may go on.

    step: a `BeamStep` of `mmcourse.captioning.decoding`. end: the number of the end; entries: the words by number.
    most: so many continuations of each sentence are shown, the likeliest; more where the search kept more.
    """
    kept = {(p, end if h.finished else h.words[-1]): h for p, h in zip(step.parents, step.kept, strict=True)}
    rows = []
    for p, (hypothesis, log_probs) in enumerate(zip(step.live, step.log_probs, strict=True)):
        said = " ".join(entries[w] for w in hypothesis.words) or "<begin>"
        rows.append(f'<tr><th style="{_CELL}" colspan="4">{html.escape(said)} …</th></tr>')
        for word in (-log_probs).argsort(kind="stable")[: max(most, step.parents.count(p))]:
            found = kept.get((p, word))
            look = "dropped" if found is None else "finished" if found.finished else "kept"
            rows.append(_row(entries[word], log_probs[word], hypothesis.log_prob + log_probs[word], *_LOOKS[look]))
    names = "".join(f'<th style="{_CELL}">{n}</th>' for n in ("next word", "log p", "sum", ""))
    return f"<table><tr>{names}</tr>{''.join(rows)}</table>"


def searcher(search, examples, end, entries, widths=(1, 2, 3, 5), penalties=(0.0, 0.5, 1.0)):
    """A widget: step through a beam search. Returns it.

    search(example, width, length_penalty) -> (figure of the image, its description, the `BeamStep`s, answers), the
    answers as `Hypothesis`, best first. examples: how many there are. end, entries: as in `beam`.
    """
    import ipywidgets as w

    style, layout = {"description_width": "110px"}, {"width": "330px"}
    example = w.BoundedIntText(min=0, max=examples - 1, description="scene", style=style, layout=layout)
    middle = widths[len(widths) // 2]
    width = w.Dropdown(options=widths, value=middle, description="beam width", style=style, layout=layout)
    penalty = w.Dropdown(options=penalties, description="length penalty", style=style, layout=layout)
    place = w.IntSlider(min=1, max=1, description="step", style=style, layout=layout)
    picture, table, end_text = w.HTML(), w.HTML(), w.HTML()
    found = {}

    def start(_=None):
        figure, description, found["steps"], answers = search(example.value, width.value, penalty.value)
        picture.value = as_html(figure, description)
        lines = [f"{' '.join(entries[n] for n in h.words)} ({h.score:.2f})" for h in answers]
        best = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
        end_text.value = f"<p>In the end, best first, with their scores:</p><ol>{best}</ol>"
        place.max = len(found["steps"])
        place.value = min(place.value, place.max)
        step()

    def step(_=None):
        table.value = beam(found["steps"][place.value - 1], end, entries)

    for control in (example, width, penalty):
        control.observe(start, "value")
    place.observe(step, "value")
    start()
    return w.HBox([w.VBox([example, width, penalty, place, picture, end_text]), table])


def _row(word, log_prob, total, told, colour):
    cells = html.escape(word), f"{log_prob:.2f}", f"{total:.2f}", told
    weight = "bold" if told else "normal"
    inner = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells)
    return f'<tr style="color: {colour}; font-weight: {weight}">{inner}</tr>'
