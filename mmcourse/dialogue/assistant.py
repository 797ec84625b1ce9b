"""A voice assistant as stages in a row, each a plain function that a learner can swap.

    helper = stages.assistant("en", pictures)               # with all that the course has trained
    turn = helper.answer("find two small cats")             # a text, or (sound, samples a second)
    turn.answer, turn.picture, turn.sound
    helper.answer("how many are there").answer              # of the picture that is being talked about
    helper.replace(understand=mine)                         # the same with another stage

    hear        (sound, rate) to `Heard`: what was said
    understand  a text to `frames.Understood`: what it wants
    look        a picture to `seeing.Seen`: what is in it
    search      slots to `Found`: the pictures that may be wanted, likeliest first
    speak       a text to (sound, rate), or None where it has no voice for that

It says so when it cannot serve: bad sound, a word that it does not know, a thing that is not there, another world. What
a stage refuses with a ValueError becomes such an answer, too, and stands in `Turn.problem`: it never falls over.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

from mmcourse.alignment.space import LANGUAGES
from mmcourse.dialogue import sentences, skills
from mmcourse.dialogue.skills import Reply
from mmcourse.translation.pipeline import StageError, describe

STAGES = ("hear", "understand", "look", "search", "speak")
APOLOGIES = {"hear": "unheard", "understand": "unclear", "look": "unseen", "search": "not found"}  # if a stage fails


class Heard(NamedTuple):
    """text: what was said.   confidence: from 0 to 1.

    others: ((text, log-score), …), what else it may have been, with the text itself, best first; or ().
    """

    text: str
    confidence: float = 1.0
    others: tuple = ()


class Found(NamedTuple):
    """pictures: N, likeliest first.   numbers: theirs in the gallery."""

    pictures: Any
    numbers: Any


@dataclass(frozen=True)
class Turn:
    """One request and its answer.

    heard, understood, seen: what these stages gave, or None where they were not asked.   answer: the text.
    facts: what it tells, as `answer_facts` does.   refusal: why it is no answer, one of skills.REFUSALS, or None.
    picture: what is being talked about.   number: its number in the gallery, where it was found just now.
    sound: (samples, rate), or None.   confidence: the product over the stages.   problem: a `StageError`, or None.
    stages: {name of a stage: what it gave}, in the order in which they were asked.
    """

    heard: Any
    understood: Any
    seen: Any
    answer: str
    facts: Any
    refusal: str | None
    picture: Any
    number: int | None
    sound: Any
    confidence: float
    problem: Any
    stages: dict = field(repr=False)


@dataclass
class Assistant:
    """Five functions (see above), and what has been talked about.

    least_heard, least_understood: below such a confidence it asks again.   tries: pictures that are looked at before
    one is shown.   known: {slot: texts} for proposals.   context: how much, in nats, a text that may have been heard
    gains by making sense of what is in view: a question by its thing being there, a search by finding; 0: nothing.
    """

    hear: Callable
    understand: Callable
    look: Callable
    search: Callable
    speak: Callable
    language: str = "en"
    least_heard: float = 0.0
    least_understood: float = 0.0
    tries: int = 5
    context: float = 0.0
    known: dict = field(default_factory=dict, repr=False)

    def __post_init__(self):
        if self.language not in LANGUAGES:
            raise ValueError(f"Assistant: expected a language of {LANGUAGES}, came {self.language!r}")
        for name in STAGES:
            if not callable(stage := getattr(self, name)):
                raise TypeError(f"Assistant: expected a function as {name}, came {describe(stage)}")
        self.forget()

    def forget(self):
        """A new conversation."""
        self.picture, self.seen, self.concept, self.said = None, None, None, None

    def replace(self, **changes):
        """An assistant with other stages or thresholds, and nothing talked about; this one stays as it is."""
        own = {f.name for f in fields(self)}
        if unknown := sorted(set(changes) - own):
            raise TypeError(f"replace: expected some of {sorted(own)}, came {', '.join(unknown)}")
        return replace(self, **changes)

    def answer(self, request, picture=None):
        """The `Turn` that follows on a request: a text or (sound, rate); picture: what it is about from now on."""
        stages, problem, sound, self._number = {}, None, None, None
        if picture is not None:
            self.picture, self.seen = picture, None
        try:
            reply = self._reply(request, stages)
        except StageError as failed:
            problem, name = failed, APOLOGIES[failed.stage]
            reply = Reply(sentences.fixed(self.language, name), refusal=name)
        try:
            sound = self._stage(stages, "speak", reply.text)
        except StageError as failed:
            problem = problem or failed
        sure = [stages[name].confidence for name in ("hear", "understand", "look") if name in stages]
        return Turn(
            heard=stages.get("hear"), understood=stages.get("understand"), seen=stages.get("look"), answer=reply.text,
            facts=reply.facts, refusal=reply.refusal, picture=self.picture, number=self._number, sound=sound,
            confidence=0.0 if problem else math.prod(sure), problem=problem, stages=stages,
        )  # fmt: skip

    def _reply(self, request, stages):
        heard = Heard(request) if isinstance(request, str) else self._stage(stages, "hear", request)
        stages["hear"] = heard
        if not heard.text.strip() or heard.confidence < self.least_heard:
            return Reply(sentences.fixed(self.language, "unheard"), refusal="unheard")
        stages["hear"], understood = (
            self._most_sensible(heard, stages)
            if self.context
            else (heard, self._in_context(self._stage(stages, "understand", heard.text)))
        )
        stages["understand"] = understood
        if understood.confidence < self.least_understood:
            return Reply(sentences.fixed(self.language, "unclear"), refusal="unclear")
        reply = skills.objection(understood, self.language, self.known) or self._serve(understood, stages)
        if understood.intent != "again":
            self.said = reply.text
        return reply

    def _serve(self, understood, stages):
        """The `Reply` of the skill that is wanted."""
        intent = understood.intent
        if intent == "find":
            return self._find(understood, stages)
        if intent in skills.ABOUT_A_PICTURE:
            if self.picture is None:
                return Reply(sentences.fixed(self.language, "no picture"), refusal="no picture")
            if self.seen is None:
                self.seen = self._stage(stages, "look", self.picture)
            stages["look"] = self.seen
            self.concept = understood.slots.get("concept", self.concept)
            return skills.about(understood, self.seen, self.language)
        if intent == "again" and self.said is None:
            text = sentences.fixed(self.language, "nothing said")
        elif intent == "again":
            text = self.said
        else:
            text = sentences.fixed(self.language, intent)
        if intent == "stop":
            self.forget()
        return Reply(text, skills.answer_facts(understood))

    def _find(self, understood, stages):
        """Look at the first pictures that the search gives, and show the first that is what was wanted."""
        found = self._stage(stages, "search", understood.slots)
        looked = []
        for picture, number in zip(found.pictures[: self.tries], found.numbers[: self.tries], strict=True):
            try:
                looked.append((self._stage(stages, "look", picture), picture, int(number)))
            except StageError:  # a picture that cannot be made out is not shown
                continue
            if skills.fitting(understood.slots, looked[-1][0]):
                break
        if not looked:
            return Reply(sentences.fixed(self.language, "not found"), refusal="not found")
        right = skills.fitting(understood.slots, looked[-1][0])
        self.seen, self.picture, self._number = looked[-1] if right else looked[0]
        stages["look"], self.concept = self.seen, understood.slots["concept"]
        return skills.shown(understood, self.seen, self.language)

    def _most_sensible(self, heard, stages):
        """(`Heard`, `Understood`) of the text with the largest sum of what the ear says and what the eye says to it."""
        best, sense = None, {}
        for text, score in heard.others or ((heard.text, 0.0),):
            try:
                understood = self._in_context(self._stage(stages, "understand", text))
            except StageError:
                continue
            frame = understood.intent, tuple(sorted(understood.slots.items())), understood.unknown
            if frame not in sense:
                sense[frame] = self._makes_sense(understood, stages)
            total = score + self.context * sense[frame]
            if best is None or total > best[0]:
                best = total, heard._replace(text=text), understood
        if best is None:
            raise StageError("understand", heard.text, ValueError("none of the texts that may have been heard is one"))
        return best[1:]

    def _makes_sense(self, understood, stages):
        """Whether what is asked about is there; a request about nothing in view always may be."""
        if understood.intent not in skills.NEEDS:
            return True
        if skills.objection(understood, self.language, self.known):
            return False
        try:
            if understood.intent == "find":
                found = self._stage(stages, "search", understood.slots)
                looked = (self._stage(stages, "look", picture) for picture in found.pictures[: self.tries])
                return any(skills.fitting(understood.slots, seen) for seen in looked)
            if self.picture is None:
                return True
            if self.seen is None:
                self.seen = self._stage(stages, "look", self.picture)
        except StageError:
            return False
        return bool(skills.answer_facts(understood, self.seen).present)

    def _in_context(self, understood):
        """ "How many are there" means the thing that was talked about."""
        lacks = understood.intent in ("count", "where") and "concept" not in understood.slots
        if not lacks or self.concept is None or any(slot == "concept" for slot, _ in understood.unknown):
            return understood
        return replace(understood, slots={**understood.slots, "concept": self.concept})

    def _stage(self, stages, name, given):
        try:
            stages[name] = getattr(self, name)(given)
        except Exception as problem:
            raise StageError(name, given, problem) from problem
        return stages[name]
