"""Studies: experiments too long for a notebook, each one command, resumable, with its results kept in `results/`.

    digits      every fusion method on digits that are seen and heard: `python -m mmcourse.studies.digits`
"""
