"""What five ways of running one captioner cost: lines to write, time to import and to caption, bytes to ship.

    python -m mmcourse.studies.tools            runs what is missing, then prints the table; safe to stop and repeat
    python -m mmcourse.studies.tools --again    measures everything anew

One line of results/tools.jsonl a tool. Times are ratios of pairs measured in turn, so that other work on the machine
cancels: an import to that of NumPy, the captions of a batch to PyTorch's; the tools hold the weights of
`mmcourse.checkpoints.captioner`.
"""

import ast
import importlib
import inspect
import io
import subprocess
import sys
import tokenize
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.timing import median_ratio, paired

RESULTS = DIGITS.with_name("tools.jsonl")
NAMES = ("tool",)
TOOLS = ("scratch", "pytorch", "with_keras", "huggingface", "with_onnx")
SCENES, ROUNDS, IMPORTS = 16, 10, 5
LAYOUT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def module(tool):
    return importlib.import_module(f"mmcourse.tools.{tool}")


def code_lines(source):
    """How many lines of Python hold code: not those that are blank, or hold a comment or a docstring alone."""
    told = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            told |= set(range(node.lineno, node.end_lineno + 1))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spans = [range(t.start[0], t.end[0] + 1) for t in tokens if t.type not in LAYOUT]
    return len({line for span in spans for line in span} - told)


def loads(name):
    """A function that imports a module in a fresh interpreter and returns how many modules are loaded then."""

    def once():
        code = f"import {name}, sys; print(len(sys.modules))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return int(done.stdout.split()[-1])

    return once


def bytes_of(tool, shipped):
    """What the captioner takes on the disk as the tool saves it; NumPy, PyTorch and Keras save the weights alone."""
    model = module(tool).build(shipped.weights, shipped.sizes)
    with TemporaryDirectory() as folder:
        _save(tool, model, shipped, Path(folder))
        return sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())


def _save(tool, model, shipped, folder):
    if tool == "scratch":
        np.savez(folder / "weights.npz", **shipped.weights)
    elif tool == "pytorch":
        import torch

        torch.save(model.state_dict(), folder / "weights.pt")
    elif tool == "with_keras":
        model.encoder.save_weights(folder / "encoder.weights.h5")
        model.decoder.save_weights(folder / "decoder.weights.h5")
    elif tool == "huggingface":
        module(tool).save(folder, model, shipped.words)
    else:
        module(tool).save(module("pytorch").build(shipped.weights, shipped.sizes), folder)


def run(tool):
    from mmcourse.checkpoints import captioner
    from mmcourse.data import scenes

    shipped, test = captioner.load(), scenes.load("test")
    seen = captioner.see(test.images[:SCENES])
    read = shipped.words.encode([record.en.words for record in test.records[:SCENES]])[:, :-1]
    models = {name: module(name).build(shipped.weights, shipped.sizes) for name in {tool, "pytorch", "scratch"}}
    true = module("scratch").logits(models["scratch"], seen, read)
    gap = np.abs(module(tool).logits(models[tool], seen, read) - true).max()
    imports = paired({"this": loads(f"mmcourse.tools.{tool}"), "numpy": loads("numpy")}, IMPORTS, warm_up=1)
    captions = {
        "this": lambda: module(tool).captions(models[tool], seen),
        "pytorch": lambda: module("pytorch").captions(models["pytorch"], seen),
    }
    return {
        "tool": tool,
        "lines": code_lines(inspect.getsource(module(tool))),
        "import": round(median_ratio(imports, "this", "numpy"), 2),
        "modules": loads(f"mmcourse.tools.{tool}")(),
        "captions": round(median_ratio(paired(captions, ROUNDS), "this", "pytorch"), 2),
        "bytes a weight": round(bytes_of(tool, shipped) / sum(a.size for a in shipped.weights.values()), 3),
        "largest difference": float(f"{gap / np.abs(true).max():.1e}"),
    }


def results():
    """{tool: its line}, in the order of `TOOLS`."""
    found = kept.read(RESULTS, *NAMES)
    return {tool: found[tool,] for tool in TOOLS if (tool,) in found}


def as_text():
    """The table, a row a tool."""
    columns = ("lines", "import", "modules", "captions", "bytes a weight", "largest difference")
    rows = [f"{'':12s}" + "".join(f"{name:>20s}" for name in columns)]
    for tool, line in results().items():
        rows.append(f"{tool:12s}" + "".join(f"{line[name]:>20}" for name in columns))
    return "\n".join(rows)


def main():
    import torch

    torch.set_num_threads(1)
    kept.complete(
        RESULTS, NAMES, [(tool,) for tool in TOOLS], run, "tools", lambda old, new: old["lines"] == new["lines"]
    )
    print(as_text())


if __name__ == "__main__":
    main()
