"""Networks that others trained; their weights come with packages that `pip` installs, and are checked before use.

    efficientnet_lite0   a convolutional network for photographs, trained on ImageNet
    imagenet             the names of ImageNet's classes, and what that network makes of a photograph
    sentence_encoder     all-MiniLM-L6-v2, a Transformer for English sentences; `wordpiece` is its tokenizer
    engines              PocketSphinx and Whisper, which listen, and Piper, which speaks; for comparison

Weights are loaded as numbers only, never as code, from the file with the pinned sha256. Cards are in `cards/`.
"""


class PretrainedError(RuntimeError):
    """Weights are missing, or are not the ones that the course is pinned to."""
