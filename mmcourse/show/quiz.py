"""Questions to answer in the notebook, offline. Their text is data: quizzes/<chapter>.toml, one table a question."""

import html
import tomllib
from importlib import resources


def quiz(chapter, number):
    """Question `number`, counted from 1, of a chapter; choosing shows at once whether it is right, and why or why not.

    Returns a widget. The answers stand in a file, so that they are not in sight of the question.
    """
    import ipywidgets as w

    question = questions(chapter)[number - 1]
    choices, answer = question["choices"], question["answer"]
    box = w.RadioButtons(options=list(choices), value=None, layout={"width": "auto"})
    verdict = w.HTML()

    def explain(change):
        right = change["new"] == answer
        colour, word = ("#00664A", "✓ Right.") if right else ("#A33B00", "✗ Not this one.")
        why = html.escape(choices[change["new"]], quote=False)
        verdict.value = f'<span style="color:{colour}"><b>{word}</b></span> {why}'

    box.observe(explain, "value")
    return w.VBox([w.HTML(f"<b>{html.escape(question['text'], quote=False)}</b>"), box, verdict])


def questions(chapter):
    """The questions of a chapter: dicts with text, answer, and choices {choice: why it is right or wrong}."""
    file = resources.files("mmcourse.show").joinpath("quizzes", f"{chapter}.toml")
    return tomllib.loads(file.read_text(encoding="utf8"))["question"]
