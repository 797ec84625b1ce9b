"""What stands in the sandbox for the parts of the course that answer the questions.

Imports of them succeed, so that a notebook's first cell runs as it does at home; to call what was imported is an
error that says why. `check` and all of `mmcourse.grading` are silent.
"""

import importlib.abc
import importlib.machinery
import sys
import types

# What the released notebooks import, with what that needs in turn.
OPEN = (
    "mmcourse.places",
    "mmcourse.show",
    "mmcourse.data",
    "mmcourse.motion.colours",
    "mmcourse.adversarial.mixture",
    "mmcourse.detection.scratch",  # assignment 08 builds on its `iou`
    "mmcourse.tools.copies",  # four networks as numbers, which assignment 11 looks at
    "mmcourse.classroom.absence",
    "mmcourse.classroom.channel",
    "mmcourse.classroom.seccomp",
    "mmcourse.classroom.worker",
)
SILENT = "mmcourse.grading"


def is_open(name: str) -> bool:
    """Whether the module may be imported in the sandbox: an open one, a part of one, or a package around one."""
    return any(name == o or name.startswith(o + ".") or o.startswith(name + ".") for o in OPEN)


class NotWhileGrading(Exception):
    """The notebook called a part of the course that answers a question."""


class Absence:
    """A name of an absent module."""

    def __init__(self, name: str):
        self._name = name

    def __getattr__(self, part):
        if part.startswith("__"):
            raise AttributeError(part)
        return Absence(f"{self._name}.{part}")

    def __call__(self, *arguments, **named):
        if self._name.startswith(SILENT):
            return self
        raise NotWhileGrading(f"{self._name} is not there while your notebook is graded: write the answer yourself.")


class _AbsentModule(types.ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Absence(f"{self.__name__}.{name}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        if name.startswith("mmcourse.") and not is_open(name):
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
        return None

    def create_module(self, spec):
        return _AbsentModule(spec.name)

    def exec_module(self, module):
        pass


def install() -> None:
    """From now on this process imports absences in place of answers."""
    sys.meta_path.insert(0, _Finder())
