"""Where formgrader finds the class folder, whose own nbgrader_config.py says the rest."""

import os

c = get_config()  # noqa: F821  nbgrader puts it here

c.CourseDirectory.root = os.environ["MMCOURSE_CLASS"]
