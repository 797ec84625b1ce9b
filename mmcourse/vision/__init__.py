"""Vision: convolutional networks that turn images into features of regions, for others to read.

    vgg       VGG-16 from scratch in PyTorch, whole or narrow; torchvision's weights fit
    features  what a frozen network sees, kept in the cache: EfficientNet-Lite0, the course's own small CNN, or a VGG

Elsewhere: `mmcourse.pretrained.efficientnet_lite0` is that network, `mmcourse.checkpoints.nouns` the small CNN and the
task it learned, `mmcourse.studies.vgg_nouns` a narrow VGG-16 on the same task, and `mmcourse.convolution` the layers by
hand.

Axis letters: N images, H and W height and width, C channels, R regions of an image, row by row from the top left.

Papers:
    Simonyan & Zisserman 2015, "Very deep convolutional networks for large-scale image recognition", arXiv:1409.1556:
        table 1, column D, is `vgg16`.
    He et al. 2015, "Delving deep into rectifiers", arXiv:1502.01852: eq. 10 says how to draw its first weights.
    Ioffe & Szegedy 2015, "Batch normalization", arXiv:1502.03167: behind each convolution with batch_norm=True.
    Tan & Le 2019, "EfficientNet", arXiv:1905.11946: the family that EfficientNet-Lite0 comes from.
"""
