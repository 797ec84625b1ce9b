"""Saliency: which part of a picture a network's verdict rests on, by gradients and by covering.

    scratch     Grad-CAM, the way back through EfficientNet-Lite0's head by hand, occlusion, rank correlation
    pytorch     the twins; Grad-CAM at any layer of any network, by hooks; a head with its weights shuffled

Axis letters: B or N pictures, C channels of the grid that a head takes, H and W its height and width, K channels inside
the head, V classes, Y and X places of a covering patch.

Papers:
    Selvaraju et al. 2017, "Grad-CAM: visual explanations from deep networks via gradient-based localization",
        arXiv:1610.02391: eqs 1 and 2 are `grad_cam`.
    Zhou et al. 2016, "Learning deep features for discriminative localization" (CAM), arXiv:1512.04150: what Grad-CAM
        becomes where only a global average and a linear layer follow.
    Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks", arXiv:1311.2901: `occlusion`.
    Adebayo et al. 2018, "Sanity checks for saliency maps", arXiv:1810.03292: a map must change when the weights do;
        `shuffled` and `rank_correlation`.

A map says where a change of the grid would change this class's logit. It does not say why, nor that the network is
right; and on a wrong verdict it looks as convincing.
"""
