"""A folder of submissions: Ada knows, Bob does not, and the third file was cut off."""

import json

import hostile

ADA, BOB, CUT = "ada/03_attention.ipynb", "bob/03_attention.ipynb", "cut/03_attention.ipynb"


def fill(folder):
    put(folder, ADA, *hostile.HONEST)
    put(folder, BOB, *hostile.LAZY)
    put(folder, CUT)
    (folder / CUT).write_text('{"cells": [')
    return folder


def put(folder, file, *cells):
    made = [{"cell_type": "code", "metadata": {}, "source": source} for source in cells]
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}))


def without_times(lines):
    return [{key: value for key, value in line.items() if key not in ("seconds", "when")} for line in lines]
