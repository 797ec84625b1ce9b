"""Pictures of a choice among methods: what differs where, what it costs, a decision chart, and a box that advises."""

import html
import textwrap

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from mmcourse.show.style import COLOURS


def method_map(differences, told_apart, methods, tasks, title="", size=(1.25, 0.36)):
    """Methods by tasks: by how much each differs from a plain one, a pale number in brackets for what may be chance.

    differences (methods, tasks): shares.   told_apart (methods, tasks): bool.   Returns the Figure.
    """
    differences, told_apart = np.asarray(differences), np.asarray(told_apart)
    if not differences.shape == told_apart.shape == (len(methods), len(tasks)):
        raise ValueError(
            f"method_map: expected differences and told_apart of {(len(methods), len(tasks))}, methods by tasks, came "
            f"{differences.shape} and {told_apart.shape}"
        )
    fig, ax = plt.subplots(figsize=(size[0] * len(tasks) + 2.2, size[1] * len(methods) + 1.2))
    most = np.abs(differences).max()
    picture = ax.imshow(differences, cmap="PuOr_r", vmin=-most, vmax=most, aspect="auto")
    ax.set_xticks(range(len(tasks)), [textwrap.fill(task, 13) for task in tasks], fontsize=8)
    ax.set_yticks(range(len(methods)), methods)
    ax.set_title(title, fontsize=10)
    ax.spines[:].set_visible(False)
    for (i, j), value in np.ndenumerate(differences):
        dark = abs(value) > 0.6 * most
        text = f"{value:+.3f}" if told_apart[i, j] else f"({value:+.3f})"
        ax.text(j, i, text, ha="center", va="center", fontsize=8, color="white" if dark else "black")
    fig.colorbar(picture, ax=ax, label="more of the test examples right", shrink=0.8)
    return fig


def pareto(points, front, xlabel, ylabel, size=(6.2, 3.6)):
    """What each method costs and what it brings, and a line through those that nothing else beats in both.

    points: {method: (cost, value)}.   front: names of methods in the order of their cost.   Returns the Figure.
    """
    if unknown := set(front) - set(points):
        raise ValueError(f"pareto: expected the front to be among the points {tuple(points)}, came {sorted(unknown)}")
    fig, ax = plt.subplots(figsize=size)
    ax.step(*np.array([points[m] for m in front]).T, where="post", color=COLOURS[0], linewidth=1, zorder=1)
    where = np.array(list(points.values()))
    for method, (cost, value) in points.items():
        on = method in front
        ax.plot(cost, value, "o" if on else "s", color=COLOURS[0 if on else 1], markersize=6 if on else 5)
        away = (where - (cost, value)) / np.ptp(where, 0)
        _, near = sorted(away.tolist(), key=lambda d: np.hypot(*d))[:2]  # the nearest is the point itself
        side, below = ("right", -5) if near[0] > 0 else ("left", 5), -11 if on else 4  # off the neighbour and the line
        ax.annotate(method, (cost, value), (side[1], below), textcoords="offset points", ha=side[0], fontsize=8)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(x=0.2, y=0.12)
    return fig


def decision_chart(rows, size=(8.5, 1.15)):
    """Questions one under the other; a yes leads to the right, to a choice, and a no to the next question.

    rows: (question, choice, what speaks for it) each, the last without a question.   Returns the Figure.
    """
    if len(rows) < 2:
        raise ValueError(f"decision_chart: expected at least two rows of (question, choice, why), came {len(rows)}")
    fig, ax = plt.subplots(figsize=(size[0], size[1] * len(rows)))
    ax.set(xlim=(0, 10), ylim=(len(rows) - 0.5, -0.5))
    ax.set_axis_off()
    for y, (question, choice, why) in enumerate(rows):
        last = y == len(rows) - 1
        _box(ax, 0.1, y, 3.6, COLOURS[7])
        ax.text(1.9, y, textwrap.fill(question, 30), ha="center", va="center", fontsize=9)
        _box(ax, 4.8, y, 5.1, COLOURS[0])
        ax.text(7.35, y - 0.18, choice, ha="center", va="center", fontsize=10, color=COLOURS[0])
        ax.text(7.35, y + 0.1, textwrap.fill(why, 64), ha="center", va="center", fontsize=7.5)
        _arrow(ax, (3.75, y), (4.75, y), "" if last else "yes")
        if not last:
            _arrow(ax, (1.9, y + 0.36), (1.9, y + 0.64), "no")
    return fig


def _box(ax, x, y, width, colour):
    ax.add_patch(FancyBboxPatch((x, y - 0.33), width, 0.66, "round,pad=0.02", facecolor="white", edgecolor=colour))


def _arrow(ax, start, stop, label):
    ax.add_patch(FancyArrowPatch(start, stop, arrowstyle="-|>", mutation_scale=12, color=COLOURS[7]))
    x, y = (a + (b - a) / 2 for a, b in zip(start, stop, strict=True))
    ax.text(x + (0.12 if start[0] == stop[0] else 0), y - (0 if start[0] == stop[0] else 0.08), label, fontsize=8)


def choosing_box(look, modalities=(2, 3), budgets=(("any", None), ("at most concatenation's", 1.0))):
    """A widget: describe your data, and see which method is advised and which experiments speak for it.

    look(modalities, disagree, missing, examples, budget) -> the choices as (method, why, rows), each row (experiment,
    share, rival, difference, low, high). What a ValueError says is shown in place of them.
    budgets: (what is said, what is passed on) each.
    """
    import ipywidgets as w

    style, layout = {"description_width": "110px"}, {"width": "360px"}
    controls = [
        w.Dropdown(options=modalities, description="modalities", style=style, layout=layout),
        w.Checkbox(description="they may contradict, or tell only together", indent=False),
        w.Checkbox(description="one may be missing, or fail", indent=False),
        w.BoundedIntText(value=4000, min=1, max=10**7, description="examples", style=style, layout=layout),
        w.Dropdown(options=budgets, description="arithmetic", style=style, layout=layout),
    ]
    answer = w.HTML()

    def update(_=None):
        try:
            choices = look(*(control.value for control in controls))
        except ValueError as problem:
            answer.value = f"<p>{html.escape(str(problem))}</p>"
            return
        answer.value = "".join(_choice(*choice) for choice in choices)

    for control in controls:
        control.observe(update, "value")
    update()
    return w.HBox([w.VBox(controls), answer])


def _choice(method, why, rows):
    """A choice with its experiments, as HTML."""
    cells = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{share:.3f}</td><td>{difference:+.3f} ({low:+.3f} to {high:+.3f}) "
        f"to {html.escape(rival)}</td></tr>"
        for name, share, rival, difference, low, high in rows
    )
    head = "<tr><th scope='col'>experiment</th><th scope='col'>right</th><th scope='col'>difference, 95 %</th></tr>"
    return f"<p><b>{html.escape(method)}</b>: {html.escape(why)}</p><table>{head}{cells}</table>"
