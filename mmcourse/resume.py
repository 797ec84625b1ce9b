"""The state of a training run in a file, so that the run can be killed at any moment and go on.

A new checkpoint is written beside the old one, forced to disk, then renamed into its place; the old one stays as
`.previous`. Whatever strikes when, one whole checkpoint is there, and reading notices a damaged one.
"""

import contextlib
import io
import os
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import torch


class Checkpoint:
    """parts: what is kept, by name; each has state_dict and load_state_dict, None for an absent one.

    settings: what makes the run the one it is; a checkpoint with other settings is refused.
    """

    def __init__(self, path, settings, *, model, optimiser, schedule=None):
        self.path, self.warned = Path(path), False
        self.new, self.previous = (self.path.with_name(self.path.name + end) for end in (".new", ".previous"))
        parts = {"model": model, "optimiser": optimiser, "schedule": schedule}
        self.parts = {name: part for name, part in parts.items() if part}
        shapes = {f"the shape of {name}": tuple(t.shape) for name, t in model.state_dict().items()}
        kinds = {"optimiser": f"{type(optimiser).__name__} {optimiser.defaults}", "schedule": type(schedule).__name__}
        self.settings = settings | kinds | shapes

    def save(self, **more):
        """Write the parts, and more: numbers, strings, tensors, lists and dicts of them.

        A disk that is full or closed costs one warning, neither the run nor the last good checkpoint.
        """
        buffer = io.BytesIO()
        state = {name: part.state_dict() for name, part in self.parts.items()}
        torch.save(_plain(state | {"settings": self.settings, "more": more}), buffer)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.new, "wb") as file:
                file.write(buffer.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            if self.path.exists():
                os.replace(self.path, self.previous)
            os.replace(self.new, self.path)
        except OSError as problem:
            with contextlib.suppress(OSError):
                self.new.unlink()  # half a file only fills the disk
            if not self.warned:
                self.warned = True
                warnings.warn(
                    f"cannot write the checkpoint {self.path} ({problem}): training goes on and tries again at the "
                    "next one. Try: free some space there, or name a file that you may write",
                    stacklevel=3,
                )

    def load(self):
        """Put the newest whole checkpoint into the parts, and return what was saved with it; None if there is no file.

        Warns if the newest was damaged and an older one is taken. Raises ValueError, with nothing changed, if none is
        whole, or if it belongs to another run.
        """
        state = self._newest()
        if state is None:
            return None
        if not (isinstance(state, dict) and "settings" in state):
            raise ValueError(f"expected a checkpoint of train in {self.path}, came another file. Try: another name")
        was, now = state["settings"], self.settings
        differ = [f"{n} was {was.get(n)}, is {now.get(n)}" for n in was | now if was.get(n) != now.get(n)]
        if differ:
            raise ValueError(
                f"the checkpoint {self.path} belongs to another run: {'; '.join(differ[:3])}. Try: the settings it "
                "was made with, another file name, or move it away to start anew"
            )
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
        return state["more"]

    def _newest(self):
        problems = []
        for file in (self.path, self.new, self.previous):  # .new is whole if a kill struck between the two renames
            if not file.exists():
                continue
            try:
                state = _read(file)
            except Exception as problem:  # a damaged file may raise anything, from BadZipFile to UnicodeDecodeError
                if file != self.new:
                    problems.append(f"{file} cannot be read ({problem})")
                continue
            if problems:
                warnings.warn(f"{problems[0]}: going on from {file.name}", stacklevel=4)
            return state
        if problems:
            raise ValueError(f"expected a whole checkpoint: {'; '.join(problems)}. Try: move it away to start anew")
        return None


def _plain(state):
    """NumPy's numbers as Python's: a learning rate from np.logspace could be written, and not be loaded safely."""
    if type(state) is dict:  # not the dicts of a model, which carry more than their items
        return {name: _plain(value) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(map(_plain, state))
    return state.item() if isinstance(state, np.generic) else state


def _read(file):
    data = io.BytesIO(file.read_bytes())
    damaged = zipfile.ZipFile(data).testzip()  # torch.load does not compare checksums: a flipped bit would pass
    if damaged:
        raise ValueError(f"{damaged} does not match its checksum")
    data.seek(0)
    try:
        return torch.load(data, weights_only=True, map_location="cpu")
    except pickle.UnpicklingError as problem:  # whose text recommends to load it all the same
        raise ValueError("it holds something else than numbers and names, which is not safe to load") from problem
