"""Numbers that say how good something is, and how sure we may be of them.

    pointing    does attention lie where the thing is?
    intervals   how far a measured share may be from the true one
    bootstrap   the same for any statistic, for two methods on the same examples, and over seeds
    bleu        captions against references: shared n-grams
    rouge       captions against references: the longest common subsequence
    cider       captions against references: shared n-grams, the rare ones counting more
    cepstral    two clips of speech: how differently coloured, in dB, once aligned in time
    frechet     two clouds of features, as Gaussians
    error_rates what was understood against what was said: words or characters substituted, deleted, inserted
    retrieval   where the right answer stands among all: ranks, recall at k
"""

from mmcourse.metrics.bleu import bleu, bleu_counts, bleu_of_counts
from mmcourse.metrics.bootstrap import bootstrap_interval, over_seeds, paired_interval
from mmcourse.metrics.cepstral import dynamic_time_warping, mel_cepstra, mel_cepstral_distortion
from mmcourse.metrics.cider import cider_d, cider_d_scores, document_frequencies
from mmcourse.metrics.error_rates import (
    character_error_rate,
    edit_distance,
    error_counts,
    rate_of_counts,
    word_error_rate,
)
from mmcourse.metrics.frechet import frechet_distance
from mmcourse.metrics.intervals import wilson_interval
from mmcourse.metrics.pointing import points_inside, share_inside
from mmcourse.metrics.retrieval import median_rank, ranks, recall_at_k, recall_interval
from mmcourse.metrics.rouge import rouge_l, rouge_l_scores

__all__ = [
    "bleu",
    "bleu_counts",
    "bleu_of_counts",
    "bootstrap_interval",
    "character_error_rate",
    "cider_d",
    "cider_d_scores",
    "document_frequencies",
    "dynamic_time_warping",
    "edit_distance",
    "error_counts",
    "frechet_distance",
    "median_rank",
    "mel_cepstra",
    "mel_cepstral_distortion",
    "over_seeds",
    "paired_interval",
    "points_inside",
    "ranks",
    "rate_of_counts",
    "recall_at_k",
    "recall_interval",
    "rouge_l",
    "rouge_l_scores",
    "share_inside",
    "wilson_interval",
    "word_error_rate",
]
