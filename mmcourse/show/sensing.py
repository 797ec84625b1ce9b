"""Figures of moments that are seen, heard, read and felt."""

import numpy as np
from matplotlib import pyplot as plt

from mmcourse.show.style import COLOURS


def senses(face, frames, text, body, rate, names=("pulse", "skin conductance")):
    """A moment cut into the tokens that a Transformer reads; returns the Figure.

    face (H, W) uint8, cut into patches of 8.   frames (T, F): log-mel tokens.   text: str.
    body (N, 2): two series at `rate` samples a second, cut into seconds.
    """
    fig = plt.figure(figsize=(11, 3.2), layout="constrained")
    grid = fig.add_gridspec(2, 3, width_ratios=(1, 1.6, 2))
    ax = fig.add_subplot(grid[:, 0])
    ax.imshow(face, cmap="gray", vmin=0, vmax=255)
    ax.set(title="patches", xticks=np.arange(7.5, face.shape[1] - 1, 8), yticks=np.arange(7.5, face.shape[0] - 1, 8))
    ax.grid(color=COLOURS[1], lw=0.8)
    ax.tick_params(length=0, labelbottom=False, labelleft=False)
    ax = fig.add_subplot(grid[0, 1:])
    ax.imshow(frames.T, aspect="auto", origin="lower", interpolation="nearest")
    ax.set(title="frames (a column each)", xticks=[], ylabel="numbers")
    for k, name in enumerate(names):
        ax = fig.add_subplot(grid[1, 1 + k])
        seconds = np.arange(len(body)) / rate
        ax.plot(seconds, body[:, k], color=COLOURS[k], lw=1)
        for second in range(1, int(seconds[-1]) + 1):
            ax.axvline(second, color="0.85", lw=0.8, zorder=0)
        ax.set(title=f"windows: {name}", xlabel="second", xlim=(0, seconds[-1]))
        ax.set_ylabel(("light (no unit)", "microsiemens")[k])
    fig.supxlabel("words:   " + "  |  ".join(text.split()), fontsize=10)
    return fig
