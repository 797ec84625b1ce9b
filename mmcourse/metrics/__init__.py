"""Numbers that say how good something is, and how sure we may be of them.

    pointing    does attention lie where the thing is?
    intervals   how far a measured share may be from the true one
    bootstrap   the same for any statistic, for two methods on the same examples, and over seeds
    bleu        captions against references: shared n-grams
    rouge       captions against references: the longest common subsequence
    cider       captions against references: shared n-grams, the rare ones counting more
    frechet     two clouds of features, as Gaussians
"""

from mmcourse.metrics.bleu import bleu, bleu_counts, bleu_of_counts
from mmcourse.metrics.bootstrap import bootstrap_interval, over_seeds, paired_interval
from mmcourse.metrics.cider import cider_d, cider_d_scores, document_frequencies
from mmcourse.metrics.frechet import frechet_distance
from mmcourse.metrics.intervals import wilson_interval
from mmcourse.metrics.pointing import points_inside, share_inside
from mmcourse.metrics.rouge import rouge_l, rouge_l_scores

__all__ = [
    "bleu",
    "bleu_counts",
    "bleu_of_counts",
    "bootstrap_interval",
    "cider_d",
    "cider_d_scores",
    "document_frequencies",
    "frechet_distance",
    "over_seeds",
    "paired_interval",
    "points_inside",
    "rouge_l",
    "rouge_l_scores",
    "share_inside",
    "wilson_interval",
]
