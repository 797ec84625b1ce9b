"""Name what an image shows without ever having learned the names as classes: by the nearest of some sentences.

    asked = [prompts(concept, "en") for concept in CONCEPTS]
    classes = class_vectors(asked, encode)                  # (V, D), each the middle of its sentences
    names = zero_shot(u, classes)                           # (N,) int
    names = nearest_prompt(u, asked, encode)                # the same by the nearest single sentence

N images, V classes, D width of the space.
"""

import numpy as np

from mmcourse.alignment.scratch import normalise
from mmcourse.data.captions import caption
from mmcourse.data.compositions import Count, sizes_for
from mmcourse.data.concepts import BACKGROUNDS


def prompts(concept, language):
    """All sentences that count one concept: each number, size and place that a scene has room for."""
    return [caption(Count(concept, count, size, background), language).text
            for count in (1, 2, 3) for size in sizes_for(count) for background in BACKGROUNDS]  # fmt: skip


def class_vectors(prompts, encode):
    """A vector of length 1 for each class, (V, D): the middle of its prompts, themselves of length 1.

    Averaged, the prompts say the class and no longer what else differs (Radford et al. 2021, section 3.1.4).

    prompts: V lists of texts. encode: K texts to (K, D).
    """
    return normalise(np.stack([part.mean(0) for part in _encoded(prompts, encode)]))[0]


def zero_shot(images, classes):
    """The class with the largest cosine, (N,) int.   images (N, D), classes (V, D)."""
    if images.ndim != 2 or classes.ndim != 2 or images.shape[1] != classes.shape[1] or not len(classes):
        raise ValueError(f"zero_shot: expected images (N, D) and classes (V, D), came {images.shape}, {classes.shape}")
    return (normalise(images)[0] @ normalise(classes)[0].T).argmax(1)


def nearest_prompt(images, prompts, encode):
    """The class of the single prompt with the largest cosine, (N,) int.   images (N, D), prompts and encode as above.

    Where a space tells apart what the average leaves open (two from three, small from big), this names better.
    """
    return np.stack([(normalise(images)[0] @ part.T).max(1) for part in _encoded(prompts, encode)]).argmax(0)


def _encoded(prompts, encode):
    """V arrays of vectors of length 1, one a class."""
    if not (len(prompts) and all(len(few) for few in prompts)):
        raise ValueError("expected at least one class, and a prompt for each")
    vectors = normalise(encode([text for few in prompts for text in few]))[0]
    return np.split(vectors, np.cumsum([len(few) for few in prompts])[:-1])
