"""Pictures of detection: boxes with what is in them, how precise the sure ones are, and what a class looks at."""

from itertools import cycle, repeat

from matplotlib import patheffects
from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle

from mmcourse.show.style import COLOURS

HALO = {"foreground": "white", "alpha": 0.9}  # round lines, which so show on any ground


def boxes(images, detections, truths=None, names=None, titles=None, columns=4, size=2.2):
    """Pictures with a frame round each thing found, its name and score beside it; true frames are dashed and black.

    images: N arrays (height, width, 3).   detections: N with boxes (D, 4) x0, y0, x1, y1, scores (D,), labels (D,), or
    None for the truth alone.   truths: N with boxes (G, 4) and labels (G,).   names: {label: name} or a list, else the
    label's number is shown. titles: N strings. A label has one colour in all pictures; from the eighth on colours come
    again. Returns the Figure.
    """
    for each in (detections, truths, titles):
        if each is not None and len(each) != len(images):
            raise ValueError(
                f"boxes: expected detections, truths and titles for {len(images)} images, came {len(each)}"
            )
    fig, axes = _pictures(len(images), columns, size)
    labels = sorted({int(k) for each in detections or () for k in each.labels})
    colours = dict(zip(labels, cycle(COLOURS[:-1]), strict=False))
    for i, (ax, image) in enumerate(zip(axes, images, strict=False)):
        ax.imshow(image)
        if truths is not None:
            for box, label in zip(truths[i].boxes, truths[i].labels, strict=True):
                _frame(ax, box, "black", linestyle="--", linewidth=1.2)
                if detections is None:
                    _word(ax, box, _name(names, label), "black", image.shape)
        if detections is not None:
            for box, score, label in zip(*detections[i][:3], strict=True):
                _frame(ax, box, colours[int(label)], linewidth=2)
                _word(ax, box, f"{_name(names, label)} {score:.2f}", colours[int(label)], image.shape)
        if titles is not None:
            ax.set_title(titles[i], fontsize=9)
    return fig


def precision_recall(curves, size=(5.2, 3.8)):
    """What share of the surest is right, and what share of all things is among them. Returns the Figure.

    curves: {name: a `Curve` of `mmcourse.metrics.precision_recall`}. Dots: one more detection each; the line: the best
    precision at this recall or a higher one, whose mean is the average precision.
    """
    fig, ax = plt.subplots(figsize=size)
    styles = zip(cycle(COLOURS), cycle(("-", "--", "-.", ":")), strict=False)
    for (name, curve), (colour, style) in zip(curves.items(), styles, strict=False):
        legend = f"{name}: AP {curve.average_precision:.2f}"
        recall, envelope = [0, *curve.recall], [*curve.envelope[:1], *curve.envelope]
        ax.plot(recall if len(curve.recall) else [], envelope, style, color=colour, drawstyle="steps", label=legend)
        ax.plot(curve.recall, curve.precision, ".", color=colour, markersize=3, alpha=0.6)
    ax.set(xlabel="recall: share of the things that are found", ylabel="precision: share that is right")
    ax.set(xlim=(0, 1.02), ylim=(0, 1.05))
    ax.grid(alpha=0.2)
    ax.legend(fontsize=8, loc="best")
    return fig


def heat(image, maps, titles, frames=None, columns=4, size=2.2):
    """A picture, and once a map the same under that map: dark where it is lowest, bright where it is highest.

    image (height, width, 3), or K of them, one a map, and then none stands first.   maps: K arrays (rows, columns) of
    numbers of at least 0, each spread over the picture and lit up to its own largest: compare places, not strengths.
    titles: K strings.   frames: per map a list of (x0, y0, x1, y1) in pixels, drawn as outlines. Returns the Figure.
    """
    one = getattr(image, "ndim", 4) == 3
    fig, axes = _pictures(len(maps) + one, columns, size)
    if one:
        axes[0].imshow(image)
        axes[0].set_title("the picture", fontsize=9)
    under = repeat(image, len(maps)) if one else image
    for i, (picture, weights, title) in enumerate(zip(under, maps, titles, strict=True)):
        ax, (height, width) = axes[i + one], picture.shape[:2]
        ax.imshow(picture)
        place = {"extent": (-0.5, width - 0.5, height - 0.5, -0.5), "interpolation": "bilinear"}
        ax.imshow(weights, cmap="inferno", vmin=0, vmax=weights.max() or 1, alpha=0.55, **place)
        for box in frames[i] if frames else ():
            _frame(ax, box, COLOURS[5], linewidth=1.5)
        ax.set_title(title, fontsize=9)
    return fig


def _pictures(number, columns, size):
    """A figure with that many places for pictures, and its axes in a row."""
    columns = min(columns, max(number, 1))
    rows = -(-max(number, 1) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(size * columns, (size + 0.2) * rows), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    return fig, axes.flat


def _frame(ax, box, colour, **style):
    x0, y0, x1, y1 = map(float, box)
    halo = patheffects.withStroke(linewidth=style["linewidth"] + 1.2, **HALO)
    frame = Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor=colour, **style)
    frame.set_path_effects([halo])  # pixel 0 lies round 0, so its edge is at -1/2
    ax.add_patch(frame)


def _word(ax, box, text, colour, shape):
    """Above the box, or in it where there is no room; towards the middle of the picture."""
    height, width = shape[:2]
    right, low = box[0] + box[2] > width, box[1] > 0.12 * height
    place = (box[2], box[1]) if right else (box[0], box[1])
    look = {"ha": "right" if right else "left", "va": "bottom" if low else "top", "fontsize": 7}
    ground = {"facecolor": "white", "edgecolor": colour, "alpha": 0.85, "linewidth": 1, "pad": 1.2}
    ax.text(place[0] - 0.5, place[1] - 0.5, text, color="black", bbox=ground, **look)


def _name(names, label):
    return str(label) if names is None else names[int(label)]
