"""Medicine, cells under a microscope: sensitivity, specificity, calibration, and what a positive answer means.

Logistic regressions on the views of `mmcourse.data.tumours`: each alone, all measures together, and the sum of what
both say. 37 % of these lumps are malignant. The caveat is measured: of the same answers at a screening's prevalence,
few that are positive are ill, and the probabilities are far too high until they are told of the prevalence.
"""

import functools

import numpy as np
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mmcourse.data import tumours
from mmcourse.metrics import bootstrap_interval, expected_calibration_error

METHODS = ("size", "shape", "concatenation", "late sum")
SCREENING = 0.006  # an assumption: six ill people in a thousand


@functools.cache
def cells():
    return tumours.load()


def run(seed):
    """The probability that each lump is malignant, from a model that has not seen it: {method: (N,)}, 5 decimals."""
    data, said = cells(), {method: np.empty(len(cells())) for method in METHODS}
    for train, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(data.ill, data.ill):
        for method in METHODS:
            said[method][test] = expit(log_odds(method, train, test))
    return {method: [round(float(p), 5) for p in probabilities] for method, probabilities in said.items()}


def log_odds(method, train, test):
    """What a method says of the lumps `test`, trained on `train`; both index the lumps.

    The late sum adds what two experts say and takes the prior away once, since each of them counts it: right if the
    views were independent given the illness (naive Bayes), which they are not.
    """
    data = cells()
    if method == "late sum":
        return log_odds("size", train, test) + log_odds("shape", train, test) - logit(data.ill[train].mean())
    x = np.concatenate(list(data.views.values()), 1) if method == "concatenation" else data.views[method]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(x[train], data.ill[train])
    return model.decision_function(x[test])


def at_prevalence(probabilities, prevalence):
    """Probabilities (N,) from a set with this one's prevalence, for people of whom the share `prevalence` is ill.

    Only the prior odds change (Elkan 2001, "The foundations of cost-sensitive learning", theorem 2).
    """
    p = np.clip(probabilities, 1e-5, 1 - 1e-5)
    return expit(logit(p) - logit(cells().ill.mean()) + logit(prevalence))


def predictive_value(sensitivity, specificity, prevalence):
    """The share of positive answers that are right, by Bayes' rule; NaN where there is no positive answer."""
    positive = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    return positive[0] / total if (total := sum(positive)) else float("nan")


def rates(said, ill):
    """(sensitivity, specificity) of answers `said` (N,), shares from 0 to 1, on lumps of which `ill` (N,) are."""
    return said[ill].mean(), 1 - said[~ill].mean()


def answers(lines, method):
    """The share of seeds in which a lump is called malignant, at probability 1/2: (N,)."""
    return np.mean([np.array(line[method]) > 0.5 for line in lines], 0)


def summary(lines, method):
    """A method's numbers, a dict: sensitivity, specificity, calibration error and Brier score in this set, predictive
    values here and at a screening, and the mean probability there before and after it is told the prevalence."""
    ill = cells().ill
    sensitivity, specificity = rates(answers(lines, method), ill)
    p = np.array([line[method] for line in lines])

    def screened(p):  # the mean over people of whom SCREENING are ill
        return SCREENING * p[:, ill].mean() + (1 - SCREENING) * p[:, ~ill].mean()

    errors = [expected_calibration_error(np.maximum(q, 1 - q), (q > 0.5) == ill) for q in p]
    return {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "calibration error": np.mean(errors),
        "brier": np.mean((p - ill) ** 2),
        "value here": predictive_value(sensitivity, specificity, ill.mean()),
        "value screened": predictive_value(sensitivity, specificity, SCREENING),
        "mean p screened": screened(p),
        "mean p corrected": screened(at_prevalence(p, SCREENING)),
    }


def value_interval(lines, method, prevalence=SCREENING):
    """Where the predictive value lies, 95 % over lumps, by the bootstrap: (low, high)."""
    pairs = np.stack([answers(lines, method), cells().ill], 1)
    return bootstrap_interval(
        pairs, lambda rows: predictive_value(*rates(rows[:, 0], rows[:, 1] > 0), prevalence), rng=_rng()
    )


def _rng():
    return np.random.default_rng(0)


def as_text(lines):
    """What each method's answers are worth, here and at a screening; the interval is of the value screened."""
    shown = ("sensitivity", "specificity", "value here", "value screened")
    rows = [f"{'tumours':16s}" + "".join(f"{name:>16s}" for name in shown) + "  (95 %)"]
    for method in METHODS:
        found = summary(lines, method)
        row = "".join(f"{found[name]:16.3f}" for name in shown)
        rows.append(f"{method:16s}{row}  [{{:.3f}}, {{:.3f}}]".format(*value_interval(lines, method)))
    return "\n".join(rows)
