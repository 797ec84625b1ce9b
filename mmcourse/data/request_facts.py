"""What the answer to a request must be, given the record of the scene that it is about."""

from dataclasses import dataclass

from mmcourse.data.compositions import Count

RELATIONS = ("left", "right", "above", "below")
MIRRORED = {"right": "left", "below": "above"}  # the relations that scenes do not have, turned round
_ALL_MIRRORED = MIRRORED | {there: back for back, there in MIRRORED.items()}


@dataclass(frozen=True)
class Facts:
    """What a right answer says; None where there is nothing to say.

    find        present: whether the scene is one that was wanted
    count       number: how many there are, 0 to 3; present
    where       present; relation and concept: it is, say, left of a dog; background: where it is in any case
    what        present: whether the scene shows the second concept; concept: what stands there, None for nothing
    describe    present True; text: the scene's caption
    others      nothing
    """

    intent: str
    present: bool | None = None
    number: int | None = None
    relation: str | None = None
    concept: str | None = None
    background: str | None = None
    text: str | None = None


def answer_facts(request, scene=None):
    """The `Facts` that the answer to a `Request` must tell about a `mmcourse.data.scenes.Scene`.

    scene may be None for a request about no scene: again, help, stop, other. Else raises ValueError for None.
    """
    if request.intent in ("again", "help", "stop", "other"):
        return Facts(request.intent)
    if scene is None:
        raise ValueError(f"answer_facts: a request to {request.intent!r} is about a scene, came None")
    return _TELL[request.intent](request, scene)


def fits(slots, scene):
    """Whether a scene shows what the slots of a request to find ask for.

    What is not asked for may be anything. number: exactly so many. "small" and "big" are the sizes of a `Count`; of two
    different things neither is either.
    """
    shown = [thing.concept for thing in scene.objects]
    number, count = slots.get("number"), shown.count(slots["concept"])
    if count == 0 or number not in (None, count) or slots.get("background", scene.background) != scene.background:
        return False
    if "size" in slots and slots["size"] != _size(scene):
        return False
    return "relation" not in slots or _beside(scene, slots["concept"]) == (slots["relation"], slots["second"])


def _size(scene):
    if scene.kind != "count":
        return "medium"
    _, *fields = scene.key.split()
    return Count(*fields).size


def _beside(scene, concept):
    """(relation, other): of a pair, where a concept is beside the other one; (None, None) for anything else."""
    if scene.kind != "pair":
        return None, None
    _, first, relation, second = scene.key.split()
    return {first: (relation, second), second: (_ALL_MIRRORED[relation], first)}.get(concept, (None, None))


def _find(request, scene):
    return Facts("find", present=fits(request.slots, scene))


def _count(request, scene):
    number = sum(thing.concept == request.slots["concept"] for thing in scene.objects)
    return Facts("count", present=number > 0, number=number)


def _where(request, scene):
    concept = request.slots["concept"]
    if all(thing.concept != concept for thing in scene.objects):
        return Facts("where", present=False)
    relation, other = _beside(scene, concept)
    return Facts("where", present=True, relation=relation, concept=other, background=scene.background)


def _what(request, scene):
    second = request.slots["second"]
    relation, other = _beside(scene, second)  # where the landmark is, seen from the other
    there = other if _ALL_MIRRORED.get(relation) == request.slots["relation"] else None
    return Facts("what", present=any(thing.concept == second for thing in scene.objects), concept=there)


def _describe(request, scene):
    return Facts("describe", present=True, text=scene.caption(request.language).text)


_TELL = {"find": _find, "count": _count, "where": _where, "what": _what, "describe": _describe}
