"""Questions to answer in the notebook, offline."""

import html


def quiz(question, choices, answer):
    """A question; choosing shows at once whether it is right, and why or why not.

    question: text, may hold $mathematics$. choices: {choice: explanation}, every one explained. answer: the right one.
    Returns a widget.
    """
    import ipywidgets as w

    if answer not in choices:
        raise ValueError(f"quiz: the answer {answer!r} is not among the choices {list(choices)}")
    silent = [c for c, why in choices.items() if not why.strip()]
    if silent:
        raise ValueError(f"quiz: every choice needs an explanation; missing for {silent}")
    box = w.RadioButtons(options=list(choices), value=None, layout={"width": "auto"})
    verdict = w.HTMLMath()

    def explain(change):
        right = change["new"] == answer
        colour, word = ("#00664A", "✓ Right.") if right else ("#A33B00", "✗ Not this one.")
        why = html.escape(choices[change["new"]], quote=False)
        verdict.value = f'<span style="color:{colour}"><b>{word}</b></span> {why}'

    box.observe(explain, "value")
    return w.VBox([w.HTMLMath(f"<b>{html.escape(question, quote=False)}</b>"), box, verdict])
