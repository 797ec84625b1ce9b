"""Calibration: probabilities that mean what they say, and a policy for not being sure.

    scratch     one temperature for all logits, and when to route and when to ask back, in NumPy (`pytorch`: the twins)
    desk        a model of text and image with such a policy, which says why

Axis letters: N examples, K classes.

Papers:
    Guo et al. 2017, "On calibration of modern neural networks", arXiv:1706.04599: section 4.2, temperature scaling.
    Chow 1970, "On optimum recognition error and reject tradeoff", IEEE Trans. Information Theory 16, p. 41: refuse
        where the largest probability is below one minus the cost of refusing.
"""
