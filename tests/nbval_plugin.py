"""nbval, strictly: numbers within a tolerance, figures by their pixels, everything else exactly.

Plain nbval compares text letter by letter and pictures not at all, runs `x;` as if it were `x`, and passes a cell
that was never run. This plug-in replaces its comparison and mends the rest:

    numbers     integers exactly; others within RTOL, or one unit in the last printed place of a number that has two
                digits or more (0.91 and 0.92 agree, learning rates 0.01 and 0.02 do not), or both below NOISE
    figures     PNG and JPEG, as outputs or inside HTML: same size, at most PIXELS of the pixels visibly different
    sounds      WAV inside HTML: same rate and length, and what differs is inaudibly soft (SOFT of the loudness)
    text        after the sanitizer and after runs of blanks; all else as it stands, in order
    widgets     as the build leaves them: a line of text
    trained     a cell with this tag shows what was just trained, and another processor adds up in another order. Counts
                within COUNTED of their square root or TRAINED of the larger, other numbers within TRAINED of the larger
                or of 1; figures of the same size, and on average within REPAINTED levels

Each notebook keeps its reader's progress in a folder of its own, so that those running beside it change nothing.
"""

import base64
import io
import json
import os
import re
import wave
from decimal import Decimal

import nbval.plugin
import numpy as np
from nbval.kernel import RunningKernel
from notebook_tools import clean_output
from PIL import Image

RTOL = 1e-3
# Measured on the same cells built on an Intel and on an AMD processor: of 200 recordings 18 and 27 in one row, 1.3 and
# 1.0 per cent, all else within 5 %; pictures that a GAN painted differ by 10.6 levels on average, curves by 0.9.
TRAINED, COUNTED, REPAINTED = 0.25, 2.0, 16
NOISE = 1e-12  # what float64 rounding leaves of a zero
# Measured on plots of 640 x 480: a curve scaled by 1.0002 changes no pixel visibly, by 1.001 0.2 % of them, and one
# letter of the title 0.1 %; an attention map shows a weight moved by 5 % of the scale, no less.
PIXELS = 0.0005
VISIBLE = 8  # of 255 levels, in one colour channel
# Measured: sounds that a network or Griffin-Lim made with other instructions of the processor differ by 0.0009 at most.
SOFT = 0.005

# not inside a word, a version (2.13.0) or a file name (page1.html)
NUMBER = re.compile(r"[ \t]*(?<![\w.])([-+]?(?:\d+\.\d*|\.\d+|\d+)(?:[eE][-+]?\d+)?)(?!\w|\.\w)[ \t]*")
EMBEDDED = re.compile(r"data:image/(?:png|jpeg);base64,([A-Za-z0-9+/=]+)")
PLAYED = re.compile(r"data:audio/wav;base64,([A-Za-z0-9+/=]+)")


def numbers_agree(expected, got):
    """Whether two printed numbers say the same, within the tolerance above."""
    a, b = Decimal(expected), Decimal(got)
    whole = [re.fullmatch(r"[-+]?\d+\.?", number) for number in (expected, got)]
    if a == b or all(whole):
        return a == b
    if expected.lstrip("+-").isdigit() or got.lstrip("+-").isdigit():
        return False  # an integer became a float, or the other way round
    size = max(abs(a), abs(b))
    last_place = Decimal(1).scaleb(min(a.as_tuple().exponent, b.as_tuple().exponent))
    tolerance = last_place if last_place * 10 <= size else 0
    return abs(a - b) <= max(tolerance, Decimal(RTOL) * size) or size < NOISE


def about_as_large(expected, got):
    """Whether two numbers that came out of two trainings may pass for each other: see `trained` above."""
    larger, apart = max(abs(float(expected)), abs(float(got))), abs(float(expected) - float(got))
    whole = [number.lstrip("+-").isdigit() for number in (expected, got)]
    if any(whole):
        return all(whole) and apart <= max(TRAINED * larger, COUNTED * larger**0.5)
    return apart <= TRAINED * max(larger, 1.0)


def text_difference(expected, got, agree=numbers_agree):
    """Say where two texts differ, or return None."""
    skeletons = ([NUMBER.sub("#", line).split() for line in text.strip().splitlines()] for text in (expected, got))
    if next(skeletons) != next(skeletons):
        return f"expected the text\n{expected}\nbut got\n{got}"
    pairs = zip(NUMBER.findall(expected), NUMBER.findall(got), strict=True)
    changed = [f"{a} became {b}" for a, b in pairs if not agree(a, b)]
    return f"{'; '.join(changed)} in\n{got}" if changed else None


def picture_difference(expected, got, trained=False):
    """Say how far two base64 pictures differ, or return None."""
    a, b = (np.asarray(Image.open(io.BytesIO(base64.b64decode(p))).convert("RGBA"), int) for p in (expected, got))
    if a.shape != b.shape:
        return f"expected a figure of {a.shape[1]} x {a.shape[0]} pixels, got {b.shape[1]} x {b.shape[0]}"
    if trained:
        apart = abs(a - b)[..., :3].mean()
        return f"the figure is {apart:.1f} levels off, at most {REPAINTED} may be" if apart > REPAINTED else None
    share = (abs(a - b).max(axis=-1) > VISIBLE).mean()
    return f"{share:.2%} of the figure's pixels differ, at most {PIXELS:.2%} may" if share > PIXELS else None


def sound_difference(expected, got):
    """Say how far two base64 WAV files of 16 bits differ, or return None."""
    (rate, a), (new_rate, b) = map(_samples, (expected, got))
    if (rate, a.shape) != (new_rate, b.shape):
        return f"expected a sound of {a.size} samples at {rate} Hz, got {b.size} at {new_rate} Hz"
    apart, loud = (np.sqrt(np.mean(x**2)) if x.size else 0.0 for x in (a - b, a))
    return f"the sound differs by {apart / max(loud, 1.0):.4f} of its loudness" if apart > SOFT * loud else None


def _samples(encoded):
    with wave.open(io.BytesIO(base64.b64decode(encoded))) as file:
        kind = np.dtype(f"<i{file.getsampwidth()}")
        return file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), kind).astype(float)


def separate(kind, content, sanitize):
    """Split an output's content into its text, sanitised, and the base64 pictures and sounds in it."""
    if kind in {"image/png", "image/jpeg"}:
        return "", [content], []
    text = content if isinstance(content, str) else json.dumps(content, sort_keys=True)
    marked = PLAYED.sub("SOUND", EMBEDDED.sub("PICTURE", text))
    return sanitize(marked), EMBEDDED.findall(text), PLAYED.findall(text)


def contents(output):
    """Flatten an output into {kind: content}."""
    if output.output_type == "stream":
        return {output.name: output.text}
    if output.output_type == "error":
        return {"error": f"{output.ename}: {output.evalue}"}
    return clean_output(output).data


def output_difference(expected, got, sanitize, trained=False):
    """Say how two outputs differ, or return None."""
    agree = about_as_large if trained else numbers_agree
    expected, got = contents(expected), contents(got)
    if expected.keys() != got.keys():
        return f"expected {' and '.join(sorted(expected))}, got {' and '.join(sorted(got))}: {str(got)[:500]}"
    for kind in expected:
        (text, *media), (new_text, *new_media) = (separate(kind, c[kind], sanitize) for c in (expected, got))
        if difference := text_difference(text, new_text, agree) or media_difference(media, new_media, trained):
            return f"{kind}: {difference}"
    return None


def media_difference(expected, got, trained):
    """The first difference among pictures and sounds; as many on both sides, since their texts have the same gaps."""
    (pictures, sounds), (new_pictures, new_sounds) = expected, got
    found = [picture_difference(*pair, trained) for pair in zip(pictures, new_pictures, strict=True)]
    found += [sound_difference(*pair) for pair in zip(sounds, new_sounds, strict=True)]
    return next(filter(None, found), None)


def compare_outputs(cell, got, expected):
    """Take the place of nbval's comparison: True if they agree, else the reason is kept for nbval's report."""
    cell.comparison_traceback = []
    if len(expected) != len(got):
        kinds = [" and ".join(map(str, contents(output))) for output in got]
        cell.comparison_traceback = [f"expected {len(expected)} outputs, got {len(got)}: {', '.join(kinds)}"]
    for number, pair in enumerate(zip(expected, got, strict=False), start=1):
        if difference := output_difference(*pair, cell.sanitize, "trained" in cell.cell.metadata.get("tags", [])):
            cell.comparison_traceback.append(f"output {number}: {difference}")
    return not cell.comparison_traceback


def run_cell(cell):
    """Run and compare a cell as nbval does, but do not let one pass that was never run."""
    nbval_run_cell(cell)
    if cell.cell.execution_count is None and cell.cell.source.strip():
        cell.raise_cell_error("The cell has no execution count, so nothing was compared: build the notebook again")


def execute_cell_input(kernel, source, allow_stdin=None):
    """Execute as JupyterLab does: a trailing `;` hides the value, and `_` and `Out` exist."""
    return kernel.kc.execute(source, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


def start_kernel(notebook):
    """Start the notebook's kernel as nbval does, with a progress folder that no other notebook writes to."""
    shared = os.environ.get("MMCOURSE_HOME")
    if shared:
        os.environ["MMCOURSE_HOME"] = os.path.join(shared, notebook.path.stem)
    try:
        nbval_start_kernel(notebook)
    finally:
        if shared:
            os.environ["MMCOURSE_HOME"] = shared


nbval_start_kernel = nbval.plugin.IPyNbFile.setup
nbval_run_cell = nbval.plugin.IPyNbCell.runtest
nbval.plugin.IPyNbFile.setup = start_kernel
nbval.plugin.IPyNbCell.runtest = run_cell
nbval.plugin.IPyNbCell.compare_outputs = compare_outputs
RunningKernel.execute_cell_input = execute_cell_input
