"""Grade other people's notebooks: `mmcourse grade FOLDER`.

`submission` finds the notebooks and refuses what is none, `sandbox` runs strangers' code where it can do no harm,
`containers` does so where there is no bubblewrap, each `session` is one submission's process, `worker` and `seccomp`
are the part that runs inside, `absence` stands there for the course's answers, `opened` are the parts that are there,
`channel` carries arrays in and out, `marking` compares them outside with what a question expects, `single` does so for
one submission, here or where `executors` send it, `batch` for a folder, whose grades it keeps, `progress` shows it,
`entry` says what is kept of an answer, `feedback` tells the student, `report` the teacher how it went.

`mmcourse class` (`class_commands`) does so for a class, whose folder (`course`) is an nbgrader course: `roster` says
who is in it, `releasing` hands an assignment out, `incoming` says what came back and `collecting` takes it,
`class_grading` grades it, `gradebook` and `gradebook_export` keep and hand on the points, `graded_notebook` makes what
formgrader shows, `class_feedback` the pages; `nbgrader_plugin` and `nbgrader_collect` stand behind its buttons.

docs/sandbox.md says what was tried against the sandbox, and what it does not protect against.
"""
