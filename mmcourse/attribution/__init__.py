"""Attribution: how much of an answer is owed to which modality, which token, which number.

    scratch     attention rollout, gradient × input, integrated gradients, Shapley values and interactions in NumPy
    pytorch     the twins; the gradient that the second and third need, by autograd; networks forgotten from the top

Axis letters: M modalities, S = 2^M coalitions of them, L layers, B examples, H heads, T tokens.

A coalition is the set of modalities that are there: number s, in which bit m says whether modality m is. So coalition 0
has none of them, and the last, S - 1, has all.

Papers:
    Abnar & Zuidema 2020, "Quantifying attention flow in transformers", arXiv:2005.00928: `attention_rollout`.
    Shrikumar et al. 2017, "Learning important features through propagating activation differences", arXiv:1704.02685:
        compares with `gradient_times_input`.
    Sundararajan et al. 2017, "Axiomatic attribution for deep networks", arXiv:1703.01365: `integrated_gradients`.
    Shapley 1953, "A value for n-person games", Contributions to the Theory of Games II: `shapley_values`.
    Harsanyi 1963, "A simplified bargaining model for the n-person cooperative game", International Economic Review 4:
        the dividends by which `pytorch` comes to the same values.
    Lundberg & Lee 2017, "A unified approach to interpreting model predictions", arXiv:1705.07874: Shapley's values for
        the inputs of a model.
    Grabisch & Roubens 1999, "An axiomatic approach to the concept of interaction among players in cooperative games",
        International Journal of Game Theory 28: `shapley_interactions`.
    Adebayo et al. 2018, "Sanity checks for saliency maps", arXiv:1810.03292: an attribution must change when the
        weights do. `forgotten_from_the_top` makes the networks, `mmcourse.saliency.scratch.rank_correlation` compares.

Each answers its own question. Rollout tells where information may have come from, if every attention passed on what it
looked at; gradients, what a small change would do; Shapley values, what a modality adds on average over the orders in
which they could have come. Each of the last two needs something to stand for "not there", and its answer is about that.
"""
