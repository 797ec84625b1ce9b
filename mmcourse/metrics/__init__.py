"""Numbers that say how good something is, and how sure we may be of them.

    pointing    does attention lie where the thing is?
    intervals   how far a measured share may be from the true one
    bootstrap   the same for any statistic, for two methods on the same examples, and over seeds
"""

from mmcourse.metrics.bootstrap import bootstrap_interval, over_seeds, paired_interval
from mmcourse.metrics.intervals import wilson_interval
from mmcourse.metrics.pointing import points_inside, share_inside

__all__ = [
    "bootstrap_interval",
    "over_seeds",
    "paired_interval",
    "points_inside",
    "share_inside",
    "wilson_interval",
]
