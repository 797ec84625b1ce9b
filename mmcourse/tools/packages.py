"""Which of the tools are installed here, and a note instead of a traceback where one is missing."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

PACKAGES = {  # what is imported -> what pip installs it by
    "numpy": "numpy", "torch": "torch", "keras": "keras", "transformers": "transformers", "safetensors": "safetensors",
    "onnx": "onnx", "onnxscript": "onnxscript", "onnxruntime": "onnxruntime", "tensorflow": "tensorflow",
}  # fmt: skip


def available():
    """Rows (package, its version here, or what to install); nothing is imported."""
    return [(name, _version(package) or how(name)) for name, package in PACKAGES.items()]


def optional(name):
    """The module `name`, or None where it is not installed; then one line says how to get it.

    A package that is there but broken is an error of its own, and is not hidden.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        print(f"{name} is not installed here, so this cell has nothing to show. To have it: {how(name)}")


def how(name):
    """The command that installs a package as the course has pinned it."""
    return f"pip install -c constraints.txt {PACKAGES.get(name, name)}"


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None
