"""A film on one page: what moves and sounds when, what happened, and the frames that a summary chose."""

from matplotlib import pyplot as plt

from mmcourse.show.style import COLOURS


def timeline(curves, events=(), chosen=(), key_frames=(), titles=(), boundaries=(), rate=None, columns=8):
    """Curves over the frames of a film, the true events shaded, the chosen frames marked; below, the frames themselves.

    curves: {label: (T,)}, all on one scale.   events: (start, stop, name) in frames, stop exclusive; a name that comes
    again has the colour of the first.   chosen: frame numbers; key_frames: as many pictures (H, W, 3); titles: as many
    strings, or none.   boundaries: the first frames of shots, as thin lines.   rate: frames a second; None: the axis
    counts frames.
    Returns (Figure, text): the figure and a sentence that says what it shows, for `figure`.
    """
    if len(key_frames) and len(key_frames) != len(chosen):
        raise ValueError(f"timeline: expected a picture for each of {len(chosen)} frames, came {len(key_frames)}")
    rows = -(-len(key_frames) // columns)
    fig = plt.figure(figsize=(9, 2.4 + 1.35 * rows), layout="constrained")
    grid = fig.add_gridspec(1 + rows, columns, height_ratios=[2.2] + [1.2] * rows)
    _draw(fig.add_subplot(grid[0, :]), curves, events, chosen, boundaries, rate)
    for i, (frame, picture) in enumerate(zip(chosen, key_frames, strict=False)):
        ax = fig.add_subplot(grid[1 + i // columns, i % columns])
        ax.imshow(picture)
        ax.set_axis_off()
        ax.set_title(titles[i] if len(titles) else f"frame {frame}", fontsize=7, wrap=True)
    return fig, _says(curves, events, chosen)


def _draw(ax, curves, events, chosen, boundaries, rate):
    scale = 1 / (rate or 1)
    names = list(dict.fromkeys(name for _, _, name in events))
    for start, stop, name in events:
        colour = COLOURS[names.index(name) % (len(COLOURS) - 1)]
        ax.axvspan(start * scale, stop * scale, color=colour, alpha=0.25, linewidth=0)
        ax.text((start + stop) / 2 * scale, 1.02, name, rotation=35, fontsize=7, transform=ax.get_xaxis_transform())
    for label, line in zip(curves, ("-", "--", ":", "-."), strict=False):
        values = curves[label]
        ax.plot([t * scale for t in range(len(values))], values, line, label=label, linewidth=1.2)
    for boundary in boundaries:
        ax.axvline(boundary * scale, color="0.6", linewidth=0.6)
    if len(chosen):
        ax.plot([t * scale for t in chosen], [0] * len(chosen), "v", color="black", clip_on=False, label="chosen")
    ax.set(xlabel="time (s)" if rate else "frame", xlim=(0, max(map(len, curves.values()), default=1) * scale))
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)


def _says(curves, events, chosen):
    happened = ", ".join(f"{name} in frames {start} to {stop - 1}" for start, stop, name in events) or "nothing"
    frames = ", ".join(str(t) for t in chosen) or "none"
    return f"{' and '.join(curves)} over the frames of a film. What happens: {happened}. Frames chosen: {frames}."
