"""nbgrader's view of the course: `solutions/` is the source, `exercises/` what learners get."""

c = get_config()  # noqa: F821  nbgrader puts it here

c.CourseDirectory.course_id = "mmcourse"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"

# What stands where a solution stood. check() takes NotImplementedError to mean "not attempted".
STUB = "# Write your answer here, and take out the next line.\nraise NotImplementedError()"
c.ClearSolutions.code_stub = {"python": STUB}
