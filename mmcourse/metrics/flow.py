"""Two flows against each other: how far apart their vectors end, and the angle between them.

Baker et al. 2011, "A database and evaluation methodology for optical flow", IJCV 92, section 4.1.
"""

import numpy as np


def end_point_error(flow, truth, where=None):
    """The mean distance, in pixels, of where flow and truth say that a pixel goes; NaN where nothing is asked.

    flow, truth (..., H, W, 2): float, (right, down).   where (..., H, W): bool, True where it counts; None: everywhere.
    Raises ValueError for shapes that do not fit.
    """
    _check("end_point_error", flow, truth, where)
    return _mean(np.linalg.norm(np.asarray(flow, float) - truth, axis=-1), where)


def angular_error(flow, truth, where=None):
    """The mean angle, in degrees, between (right, down, 1) of flow and truth; arguments as in `end_point_error`.

    The 1, a frame in time, gives rest a direction, too; so errors of long motions count less, and the same error of a
    motion that is zero counts at most (Barron, Fleet & Beauchemin 1994).
    """
    _check("angular_error", flow, truth, where)
    a, b = (np.concatenate([np.asarray(f, float), np.ones((*f.shape[:-1], 1))], -1) for f in (flow, truth))
    across, along = np.linalg.norm(np.cross(a, b), axis=-1), np.vecdot(a, b)
    return _mean(np.rad2deg(np.arctan2(across, along)), where)  # unlike arccos, exact for small angles


def _mean(errors, where):
    errors = errors if where is None else errors[where]
    return float(errors.mean()) if errors.size else float("nan")


def _check(name, flow, truth, where):
    if flow.shape != truth.shape or flow.ndim < 1 or flow.shape[-1] != 2:
        raise ValueError(f"{name}: expected flow and truth of one shape (..., 2), came {flow.shape} and {truth.shape}")
    if where is not None and (where.shape != flow.shape[:-1] or where.dtype != bool):
        raise ValueError(f"{name}: expected where {flow.shape[:-1]} of bool, came {where.shape} of {where.dtype}")
