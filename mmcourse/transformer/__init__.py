"""Transformers: one architecture for words, patches of a picture and windows of a series.

    scratch     blocks, patches, tokens of several modalities and a loss on hidden tokens (`pytorch`: the twins)
    models      a network of these blocks for any number of modalities

Axis letters:

    B  batch        T  tokens        S  tokens of the memory that a decoder looks at        D  width of a token
    M  hidden units of the MLP, or modalities        P  patches        C  channels        W  width of a raw token

Papers:
    Vaswani et al. 2017, "Attention is all you need", arXiv:1706.03762: section 3.1, the blocks; section 3.3, the MLP.
    Xiong et al. 2020, "On layer normalization in the Transformer architecture", arXiv:2002.04745: normalise first.
    Dosovitskiy et al. 2021, "An image is worth 16x16 words", arXiv:2010.11929: section 3.1, `patches`, a class token.
    He et al. 2022, "Masked autoencoders are scalable vision learners", arXiv:2111.06377: section 3, `masked_mse_loss`.
    Xu, Zhu & Clifton 2023, "Multimodal learning with Transformers: a survey", arXiv:2206.06488: `place_tokens` and
        `join_modalities` prepare what it calls early concatenation.

In a mask, True means "may look", as in the attention room.
"""
