"""A trained system of streams: frames, and sound where there is some, in; an action out.

watcher = mmcourse.checkpoints.watcher.load()
watcher.actions(frames)                       # ["left", None, …]; None: nothing moves
watcher(frames, sounds)                       # log-probabilities (N, 10)
starts, told = watcher.along(film, step=4)    # a long film, twelve frames at a time
"""

import numpy as np
import torch

from mmcourse.speech import front_end
from mmcourse.video import fitting
from mmcourse.video.fusing import Joint, heard_from
from mmcourse.video.pytorch import mean_pool

LENGTH = 12  # frames of the clips that it learned from
_HEARD = 148  # frames of log-mel in a second and a half of sound, what those clips last
_STILL = 3 / 255  # less than this anywhere in a small frame is no change


class Watcher:
    """Streams of frames, flow and sound that were trained apart, joined by the average of what they say.

    streams: {"frames", "flow", "sound": a trained stream}.   names: of the V actions.

    What is decided for clips that lack something: each stream that has nothing to say abstains, and the others decide.
    The motion stream abstains on one frame, and where nothing changes from frame to frame; the sound stream where
    there is no sound, or silence. What then is left, of one frame its looks, is a guess.
    """

    def __init__(self, streams, names):
        self.streams = {name: stream.eval() for name, stream in streams.items()}
        self.names = tuple(names)
        self.joint = Joint("average", len(streams), len(names)).eval()

    def __call__(self, frames, sounds=None):
        """Log-probabilities (N, V) float32, over `names`.

        frames (N, T, H, W, 3) uint8, T at least 1, at 8 a second; square, at least 24 pixels, and taken as 48 are.
        sounds: None, or for each clip None or float samples (S,) at 8,000 a second.
        Raises ValueError for frames of another form, as many sounds as there are not clips, and sound that is broken.
        """
        return self.told(frames, sounds)[0]

    def actions(self, frames, sounds=None):
        """The name of the likeliest action of each clip; None for one that is watched, holds still and is not heard."""
        scores, present = self.told(frames, sounds)
        quiet = ~present[:, 1:].any(1) & (frames.shape[1] > 1)
        return [None if still else self.names[k] for still, k in zip(quiet, scores.argmax(1), strict=True)]

    def told(self, frames, sounds=None):
        """(log-probabilities (N, V), which streams had something to say (N, M) bool), M in the order of `streams`."""
        _check(frames)
        seen, moved = fitting.small_frames(frames), fitting.flow_of(frames)
        heard, hears = _sounds(sounds, len(frames))
        present = torch.stack([torch.ones(len(frames), dtype=bool), moves(seen), hears], 1)
        said = heard_from([self.streams[n] for n in ("frames", "flow", "sound")], [(seen,), (moved,), (heard,)])
        return fitting.scores(self.joint, present, *said), present.numpy()

    def along(self, film, length=LENGTH, step=1):
        """(starts (W,), log-probabilities (W, V)) of every `step`-th window of `length` frames of one film.

        film (T, H, W, 3) uint8, without sound. Each frame is looked at once, however many windows it is in. The last
        window ends with the film or before; a film shorter than `length` is one window.
        """
        film = np.asarray(film)
        if film.ndim != 4 or length < 1 or step < 1:
            raise ValueError(f"along: expected one film (T, H, W, 3), length and step from 1, came {film.shape}, "
                             f"{length} and {step}. Try: watcher(frames) for several clips")  # fmt: skip
        _check(film[None])
        length = min(length, len(film))
        seen, moved = fitting.small_frames(film[None])[0], fitting.flow_of(film[None])[0]
        starts = np.arange(0, len(film) - length + 1, step)
        frames = self._windows("frames", seen, starts, length)
        flow = self._windows("flow", moved, starts, length - 1)
        moving = torch.stack([moves(seen[None, s : s + length])[0] for s in starts])
        said = torch.stack([frames, flow], 1)  # (W, 2, D)
        heads = [self.streams[n].head for n in ("frames", "flow")]
        with torch.inference_mode():
            verdicts = torch.stack([head(said[:, m]).log_softmax(-1) for m, head in enumerate(heads)], 1)
        present = torch.stack([torch.ones_like(moving), moving], 1)
        return starts, fitting.scores(self.joint, present, said, verdicts)

    def _windows(self, name, x, starts, length):
        """Features (W, D) of windows of x (T, ...), each frame looked at once."""
        stream = self.streams[name]
        with torch.inference_mode():
            looked = stream.look(x) if len(x) else x.new_zeros(0, stream.head.in_features)
            return torch.stack([mean_pool(looked[s : s + length]) for s in starts])


def moves(frames):
    """Whether anything changes in small frames (N, T, 3, side, side), from −0.5 to 0.5: (N,) bool."""
    if frames.shape[1] < 2:
        return torch.zeros(len(frames), dtype=bool)
    return frames.diff(dim=1).abs().flatten(1).amax(1) > _STILL


def _sounds(sounds, N):
    """(log-mel (N, _HEARD, 40), zeros where there is no sound; whether there is some (N,) bool)."""
    if sounds is None:
        sounds = [None] * N
    if len(sounds) != N:
        raise ValueError(f"watcher: expected a sound or None for each of {N} clips, came {len(sounds)}")
    good = [None if _silent(sound) else front_end.checked(sound, front_end.RATE) for sound in sounds]
    x = torch.zeros(N, _HEARD, front_end.BANDS)
    for row, sound in zip(x, good, strict=True):
        if sound is not None:
            y = fitting.heard(sound[None])[0]
            row[:] = y[torch.arange(_HEARD) * len(y) // _HEARD]  # a shorter one slower, a longer one faster
    return x, torch.tensor([sound is not None for sound in good])


def _silent(sound):
    """Whether there is nothing to hear: no sound, or one that hardly swings."""
    if sound is None:
        return True
    sound = np.asarray(sound)
    return sound.ndim == 1 and sound.dtype.kind == "f" and sound.size >= front_end.WINDOW and (
        np.ptp(sound) / 2 < front_end.QUIET
    )  # fmt: skip


def _check(frames):
    fitting.check_frames("watcher", frames)
    height, width = frames.shape[2:4]
    if height != width or height < fitting.SIDE:
        raise ValueError(
            f"watcher: expected square frames of at least {fitting.SIDE} pixels, came {height} × {width}. "
            "Try: cut a square out of their middle, or enlarge them"
        )
