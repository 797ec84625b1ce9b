"""Fusion: one representation from several modalities.

Axis letters: `...` any leading axes, A and B widths of two modalities, M modalities, D a width that all share,
O width of the fused representation, K rank, V classes.

Where a function takes two modalities they are called a (..., A) and b (..., B); where it takes any number of them they
stand stacked in `features` (..., M, D), and `present` (..., M) says which are there.

Papers:
    Arevalo et al. 2017, "Gated multimodal units", arXiv:1702.01992: the bimodal unit of section 3 is `gated_fusion`.
    Zadeh et al. 2017, "Tensor fusion network", arXiv:1707.07250: section 4.2 is `tensor_fusion`.
    Liu et al. 2018, "Efficient low-rank multimodal fusion", arXiv:1806.00064: section 3 is `low_rank_fusion`.
    Jacobs et al. 1991, "Adaptive mixtures of local experts", Neural Computation 3: `mixture_of_experts_fusion`.
    Bahdanau et al. 2015, arXiv:1409.0473, eqs 5 and 6, with modalities in place of words: `attention_fusion`.
"""
