# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 00 · Start here
#
# Welcome. This course is about machines that see, hear and read *at once*: how pictures, words, sound and sensors
# are brought into one model (**fusion**), and how one is turned into another (**cross-modal learning**). You build
# every algorithm twice, by hand in NumPy and in PyTorch, on data that is made on your own computer.
#
# **After this notebook you can** run a cell, check your computer, find your way, and see how far you are.
#
# **Time**: ten minutes. **You need** Python, NumPy, some calculus, and a little PyTorch for the second half of each
# chapter. No GPU, and no internet once the course is installed.

# %% [markdown]
# ## How a notebook works
#
# Click into the cell below and press **Shift + Enter**. It runs, shows what it found, and moves on to the next cell.

# %%
import mmcourse
from mmcourse import show
from mmcourse.data import scenes

show.setup()
print("mmcourse", mmcourse.__version__, "is ready")

# %% [markdown]
# Run cells from top to bottom. Change anything you like: the notebooks are yours. If one is beyond repair, say
# `mmcourse reset 03` in a terminal; it brings back a fresh chapter 03 and keeps your version beside it.

# %% [markdown]
# ## The world you work in
#
# Every chapter looks at the same small world: scenes of everyday stickers, with a caption in English and in Chinese,
# and everything about them known. It is drawn from a seed on your computer, so your numbers are our numbers.

# %%
import textwrap

from matplotlib import pyplot as plt

world = scenes.load("train", 6)
fig, axes = plt.subplots(1, 6, figsize=(12, 2.7))
for ax, (image, scene) in zip(axes, world, strict=True):
    ax.imshow(image)
    ax.set_axis_off()
    ax.set_title(textwrap.fill(scene.en.text, 24) + "\n" + scene.zh.text, fontsize=7)
show.figure(
    fig,
    "Six scenes of stickers on coloured backgrounds, each under its caption in English and in Chinese.",
)

# %% [markdown]
# ## The map
#
# | chapter | you learn | ready |
# |---|---|---|
# | 00 start here | how the course works | **yes** |
# | [01 heterogeneous data](01_heterogeneous_data.ipynb) | text, image, video, sound, sensors | **yes** |
# | [02 fusion](02_fusion.ipynb) | joint representations, and when fusion cannot help | **yes** |
# | [03 attention](03_attention.ipynb) | softmax(QKᵀ/√d)V, forward and backward, heads, masks, tiles | **yes** |
# | [04 the GAN objective](04_gan.ipynb) | a minimax game, and from words to pictures | **yes** |
# | [05 image captioning](05_image_captioning.ipynb) | encoder, decoder, beam search, BLEU and CIDEr | **yes** |
# | [06 cross-modal translation](06_cross_modal_translation.ipynb) | text, image, speech, all ways | **yes** |
# | [07 alignment and retrieval](07_alignment_and_retrieval.ipynb) | one space, searched both ways | **yes** |
# | [08 image understanding](08_image_understanding.ipynb) | what, where, which other; with text and without | **yes** |
# | [09 video analysis](09_video_analysis.ipynb) | optical flow, two streams, summaries | **yes** |
# | [10 human–computer interaction](10_human_computer_interaction.ipynb) | an assistant, a desk, emotions | **yes** |
# | [11 tools](11_tools.ipynb) | one captioner in four libraries, on the same weights | **yes** |
# | [12 Transformers and trends](12_transformers_and_trends.ipynb) | four senses at once; costs | **yes** |
# | [13 choosing a fusion method](13_choosing_a_fusion_method.ipynb) | which, by experiment | **yes** |
#
# After chapter 13 comes the capstone, `capstone/README.md`: a system on two modalities of your own. Each chapter
# goes the same way: a picture of the thing working, the idea, the formula, its derivation, a few lines of NumPy, the
# PyTorch twin, an experiment on real input, something to play with, a quiz, and an exercise.

# %% [markdown]
# ## Is your computer ready?
#
# The next cell checks versions, memory, the Jupyter kernel, folders, the font and the art. If something is wrong it
# says what to do. `mmcourse doctor` in a terminal shows every check.

# %%
from mmcourse import doctor

print(doctor.summary(doctor.run()))

# %% [markdown]
# ## Exercises, and your progress
#
# Each chapter has an assignment in `exercises/`. You write a function, run the cell under it, and see at once
# whether it is right. Try it on a first question, stable softmax, with an answer that many of us have written once:

# %%
import numpy as np

from mmcourse.grading import grade, progress, questions


def naive_softmax(x, axis):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


grade(questions("03-softmax")[0], naive_softmax)
# %% [markdown]
# The formula is right, and yet it fails where numbers are large; the panel shows where (grey is NaN), and hints at
# why. In an assignment you call `check("03-softmax", your_function)`, which also keeps your points. Nothing is sent
# anywhere: it runs on your computer, and your progress is a small file there.
#
# The course's code is open, and that includes the answers. You learn by writing yours first.

# %%
progress.summary()

# %% [markdown]
# ## Where to go now
#
# Open [chapter 03, attention](03_attention.ipynb), and then its assignment,
# `exercises/03_attention/03_attention.ipynb`. Enjoy.
