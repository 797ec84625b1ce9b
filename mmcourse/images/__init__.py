"""Images: the steps that stand between a file and a model: resize, crop, normalise.

Axis letters: `...` any leading axes (pictures), C channels, H and W height and width, Y and X height and width of the
answer. Pictures are (..., C, H, W), as in PyTorch; Pillow and matplotlib have the channels last.

Pixel i covers the interval from i to i + 1, so its centre lies at i + 1/2, and a picture of n pixels is n wide
whatever its size: the convention of Pillow, and of PyTorch with align_corners=False.

Papers:
    Heckbert 1989, "Fundamentals of texture mapping and image warping", master's thesis, UC Berkeley: section 3, why a
        picture must be smoothed before it is made smaller; `resize` does it with a triangle (a tent).
    Krizhevsky, Sutskever & Hinton 2012, "ImageNet classification with deep convolutional neural networks", NIPS 25:
        section 2 resizes, takes the middle and subtracts the mean, the chain that has been common ever since.
"""
