"""Convolution: one small set of weights looks at every place of a picture in turn.

Axis letters: B pictures, C channels in, O channels out, H and W height and width in, Y and X height and width out,
R and S height and width of the kernel.

Pictures are (B, C, H, W), kernels (O, C, R, S), as in PyTorch. What the literature and this room call convolution is
the cross-correlation y[o, y, x] = Σ w[o, c, r, s] x[c, y + r, x + s]: the kernel is not flipped.

Papers:
    LeCun et al. 1998, "Gradient-based learning applied to document recognition", Proc. IEEE 86, section II: `conv2d`
        and `avg_pool2d`.
    Chellapilla et al. 2006, "High performance convolutional neural networks for document processing", IWFHR: a
        convolution as one matrix product over unrolled windows, as `conv2d` does it.
    Ioffe & Szegedy 2015, "Batch normalization", arXiv:1502.03167: algorithm 1 is `batch_norm`.
"""
