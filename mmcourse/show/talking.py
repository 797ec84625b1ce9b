"""A box to talk to an assistant: by typing, by a recording that ships, or, where the browser allows, by microphone."""

import base64
import binascii
import html
import io

import numpy as np
from matplotlib import image as images

from mmcourse.show.signals import player
from mmcourse.show.style import COLOURS

RATE = 8000  # samples a second that the microphone's sound is brought to, by the browser
SECONDS = 8  # after which it stops by itself
_MICROPHONE = """
<button class="jupyter-button" onclick="(async (button) => {
  const box = button.closest('.mmcourse-assistant').querySelector('.mmcourse-sound textarea');
  const say = (text) => { button.textContent = text; };
  if (button.recorder) { button.recorder.stop(); return; }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({audio: true});
    const recorder = button.recorder = new MediaRecorder(stream), parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    recorder.onstop = async () => {
      button.recorder = null; stream.getTracks().forEach((track) => track.stop()); say('🎤 speak');
      const context = new AudioContext({sampleRate: RATE});
      const sound = await context.decodeAudioData(await new Blob(parts).arrayBuffer());
      const samples = Int16Array.from(sound.getChannelData(0), (x) => 32767 * Math.max(-1, Math.min(1, x)));
      const bytes = new Uint8Array(samples.buffer);
      let text = ''; for (const byte of bytes) text += String.fromCharCode(byte);
      box.value = btoa(text); box.dispatchEvent(new Event('input', {bubbles: true}));
    };
    recorder.start(); say('■ stop'); setTimeout(() => button.recorder === recorder && recorder.stop(), 1000 * SECONDS);
  } catch (problem) { say('no microphone here: type, or choose a recording'); }
})(this)">🎤 speak</button>
"""


def stages(turn):
    """What came up on the way from a request to its answer, as HTML.

    turn: with `heard`, `understood`, `seen`, `answer`, `refusal` and `confidence`, as a `mmcourse.dialogue.assistant`
    gives it.
    """
    rows = []
    if turn.heard is not None:
        rows.append(("heard", html.escape(turn.heard.text) or "nothing", f"{turn.heard.confidence:.0%} sure"))
    if turn.understood is not None:
        u = turn.understood
        slots = ", ".join(f"{name} = {value}" for name, value in u.slots.items())
        told = f"<b>{html.escape(u.intent)}</b> {html.escape(slots)}<br>{tagged(u.tokens, u.tags)}"
        rows.append(("understood", told, f"{u.confidence:.0%} sure"))
    if turn.seen is not None:
        rows.append(("seen", html.escape(turn.seen.caption("en").text), f"{turn.seen.confidence:.0%} sure"))
    kind = "answer" if turn.refusal is None else f"refusal: {turn.refusal}"
    rows.append((html.escape(kind), f"<b>{html.escape(turn.answer)}</b>", f"{turn.confidence:.0%} sure"))
    cells = "".join(
        f'<tr><th style="text-align:right;padding-right:1em">{name}</th><td style="text-align:left">{told}</td>'
        f'<td style="color:gray;padding-left:1em">{sure}</td></tr>'
        for name, told, sure in rows
    )
    return f"<table>{cells}</table>"


def tagged(tokens, tags):
    """Words, those in a slot underlined in its colour, with its name as a hint, as HTML."""
    names = list(dict.fromkeys(tag[2:] for tag in tags if tag != "O"))
    parts = []
    for token, tag in zip(tokens, tags, strict=False):
        word = html.escape(token)
        if tag != "O":
            colour = COLOURS[names.index(tag[2:]) % len(COLOURS)]
            word = f'<span style="border-bottom:3px solid {colour}" title="{html.escape(tag[2:])}">{word}</span>'
        parts.append(word)
    return " ".join(parts)


def answered(turn):
    """The whole of a turn as HTML: stages, picture and sound."""
    shown = stages(turn)
    if turn.picture is not None:
        text = html.escape(turn.answer, quote=True)
        shown += f'<img src="data:image/png;base64,{_png(turn.picture)}" width="160" alt="{text}" style="margin:6px"/>'
    return shown + (player(*turn.sound, "The answer, spoken:") if turn.sound is not None else "")


def assistant_box(answer, text, recordings=None):
    """A widget: type a request, choose a recording, or speak; see what was heard and understood, hear the answer.

    answer(request) -> a turn (see `stages`), where request is a text or (samples, samples a second).   text: the first
    request.   recordings: {name: (samples, samples a second)} to choose from. What a ValueError says is shown in place
    of the answer. The button with the microphone needs a browser that lends it, and sends nothing anywhere but here.
    """
    import ipywidgets as w

    wide = {"width": "520px"}
    field = w.Text(value=text, description="ask", continuous_update=False, layout=wide)
    chosen = w.Dropdown(options=["choose one", *(recordings or {})], description="recording", layout=wide)
    spoken, microphone = w.Textarea(layout={"display": "none"}), w.HTML(_button())
    spoken.add_class("mmcourse-sound")
    shown = w.HTML()

    def ask(request):
        try:
            shown.value = answered(answer(request))
        except ValueError as problem:
            shown.value = f"<p>{html.escape(str(problem))}</p>"

    field.observe(lambda _: ask(field.value), "value")
    chosen.observe(lambda _: chosen.index and ask(recordings[chosen.value]), "value")
    spoken.observe(lambda _: spoken.value and _decoded(spoken.value, ask, shown), "value")
    ask(text)
    box = w.VBox([field, chosen, microphone, spoken, shown] if recordings else [field, microphone, spoken, shown])
    box.add_class("mmcourse-assistant")
    return box


def from_microphone(text):
    """The samples (T,) float32 in [−1, 1] of what the button sends: 16-bit integers in base64."""
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), "<i2").astype(np.float32) / 32768
    except (binascii.Error, ValueError) as problem:
        raise ValueError(f"the microphone sent no sound: {problem}. Try: a recording from the list") from problem


def _decoded(text, ask, shown):
    try:
        ask((from_microphone(text), RATE))
    except ValueError as problem:
        shown.value = f"<p>{html.escape(str(problem))}</p>"


def _button():
    return _MICROPHONE.replace("RATE", str(RATE)).replace("SECONDS", str(SECONDS))


def _png(picture):
    file = io.BytesIO()
    images.imsave(file, picture)
    return base64.b64encode(file.getvalue()).decode()
