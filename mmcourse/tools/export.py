"""The weights as a file: safetensors is a JSON header and then the numbers, so nothing in such a file can run."""

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file


def save(weights, path):
    """Write {name: array} to `path`; any tool that reads safetensors gets the same names and numbers."""
    save_file({name: np.ascontiguousarray(a) for name, a in weights.items()}, path)


def load(path):
    """{name: array} of a safetensors file. Raises FileNotFoundError, or ValueError if it is damaged or another file."""
    try:
        return load_file(path)
    except SafetensorError as damage:
        raise ValueError(f"expected a safetensors file, came {path}, damaged or another ({damage})") from damage
