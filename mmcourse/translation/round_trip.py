"""All the way round: an image is described, the description is said, heard, and painted again.

    trip = around(image, see, say, listen, paint)       # four translators of `directions`
    trip.written, trip.heard                            # two sentences
    trip.painted                                        # a picture of the second one

What is lost on the way shows in facts (`facts.of`), for pictures of the same sentence differ in every pixel.
"""

from typing import Any, NamedTuple

from mmcourse.translation.pipeline import StageError


class Trip(NamedTuple):
    """What each translation gave: a text, (sound, rate), a text, a picture; None from where one could not go on."""

    written: Any
    spoken: Any
    heard: Any
    painted: Any


def around(image, see, say, listen, paint):
    """The `Trip` of an image."""
    found, x = [], image
    for translate in (see, say, listen, paint):
        x = attempt(translate, x)
        found.append(x)
    return Trip(*found)


def attempt(translate, x):
    """The translation of x; None for None, and where the translator cannot go on (`StageError`)."""
    if x is None:
        return None
    try:
        return translate(x)
    except StageError:
        return None


def judged(told, named):
    """What a picture shows to a judge who names the thing and the place of each of its N portraits.

    told: the `Facts` it was painted from, which decide the layout, so number, size and relation.
    named: N times (thing, place). Portraits that do not show the same place leave none.
    """
    things = tuple(thing for thing, _ in named)
    places = {place for _, place in named}
    if told.relation is None:
        things = tuple(dict.fromkeys(things))  # "two cats" are one kind of thing
    return told._replace(things=things, place=places.pop() if len(places) == 1 else None)
