"""Pictures of a support desk: tickets, whether sure answers are right, and what asking back buys."""

from itertools import cycle

from matplotlib import pyplot as plt

from mmcourse.show.style import COLOURS


def tickets(images, texts, titles, columns=4, size=1.9):
    """Screenshots with the customers' words beneath and a title above. Returns the Figure.

    images: N arrays (height, width, 3).   texts, titles: N strings each.
    """
    if not len(images) == len(texts) == len(titles):
        raise ValueError(
            f"tickets: expected as many texts and titles as images, came {len(images)}, {len(texts)} and {len(titles)}"
        )
    columns = min(columns, len(images))
    rows = -(-len(images) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(size * columns, 1.5 * size * rows), squeeze=False)
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.set_axis_off()
    for ax, image, text, title in zip(axes.flat, images, texts, titles, strict=False):
        ax.set_axis_on()
        ax.imshow(image)
        ax.set_title(title, fontsize=8)
        ax.set_xlabel(_broken(text), fontsize=7)
    return fig


def reliability(panels, size=2.6):
    """For each bin of confidence the share of right answers, with its interval and how many they are; one panel each.

    panels: {title: a list of `Bin` of `mmcourse.metrics.reliability`}.   The dotted line: confidence and share agree.
    Returns the Figure.
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(size * len(panels) + 0.6, size + 0.5), squeeze=False, sharey=True)
    for ax, (title, bins) in zip(axes[0], panels.items(), strict=True):
        ax.plot([0, 1], [0, 1], ":", color="0.5")
        for b in bins:
            ax.plot([b.confidence] * 2, [b.low, b.high], color=COLOURS[0], lw=1)
        most = max((b.count for b in bins), default=1)
        area = [12 + 110 * b.count / most for b in bins]
        ax.scatter([b.confidence for b in bins], [b.right for b in bins], s=area, color=COLOURS[0], alpha=0.75)
        ax.set(title=title, xlabel="confidence", xlim=(0, 1.03), ylim=(-0.03, 1.05))
    axes[0, 0].set_ylabel("share that is right")
    return fig


def risk_coverage(curves, size=(5.2, 3.2)):
    """The share of wrong answers against the share of tickets that are answered, the surest first. Returns the Figure.

    curves: {name: (coverage (N,), risk (N,)) of `mmcourse.metrics.risk_coverage`}.
    """
    fig, ax = plt.subplots(figsize=size)
    styles = zip(cycle(COLOURS), cycle(("-", "--", "-.", ":")), strict=False)
    for (name, (coverage, risk)), (colour, style) in zip(curves.items(), styles, strict=False):
        ax.plot(coverage, risk, style, color=colour, label=name)
    ax.set(xlabel="share that is answered, the surest first", ylabel="share of wrong answers among them")
    ax.set(xlim=(0, 1.02), ylim=(0, None))
    ax.grid(alpha=0.2)
    ax.legend(fontsize=8)
    return fig


def _broken(text, most=24):
    """A text in lines of about `most` letters, a Chinese one counting twice."""
    lines, width = [""], 0
    for word in text.split(" ") if text.isascii() else text:
        step = len(word) + 1 if text.isascii() else 2
        if width and width + step > most:
            lines.append("")
            width = 0
        lines[-1] += (" " if lines[-1] and text.isascii() else "") + word
        width += step
    return "\n".join(lines)
