"""Numbers that say how good something is, and how sure we may be of them.

    pointing    does attention lie where the thing is?
    intervals   how far a measured share may be from the true one
"""

from mmcourse.metrics.intervals import wilson_interval
from mmcourse.metrics.pointing import points_inside, share_inside

__all__ = ["points_inside", "share_inside", "wilson_interval"]
