"""Networks that others trained; their weights come with packages that `pip` installs, and are checked before use.

    efficientnet_lite0   a convolutional network for photographs, trained on ImageNet (the extra `pretrained`)

Weights are loaded as numbers only, never as code, from the file with the pinned sha256.
"""


class PretrainedError(RuntimeError):
    """Weights are missing, or are not the ones that the course is pinned to."""
