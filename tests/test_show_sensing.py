"""The figure of a moment in tokens."""

import numpy as np

from mmcourse import show


def test_a_moment_is_cut_as_the_transformer_reads_it():
    rng = np.random.default_rng(0)
    body = rng.standard_normal((320, 2))
    face, frames = rng.integers(0, 255, (32, 32), np.uint8), rng.standard_normal((13, 240))
    fig = show.senses(face, frames, "so it was you", body, 32)
    face, frames, pulse, skin = fig.axes
    assert len(face.get_xticks()) == 3  # between four patches
    assert frames.images[0].get_array().shape == (240, 13)
    for ax, series in ((pulse, body[:, 0]), (skin, body[:, 1])):
        curve, *lines = ax.lines
        assert np.array_equal(curve.get_ydata(), series)
        assert len(lines) == 9  # between ten seconds
    assert "so  |  it  |  was  |  you" in fig.get_supxlabel()
