"""Layers: the small functions that every model of the course is made of.

Axis letters: `...` any leading axes, I width of the input, O width of the output, V entries of a vocabulary.

Every function returns `(y, cache)`; its `_backward` stands directly under it, takes `(dy, cache)` and returns the
gradients in the order of the arguments. `dy` is dL/dy for a scalar loss L, shaped like y. Parameters have PyTorch's
layout and names, so that weights can be copied by name.

Papers:
    Ba, Kiros & Hinton 2016, "Layer normalization", arXiv:1607.06450: eq. 4 is `layer_norm`.
    Hendrycks & Gimpel 2016, "Gaussian error linear units", arXiv:1606.08415: the tanh form in section 2 is `gelu`.
    Srivastava et al. 2014, "Dropout", JMLR 15: section 4, in the inverted form that leaves evaluation alone.
    Kingma & Ba 2015, "Adam", arXiv:1412.6980: algorithm 1 is `adam`.
"""
