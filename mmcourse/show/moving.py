"""Films on a page: as a strip, playing, leafed through, and with what moves in them drawn over them."""

import base64
import html
import io

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.patheffects import withStroke
from PIL import Image

from mmcourse.motion.colours import to_colour, wheel
from mmcourse.show.signals import player

_WIDEST = 480  # pixels of a page that a playing film takes


def film(frames, columns=6, labels=None, size=1.3):
    """The frames of a film as a strip of pictures, read like text. Returns the Figure.

    frames (T, H, W, 3) or (T, H, W): uint8 or floats in 0..1.   columns: in a row.   labels: T titles, the numbers of
    the frames for None.   size: width of a frame in inches.
    """
    _check(frames)
    labels = range(len(frames)) if labels is None else labels
    columns = min(columns, len(frames))
    rows = -(-len(frames) // columns)
    height = size * frames.shape[1] / frames.shape[2] + 0.25
    fig, axes = plt.subplots(rows, columns, figsize=(size * columns, height * rows), squeeze=False)
    fig.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, frame, label in zip(axes.flat, frames, labels, strict=False):
        _picture(ax, frame)
        ax.set_title(label, fontsize=8)
    return fig


def flows(frames, flow, titles=None, step=4, longest=None, stretch=1.0, size=1.9):
    """Frames with arrows to where everything goes, under them the same in colours with their wheel. Returns the Figure.

    frames (T, H, W, 3) or (T, H, W), flow (T, H, W, 2): (right, down) in pixels.   step: an arrow every so many
    pixels, none for those shorter than a fifth of a pixel.   longest: the motion in full colour, None for the longest.
    stretch: arrows are drawn so many times as long as they are.
    """
    _check(frames)
    if flow.shape != (*frames.shape[:3], 2):
        raise ValueError(f"flows: expected a flow {(*frames.shape[:3], 2)} for these frames, came {flow.shape}")
    longest = float(np.hypot(*np.moveaxis(flow, -1, 0)).max()) or 1.0 if longest is None else longest
    T, H, W = frames.shape[:3]
    fig, axes = plt.subplots(2, T + 1, figsize=(size * (T + 1), 2 * size * H / W + 0.3), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for t, (above, below) in enumerate(axes[:, :T].T):
        _picture(above, frames[t])
        _arrows(above, flow[t], step, stretch)
        _picture(below, to_colour(flow[t], longest))
        above.set_title(t if titles is None else titles[t], fontsize=9)
    _legend(axes[1, T], longest)
    return fig


def clip_player(frames, rate, says, sound=None, sound_rate=None, times=3, columns=6):
    """Put a film on the page that plays a few times and then rests, its sound beside it, and its frames under it.

    frames (T, H, W, 3) or (T, H, W): uint8 or floats in 0..1; rate: a second.   says: what is seen, in a sentence.
    sound (S,): float in [-1, 1], of sound_rate samples a second.   times: how often it plays; to see it again, run the
    cell again. At most `columns` frames stand below, for paper, and for all who would rather see things at rest.
    """
    from IPython.display import display

    from mmcourse.show.figure import figure

    _check(frames)
    if (sound is None) != (sound_rate is None):
        raise ValueError("clip_player: expected sound and sound_rate together, came one without the other")
    page = _playing(frames, rate, says, times)
    if sound is not None:
        page += player(sound, sound_rate, f"The sound of it: {says}")
    display({"text/html": page, "text/plain": says}, raw=True)
    chosen = np.linspace(0, len(frames) - 1, min(columns, len(frames))).round().astype(int)
    figure(film(frames[chosen], columns, chosen), f"{len(chosen)} of {len(frames)} frames: {says}")


def flip_book(frames, rate, says):
    """A widget: play a film, stop it, and leaf through its frames. Returns it; arguments as in `clip_player`."""
    import ipywidgets as w

    _check(frames)
    play = w.Play(min=0, max=len(frames) - 1, interval=round(1000 / rate), description="play")
    slider = w.IntSlider(min=0, max=len(frames) - 1, description="frame", layout={"width": "420px"})
    picture = w.HTML()

    def update(_=None):
        words = f"Frame {slider.value} of {len(frames)}: {says}"
        picture.value = _image(_png([frames[slider.value]], rate, 1), frames.shape, words)

    slider.observe(update, "value")
    w.jslink((play, "value"), (slider, "value"))
    update()
    return w.VBox([w.HBox([play, slider]), picture])


def _playing(frames, rate, says, times):
    words = " ".join(says.split())
    image = _image(_png(frames, rate, times), frames.shape, f"A film of {len(frames)} frames: {words}")
    return f"<figure>{image}<figcaption>{html.escape(words)}</figcaption></figure>"


def _png(frames, rate, times):
    """The bytes of an animated PNG: exact colours, and every browser plays it; one frame is a PNG as ever."""
    pictures = [Image.fromarray(_bytes(frame)) for frame in frames]
    file = io.BytesIO()
    more = {"save_all": True, "append_images": pictures[1:], "duration": 1000 / rate, "loop": times}
    pictures[0].save(file, "png", optimize=True, **(more if len(pictures) > 1 else {}))
    return file.getvalue()


def _image(png, shape, alt):
    """An `<img>` large enough to be seen, whose pixels stay pixels."""
    width = shape[2] * max(1, min(4, _WIDEST // shape[2]))
    source = base64.b64encode(png).decode()
    return (
        f'<img alt="{html.escape(alt)}" width="{width}" style="image-rendering: pixelated" '
        f'src="data:image/png;base64,{source}">'
    )


def _bytes(frame):
    return frame if frame.dtype == np.uint8 else np.rint(255 * np.clip(frame, 0, 1)).astype(np.uint8)


def _picture(ax, frame):
    ax.imshow(_bytes(frame), cmap="gray", vmin=0, vmax=255, interpolation="nearest")


def _arrows(ax, flow, step, stretch):
    rows, columns = np.mgrid[step // 2 : flow.shape[0] : step, step // 2 : flow.shape[1] : step]
    chosen = flow[rows, columns]
    moves = np.hypot(*np.moveaxis(chosen, -1, 0)) >= 0.2
    arrows = columns[moves], rows[moves], *chosen[moves].T
    look = {"angles": "xy", "scale_units": "xy", "scale": 1 / stretch, "minlength": 0, "headwidth": 4, "width": 0.012}
    rim = withStroke(linewidth=1.5, foreground="white")  # lets dark arrows be seen on dark ground
    ax.quiver(*arrows, **look, color="black", path_effects=[rim])


def _legend(ax, longest):
    ax.imshow(wheel(), extent=(-1, 1, 1, -1))
    ax.set(title=f"edge: {longest:.1f} pixels", xlim=(-1.6, 1.6), ylim=(1.6, -1.6), aspect="equal")
    ax.title.set_fontsize(8)
    for words, place in {"right": (1.1, 0), "left": (-1.1, 0), "down": (0, 1.15), "up": (0, -1.15)}.items():
        sides = {"right": ("left", "center"), "left": ("right", "center"), "down": ("center", "top")}
        ha, va = sides.get(words, ("center", "bottom"))
        ax.text(*place, words, ha=ha, va=va, fontsize=7)


def _check(frames):
    if frames.ndim not in (3, 4) or (frames.ndim == 4 and frames.shape[-1] != 3) or 0 in frames.shape:
        raise ValueError(
            f"expected frames (T, H, W, 3) or grey ones (T, H, W), came {frames.shape}. Try: frames[None] for one"
        )
