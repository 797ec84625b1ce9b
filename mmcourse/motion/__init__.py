"""Motion: optical flow, where each pixel of a frame goes until the next.

    scratch     gradients, Lucas & Kanade in one step and from coarse to fine, warping, in NumPy (`pytorch`: the twins)
    colours     a flow as a picture: direction as hue, length as strength; and colour frames made grey

Axis letters: `...` any leading axes (clips, frames), H and W height and width; the last axis of a flow is
(right, down), in pixels from the first frame to the second, as `mmcourse.data.clips.flow` has it.

Only `warp` has its way back written out: the rest has nothing to learn, and where a slope through it is wanted, the
twins give it by autograd.

Papers:
    Horn & Schunck 1981, "Determining optical flow", Artificial Intelligence 17, p. 185: brightness constancy,
        Ix u + Iy v + It = 0, and the aperture problem.
    Lucas & Kanade 1981, "An iterative image registration technique with an application to stereo vision", IJCAI,
        p. 674: `lucas_kanade`, least squares in a window.
    Shi & Tomasi 1994, "Good features to track", CVPR, p. 593: the eigenvalues in `structure`.
    Bouguet 2000, "Pyramidal implementation of the Lucas Kanade feature tracker", Intel: from coarse to fine.
    Le Besnerais & Champagnat 2005, "Dense optical flow by iterative local window registration", ICIP: how
        `pyramidal_lucas_kanade` repeats a step in every pixel at once.
    Baker et al. 2011, "A database and evaluation methodology for optical flow", IJCV 92, p. 1: the colour wheel and
        both errors in `mmcourse.metrics.flow`.
"""
