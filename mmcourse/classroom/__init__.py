"""Grade other people's notebooks: `mmcourse grade FOLDER`.

`submission` finds the notebooks and refuses what is none, `sandbox` runs strangers' code where it can do no harm,
`worker` is the part of it that runs inside, `absence` stands there for the course's answers, `channel` carries arrays
in and out, `marking` compares them outside with what a question expects, `batch` does so for a folder and keeps the
grades, `report` says how it went.

What the sandbox does not protect against: a hole in the kernel or in bubblewrap; a submission that uses up its share
of processor and memory; answers that a student pasted into the notebook, from the course or from a neighbour.
"""
