"""A voice assistant, stage by stage: 200 spoken requests per language, by voices that it has never heard.

    python -m mmcourse.studies.assistant            runs what is missing, then prints the tables; safe to stop
    python -m mmcourse.studies.assistant zh         only what is missing in one language
    python -m mmcourse.studies.assistant --again    runs everything anew, and says how many lines came out the same

One run answers all requests of a language under one condition, and is one line of results/assistant.jsonl: what was
heard, how sure each stage was, and whether the task was done. Each request is a conversation of its own, about one of
600 held-out scenes or to find one among them. A task is done if intent and all slots are right and so is what the
answer tells, in which case the picture shown is one that was asked for; requests from another world must be refused.
"""

import functools
import sys

import numpy as np
import torch

from mmcourse.data import scenes, spoken_requests
from mmcourse.data.captions import LANGUAGES
from mmcourse.data.requests import answer_facts, fits
from mmcourse.dialogue import rules, stages
from mmcourse.dialogue.assistant import Heard
from mmcourse.dialogue.frames import Understood
from mmcourse.dialogue.seeing import Seen
from mmcourse.metrics import bootstrap_interval, paired_interval, rate_of_counts, wilson_interval
from mmcourse.speech.front_end import RATE
from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS

RESULTS = DIGITS.with_name("assistant.jsonl")
NAMES = ("condition", "language")
ORACLES = ("spoken", "true text", "true frame", "true facts")  # each replaces one more stage by the truth
STAGE_OF = {"true text": "hearing", "true frame": "understanding", "true facts": "looking"}  # that an oracle repairs
NOISE = {"30 dB": 30, "20 dB": 20, "10 dB": 10, "5 dB": 5}
OTHERS = ("keyword rules", "captioner", "first picture", "blind ear")
CONDITIONS = (*ORACLES, *NOISE, *OTHERS)
SPOKEN = 60  # answers that are said and listened to


def clips(language):
    """The numbers of the clips of a language, and the requests in them."""
    spoken = spoken_requests.load()
    numbers = spoken.of(language)
    return numbers, [spoken.request(i) for i in numbers]


@functools.cache
def heard(condition, language):
    """What the recogniser hears of all clips, a list of `Heard`."""
    from mmcourse.checkpoints.request_recogniser import in_noise

    hear, (sounds, _) = stages.hearing(language), spoken_requests.load().recordings(language)
    if condition in NOISE:
        rng = np.random.default_rng([NOISE[condition], LANGUAGES.index(language)])
        sounds = [in_noise(sound, NOISE[condition], rng) for sound in sounds]
    return [hear((sound, RATE)) for sound in sounds]


@functools.cache
def gallery():
    """The held-out scenes."""
    return scenes.load("test")


@functools.cache
def eyes(captioner=False):
    """look, for pictures of the gallery: each is looked at once."""
    look = stages.captioning() if captioner else stages.detecting()
    looked = {}

    def remembered(picture):
        key = picture.tobytes()
        if key not in looked:
            looked[key] = look(picture)
        return looked[key]

    return remembered


@functools.cache
def true_eyes():
    """look, for pictures of the gallery: what is true of them."""
    from mmcourse.alignment.negatives import composition

    true = {image.tobytes(): Seen(composition(record)) for image, record in gallery()}
    return lambda picture: true[picture.tobytes()]


@functools.cache
def assistant(language):
    """The assistant without a voice, as nobody listens, and without thresholds: the tables say what these would buy."""
    whole = stages.assistant(language, gallery().images, hear=lambda heard: heard, look=eyes(), speak=lambda text: None)
    return whole.replace(least_heard=0.0, least_understood=0.0)


def built(condition, language):
    """The assistant of a condition, which takes a clip's (Heard, Request) for a sound."""
    whole = assistant(language)
    changes = {"hear": lambda pair: pair[0], "understand": whole.understand}
    if condition in ORACLES[1:]:
        changes["hear"] = lambda pair: Heard(pair[1].text)
    if condition in ORACLES[2:]:
        true = {request.text: request for request in clips(language)[1]}
        changes["understand"] = lambda text: Understood(text, language, true[text].intent, dict(true[text].slots))
    if condition == "keyword rules":
        changes["understand"] = rules.Rules.of(language, whole.understand.__self__.lexicon).read
    if condition in ("true facts", "captioner"):
        changes["look"] = true_eyes() if condition == "true facts" else eyes(captioner=True)
    if condition == "blind ear":
        changes["context"] = 0.0
    if condition == "first picture":
        changes["tries"] = 1
    return whole.replace(**changes)


def succeeded(turn, request, scene):
    """Whether a turn did what the request asked for, about a `Scene` (see above)."""
    if turn.understood is None or turn.understood.frame != (request.intent, request.slots):
        return False
    if request.intent == "find":
        return turn.refusal is None and turn.number is not None and fits(request.slots, gallery().records[turn.number])
    if request.intent == "other":
        return turn.refusal == "other"
    return turn.refusal is None and turn.facts == answer_facts(request, scene)


def run(condition, language):
    helper, (numbers, asked) = built(condition, language), clips(language)
    ears = heard(condition if condition in NOISE else "spoken", language) if condition not in ORACLES[1:] else None
    pictures, records = gallery().images, gallery().records
    line = {"condition": condition, "language": language, "heard": [], "success": [], "frame": [], "refusal": [],
            "heard confidence": [], "understood confidence": [], "confidence": [], "answer": []}  # fmt: skip
    for i, (clip, request) in enumerate(zip(numbers, asked, strict=True)):
        scene = spoken_requests.load().scene(clip)
        helper.forget()
        turn = helper.answer((ears[i] if ears else None, request), picture=pictures[scene])
        understood = turn.understood
        line["heard"].append(turn.heard.text if turn.heard else "")
        line["success"].append(int(succeeded(turn, request, records[scene])))
        line["frame"].append(int(understood is not None and understood.frame == (request.intent, request.slots)))
        line["refusal"].append(turn.refusal)
        line["heard confidence"].append(round(turn.heard.confidence if turn.heard else 0.0, 4))
        line["understood confidence"].append(round(understood.confidence if understood else 0.0, 4))
        line["confidence"].append(round(turn.confidence, 4))
        line["answer"].append(turn.answer)
    return line


def results():
    """{(condition, language): its line} of the lines kept so far."""
    return kept.read(RESULTS, *NAMES)


def success(line):
    """(share of tasks done, its 95 % interval)."""
    hits = line["success"]
    return sum(hits) / len(hits), wilson_interval(sum(hits), len(hits))


def gain(better, line, seed=0):
    """(how many more tasks a condition does than another, in shares, the 95 % interval of that), paired by request."""
    a, b = np.array(line["success"]), np.array(better["success"])
    return float((b - a).mean()), paired_interval(b, a, rng=np.random.default_rng(seed))


def blame(lines, language):
    """{stage: how many of the tasks that failed it spoiled}: the first oracle that repairs a task names the stage."""
    chain = [np.array(lines[name, language]["success"], bool) for name in ORACLES]
    found, left = {}, ~chain[0]
    for name, repaired in zip(ORACLES[1:], chain[1:], strict=True):
        found[STAGE_OF[name]] = int((left & repaired).sum())
        left &= ~repaired
    return found | {"search": int(left.sum())}


def by_intent(line):
    """{intent: (tasks done, of how many)}."""
    asked = clips(line["language"])[1]
    found = {}
    for request, hit in zip(asked, line["success"], strict=True):
        done, of = found.get(request.intent, (0, 0))
        found[request.intent] = done + hit, of + 1
    return found


def abstention(line, answered=(1.0, 0.9, 0.8, 0.7), by="confidence", seed=0):
    """[(share answered, success among these, its 95 % interval)]: the least sure requests are asked back.

    by: "confidence", of all stages together, or that of one. Refusing another world's request is an answer, too.
    """
    sure, hits = np.array(line[by]), np.array(line["success"])
    order = np.argsort(-sure, kind="stable")
    found = []
    for share in answered:
        among = hits[order[: max(1, round(share * len(hits)))]]
        found.append((share, float(among.mean()), wilson_interval(int(among.sum()), len(among))))
    return found


def area(line, by="confidence"):
    """The chance that of two requests, one done and one not, the one that was done is the surer (ties count half)."""
    sure, hits = np.array(line[by]), np.array(line["success"], bool)
    good, bad = sure[hits][:, None], sure[~hits]
    return float(((good > bad) + 0.5 * (good == bad)).mean()) if good.size and bad.size else float("nan")


def understandable(language, count=SPOKEN, seed=0):
    """{search: (error rate, 95 % interval)} of what the voice says, as the recogniser of captions reads it back."""
    from mmcourse.checkpoints import recogniser, synthesiser

    line = results()["spoken", language]
    known = set(synthesiser.load(language).characters.known)
    said = list(dict.fromkeys(a for a, r in zip(line["answer"], line["refusal"], strict=True) if r is None))
    said = [a for a in said if set(a) <= known][:count]
    speak, listener = stages.speaking(language), recogniser.load(language)
    sounds = [speak(text)[0] for text in said]
    rng, found = np.random.default_rng(seed), {}
    for name, decode in (("greedy", None), ("searched", recogniser.search(language))):
        counts = recogniser.errors(language, said, listener.transcribe_all(sounds, decode=decode))
        found[name] = (
            rate_of_counts(counts), bootstrap_interval(counts, rate_of_counts, rng=rng, resamples=500)
        )  # fmt: skip
    return found


def as_text():
    """The tables: tasks done under each condition, who is to blame, and what asking back buys."""
    lines, rows = results(), []
    for language in LANGUAGES:
        if not all((condition, language) in lines for condition in CONDITIONS):
            continue
        rows.append(f"{language}: tasks done of {len(clips(language)[0])}, and intent with all slots right")
        for condition in CONDITIONS:
            line = lines[condition, language]
            share, (low, high) = success(line)
            rows.append(
                f"  {condition:16s}{share:7.1%} ({low:.1%} to {high:.1%})   frames {np.mean(line['frame']):.1%}"
            )
        rows.append("  spoilt by: " + ", ".join(f"{stage} {n}" for stage, n in blame(lines, language).items()))
        for condition in ("spoken", *NOISE):
            cells = [f"{share:.0%}: {value:.1%}" for share, value, _ in abstention(lines[condition, language])]
            rows.append(f"  {condition:8s} done among the surest {'   '.join(cells)}"
                        f"   surer when right: {area(lines[condition, language]):.2f}")  # fmt: skip
    return "\n".join(rows)


def main():
    torch.set_num_threads(1)
    chosen = [word for word in sys.argv[1:] if word in LANGUAGES] or LANGUAGES
    keys = [(condition, language) for language in chosen for condition in CONDITIONS]
    kept.complete(RESULTS, NAMES, keys, run, "assistants")
    print(as_text())


if __name__ == "__main__":
    main()
