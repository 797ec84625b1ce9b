"""What `nbgrader autograde` and formgrader's button run in place of nbgrader's execute-and-save step.

c.Autograde.autograde_preprocessors = ["mmcourse.classroom.nbgrader_plugin.TrustedGrades"]
"""

from pathlib import Path

import nbformat
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Float

from . import class_grading
from .batch import Settings
from .course import released
from .graded_notebook import graded_notebook
from .sandbox import Limits, isolation


class TrustedGrades(NbGraderPreprocessor):
    """Grade the notebook as `mmcourse class grade` does, and write the gradebook; late penalties are in it."""

    trust_submissions = Bool(False, help="Grade without a sandbox, where there is none: your own work.").tag(
        config=True
    )
    time_limit = Float(120.0, help="Seconds for a submission.").tag(config=True)

    def preprocess(self, nb, resources):
        whose = resources["nbgrader"]
        folder, name = Path(CourseDirectory(parent=self).root), whose["assignment"]
        limits = Limits(seconds=int(self.time_limit) + 60)
        how = Settings(isolation(self.trust_submissions), limit=self.time_limit, limits=limits)
        (line,) = class_grading.grade(folder, name, how, student=whose["student"])
        template = nbformat.read(released(folder, name), as_version=4)
        return graded_notebook(folder, template, line), resources
