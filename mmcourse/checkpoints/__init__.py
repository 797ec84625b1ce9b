"""Small weights that the course trained itself; each ships with the command that made it, its seed and its scores.

    grounding   words that look at the regions of a sticker scene: `python -m mmcourse.checkpoints.grounding`
    nouns       a CNN that names what a sticker scene shows, and its features: `python -m mmcourse.checkpoints.nouns`
    painter     pictures of everything from words: `python -m mmcourse.checkpoints.painter`
    judge       names what such a picture shows: `python -m mmcourse.checkpoints.judge`
    looking     an attention-LSTM that writes English captions: `python -m mmcourse.checkpoints.looking`
    recogniser_en, recogniser_zh    speech to text: `python -m mmcourse.checkpoints.recogniser`
    synthesiser_en, synthesiser_zh  text to speech, one voice each: `python -m mmcourse.checkpoints.synthesiser`
    aligned     one space for scenes and captions, en or zh: `python -m mmcourse.checkpoints.aligned en`
    detector    finds the things in a scene: `python -m mmcourse.checkpoints.detector`
    finder_en, finder_zh            finds what a text asks for: `python -m mmcourse.checkpoints.finder`
    composed    a picture and a change in words to one query: `python -m mmcourse.checkpoints.composed`
    watcher     what happens in a clip, by frames, flow and sound: `python -m mmcourse.checkpoints.watcher`
    relevance   whether something happens in a film, and when: `python -m mmcourse.checkpoints.relevance`
    request_recogniser_en, _zh      the ear of the assistant: `python -m mmcourse.checkpoints.request_recogniser`
    understanding_en, _zh           what a request wants: `python -m mmcourse.checkpoints.understanding`
    captioner   a Transformer that chapter 11 runs in five tools: `python -m mmcourse.checkpoints.captioner`

A checkpoint NAME is two files: NAME.npz (arrays by name; the captioner's is NAME.safetensors, as its lesson is to carry
it elsewhere) and NAME.json (sha256 of the arrays' file, command, scores).
"""

import hashlib
import json
from importlib import resources

import numpy as np


def load(name):
    """Arrays by name and the card of a checkpoint; ValueError where the file is not the one the card describes."""
    folder = resources.files(__name__)
    card = json.loads((folder / f"{name}.json").read_text(encoding="utf8"))
    found = hashlib.sha256((folder / f"{name}.npz").read_bytes()).hexdigest()
    if found != card["sha256"]:
        raise ValueError(
            f"checkpoint {name}.npz is damaged: expected sha256 {card['sha256'][:12]}…, came {found[:12]}…. "
            f"Restore it with git, or make it anew with: {card['command']}"
        )
    with (folder / f"{name}.npz").open("rb") as file, np.load(file) as arrays:
        return {n: arrays[n].astype(np.float32) for n in arrays.files}, card
