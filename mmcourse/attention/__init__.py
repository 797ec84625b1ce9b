"""Attention: a soft dictionary that looks everywhere at once and can be differentiated.

Axis letters of this room, used in every docstring and on the lines that change a shape:

    ...  any number of leading axes (batch, heads)      N  all of them flattened into one
    Q    queries        K  keys        D  width of a query and of a key        E  width of a value
    H    heads          X  width of what asks          C  width of the context that is looked at

Papers:
    Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762: eq. 1 is `scaled_dot_product_attention`,
        section 3.2.2 is `multi_head_attention`. Their d_k is our D, their d_v our E.
    Milakov & Gimelshein 2018, "Online normalizer calculation for softmax", arXiv:1805.02867: algorithm 3.
    Dao et al. 2022, "FlashAttention", arXiv:2205.14135: algorithms 1 and 4 are `tiled_attention` and its backward.

In a mask, True means "may look". A query that may look nowhere answers with zeros, and its gradients are zeros.
"""
