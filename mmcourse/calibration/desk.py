"""A desk that routes or asks back, and says why: a model of text and image, a temperature and a cost.

desk = Desk(predict, known, ROUTES, temperature=1.2, cost=0.2)
desk.decide("my card was declined", screenshot)     # Decision("payment", {"payment": 0.99, …}, "sure enough: …")

It stays up: what cannot be read or seen is asked back, with the reason, and only a thing of another kind is an error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mmcourse.calibration.scratch import ASK_BACK, route

EVEN = 3.0  # standard deviation of pixels below which a picture shows nothing


class Decision(NamedTuple):
    """desk: a name, or None to ask back.   chances: {name: probability}, {} if nothing was asked of the model.
    why: in a sentence, for the customer or for who looks over the desk's shoulder."""

    desk: str | None
    chances: dict
    why: str


@dataclass(frozen=True)
class Desk:
    """predict: (text, image (H, W, 3) uint8) to log probabilities (K,).   known: a text to (known, unknown) words.

    names: of the K classes.   shape: of the images.   temperature: what logits are divided by.   cost: of asking back.
    """

    predict: Callable
    known: Callable
    names: tuple
    shape: tuple
    temperature: float = 1.0
    cost: float = 0.2

    def decide(self, text, image):
        """Where a ticket goes. Raises TypeError for a text that is none, ValueError for an image of another form."""
        if not isinstance(text, str):
            raise TypeError(f"decide: expected the customer's words as a string, came {type(text).__name__}")
        image = np.asarray(image)
        if image.shape != tuple(self.shape) or image.dtype != np.uint8:
            raise ValueError(
                f"decide: expected a screenshot {tuple(self.shape)} uint8, came {image.shape} {image.dtype}. "
                "Try: mmcourse.images.scratch.resize"
            )
        words, others = self.known(text)
        if not words:
            told = f"I know none of these words: {', '.join(others)}." if others else "There are no words."
            return Decision(None, {}, f"{told} What is it about?")
        if image.std() < EVEN:
            return Decision(None, {}, "The screenshot shows nothing. Could you take it again?")
        z = np.asarray(self.predict(text, image), float) / self.temperature
        p = np.exp(z - z.max())
        p /= p.sum()
        chances = {name: round(float(c), 4) for name, c in zip(self.names, p, strict=True)}
        best = self.names[int(p.argmax())]
        if route(p[None], self.cost)[0] == ASK_BACK:
            return Decision(None, chances, f"Perhaps {best}, but with {p.max():.0%} that is a guess. Tell me more?")
        return Decision(best, chances, f"Sure enough: {p.max():.0%}.")
