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
    calibration do probabilities mean what they say, and what does asking back buy?
    detection   boxes against the true ones: average precision
    flow        where optical flow says that a pixel goes, against where it goes
    summary     key frames of a film against the events they should show
"""

from mmcourse.metrics.bleu import bleu, bleu_counts, bleu_of_counts
from mmcourse.metrics.bootstrap import bootstrap_interval, over_seeds, paired_interval
from mmcourse.metrics.calibration import brier_score, expected_calibration_error, reliability, risk_coverage
from mmcourse.metrics.cepstral import dynamic_time_warping, mel_cepstra, mel_cepstral_distortion
from mmcourse.metrics.cider import cider_d, cider_d_scores, document_frequencies
from mmcourse.metrics.detection import (
    COCO_THRESHOLDS,
    Detections,
    Truths,
    average_precision,
    average_precision_of_matches,
    detection_matches,
    precision_recall,
)
from mmcourse.metrics.error_rates import (
    character_error_rate,
    edit_distance,
    error_counts,
    rate_of_counts,
    word_error_rate,
)
from mmcourse.metrics.flow import angular_error, end_point_error
from mmcourse.metrics.frechet import frechet_distance
from mmcourse.metrics.intervals import wilson_interval
from mmcourse.metrics.pointing import points_inside, share_inside
from mmcourse.metrics.retrieval import median_rank, ranks, recall_at_k, recall_interval
from mmcourse.metrics.rouge import rouge_l, rouge_l_scores
from mmcourse.metrics.summary import boundary_scores, summary_hits, summary_scores

__all__ = [
    "COCO_THRESHOLDS",
    "Detections",
    "Truths",
    "angular_error",
    "average_precision",
    "average_precision_of_matches",
    "bleu",
    "bleu_counts",
    "bleu_of_counts",
    "bootstrap_interval",
    "boundary_scores",
    "brier_score",
    "character_error_rate",
    "cider_d",
    "cider_d_scores",
    "detection_matches",
    "document_frequencies",
    "dynamic_time_warping",
    "edit_distance",
    "end_point_error",
    "error_counts",
    "expected_calibration_error",
    "frechet_distance",
    "median_rank",
    "mel_cepstra",
    "mel_cepstral_distortion",
    "over_seeds",
    "paired_interval",
    "points_inside",
    "precision_recall",
    "ranks",
    "rate_of_counts",
    "recall_at_k",
    "recall_interval",
    "reliability",
    "risk_coverage",
    "rouge_l",
    "rouge_l_scores",
    "share_inside",
    "summary_hits",
    "summary_scores",
    "wilson_interval",
    "word_error_rate",
]
