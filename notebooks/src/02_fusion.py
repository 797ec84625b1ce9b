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
# # 02 · Fusion
#
# You understand a friend in a loud bar because you hear *and* see the lips. A model that gets a picture and a sound has
# to do the same: make one answer of two sources, trust the better one, and keep its head when one of them fails. This
# chapter builds every common way to do that, asks what each can express, and measures all of them on the same task,
# five times each.
#
# **After this chapter you can**
#
# - write concatenation, sum, product, gated, attention, tensor and low-rank fusion and a mixture of experts in NumPy,
#   with the way back, and in PyTorch;
# - say from a table of probabilities how much two modalities tell together, and whether fusion *can* help at all;
# - notice that a model has stopped listening to one of its modalities, and cure it;
# - measure what a missing or noisy modality costs, and make the price small;
# - read a table of methods with intervals without fooling yourself.
#
# **Time**: two hours of reading and running. The whole notebook runs in about a minute.
# **You need** NumPy, a little PyTorch, and [chapter 01](01_heterogeneous_data.ipynb) for the sound.

# %%
from mmcourse import show  # first: it asks NumPy and torch for one thread each

import numpy as np
from matplotlib import pyplot as plt

from mmcourse.data import digits
from mmcourse.metrics import over_seeds, wilson_interval

show.setup()
rng = np.random.default_rng(0)

# %% [markdown]
# ## The picture first
#
# A handwritten digit under noise and the same digit spoken in noise. Here are six such pairs: what is seen above, what
# is heard below (a spectrogram; time runs to the right, low pitches lie at the bottom).

# %%
from mmcourse.studies import digits as study

test = digits.load("test")
print(len(test), "pairs of an image", test.images.shape[1:], "and a sound", test.sounds.shape[1:])

# %%
heard = study.bands(test.sounds[:6])
fig, axes = plt.subplots(2, 6, figsize=(9, 3.2))
for i in range(6):
    axes[0, i].imshow(test.images[i], cmap="gray_r", vmin=0, vmax=1)
    axes[0, i].set_title(f"a {test.labels[i]}")
    axes[1, i].imshow(heard[i].T, origin="lower", aspect="auto")
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("seen")
axes[1, 0].set_ylabel("heard")
show.figure(
    fig, "Six handwritten digits in heavy noise, above six noisy spectrograms of spoken ones."
)

# %% [markdown]
# How well can they be read, by the eye alone, by the ear alone, and by both? Each row is a network trained five times
# on 4,000 pairs, each time with another seed for the pairs and for the first weights, and tested on 2,000 pairs made of
# images and voices that it has never met.
#
# Two kinds of chance, two kinds of interval, and the output always says which. **Over seeds** (Student's *t*, five
# numbers): where would the mean lie if we trained with all other seeds? **Over examples** (bootstrap or Wilson): where
# would these trained models lie on other pairs? The pairs come from a few hundred test images and clips, so the second
# kind speaks of other noise and other pairings of these, not of a new crowd of writers and speakers.

# %%
from mmcourse.studies import digits_tables as tables

for method in ("image alone", "sound alone", "sum"):
    mean, low, high = over_seeds(tables.shares(method, "same digit"))
    print(f"{method:12s} {mean:.1%} right, 95 % over seeds {low:.1%} to {high:.1%}")
difference, low, high = tables.gain("sum", "same digit")
says = f"{difference:+.1%}, 95 % over examples {low:+.1%} to {high:+.1%}"
print(f"together minus the better one: {says}")
print(len(set(test.handwritten)), "images,", len(set(test.clips)), "clips,", end=" ")
print(len(set(test.voices)), "voices in the test pairs")

# %% [markdown]
# Both together make far fewer mistakes than either alone. The sum, which needs a single line, is enough for that. The
# rest of the chapter asks why, when it is not, and what can go wrong.

# %% [markdown]
# ## The idea: where do the roads meet?
#
# Every fusion is a choice of the place where two roads meet.
#
# | name | what meets | good | bad |
# |---|---|---|---|
# | early | the raw inputs | may use every detail | rates and shapes must match |
# | joint | features of two towers: a **joint representation** | learns what goes with what | can forget a modality |
# | late | the verdicts of two complete streams | if one fails, the other still answers | never sees the pair |
#
# Pixels and sound samples have no common grid, so early fusion is out here. We have a tower for each modality, which
# turns image and sound into features $a \in \mathbb R^A$ and $b \in \mathbb R^B$, and the question is what comes next.
#
# Five words that this chapter needs. A **tower** (or stream) is the part of the network that sees one modality only.
# The **joint** is what makes one vector $y$ of the towers' vectors, and the **head** makes class scores of that
# vector; "linear head" means a single matrix. A **verdict** is a distribution over the classes. The **way back** is
# the gradient of the loss, carried from a function's output to its inputs; `cache` holds what it needs from the way
# there.

# %% [markdown]
# ## The formulas, by hand
#
# ### Concatenation and the sum are the same family
#
# In what follows $O$ is the width of the joint vector, and the functions take any number of examples at once.
#
# Put $a$ and $b$ side by side and multiply by a matrix. Cut that matrix in two and you see what it does:
#
# $$y = W\,[a, b] + c = W_a\, a + W_b\, b + c$$
#
# So one linear map of the concatenation *is* a sum of two maps into one common space. Whatever $b$ says, it shifts the
# answer by $W_b\,b$, no matter what $a$ is.

# %%
from mmcourse.fusion import scratch as fusion

a, b = rng.standard_normal((4, 5)), rng.standard_normal((4, 3))
weight, bias = rng.standard_normal((7, 8)), rng.standard_normal(7)
y, cache = fusion.concatenation_fusion(a, b, weight, bias)
print(
    "equal to the sum of two maps:",
    np.allclose(y, a @ weight[:, :5].T + b @ weight[:, 5:].T + bias),
)

# %% [markdown]
# ### The product: on only where both say so
#
# $$y = (W_a\, a) \odot (W_b\, b)$$
#
# Now what $b$ does depends on $a$. The price: a silent modality silences everything. Way there and way back, in full:


# %%
def product_fusion(a, b, w_a, w_b):
    p, q = a @ w_a.T, b @ w_b.T
    return p * q, (a, b, w_a, w_b, p, q)


def product_fusion_backward(dy, cache):
    a, b, w_a, w_b, p, q = cache
    dp, dq = dy * q, dy * p  # each factor is the other's slope
    return dp @ w_a, dq @ w_b, dp.T @ a, dq.T @ b


# %% [markdown]
# Is the way back right? Walk a small step along a random direction, and compare the change with what it promises.

# %%
inputs = [a, b, rng.standard_normal((7, 5)), rng.standard_normal((7, 3))]
steps = [rng.standard_normal(x.shape) for x in inputs]
y, cache = product_fusion(*inputs)
dy = rng.standard_normal(y.shape)
promised = sum(
    (g * s).sum() for g, s in zip(product_fusion_backward(dy, cache), steps, strict=True)
)
there, _ = product_fusion(*(x + 1e-5 * s for x, s in zip(inputs, steps, strict=True)))
before, _ = product_fusion(*(x - 1e-5 * s for x, s in zip(inputs, steps, strict=True)))
measured = ((there - before) * dy).sum() / 2e-5
print(f"promised {promised:.5f}, measured {measured:.5f}")

# %% [markdown]
# ### A gate: whom to believe, entry by entry
#
# $$y = z \odot \tanh(W_a a) + (1 - z) \odot \tanh(W_b b), \qquad z = \sigma(W_z\,[a, b])$$
#
# The gate $z$ reads both and decides, for every entry of every example, which of the two is let through (Arevalo et
# al. 2017). With two maps that say opposite things, watch the answer slide from one to the other as the gate opens:

# %%
one = np.ones((1, 1))
opening = np.linspace(-6, 6, 61)
said = [fusion.gated_fusion(one, one, one, -one, np.array([[g, 0.0]]))[0].item() for g in opening]
fig, ax = plt.subplots(figsize=(5, 2.4))
ax.plot(opening, said)
for value, name in ((np.tanh(1), "what a says"), (-np.tanh(1), "what b says")):
    ax.axhline(value, color="gray", linestyle=":")
    ax.text(-6, 0.8 * value, name, va="center")
ax.set(xlabel="score of the gate", ylabel="answer", ylim=(-1, 1))
show.figure(fig, "The answer goes from what b says to what a says as the gate's score grows.")

# %% [markdown]
# ### Attention over modalities
#
# With features of one width $D$, stack the $M$ modalities as if they were words, score each, and average:
#
# $$p_m = \operatorname{softmax}_m\big(u \cdot \tanh(W f_m)\big), \qquad y = \sum_m p_m f_m$$
#
# One weight **per modality and per example**: the model can say "this picture is too dark, I listen". A modality that
# is missing gets no weight at all, and the others share it. (Whether the rest of the network can live with that is
# another question; it comes further down.)

# %%
features = rng.standard_normal((3, 2, 4))  # 3 examples, 2 modalities, width 4
present = np.array([[True, True], [False, True], [True, False]])
w, u = rng.standard_normal((5, 4)), rng.standard_normal(5)
_, (_, _, p, *_) = fusion.attention_fusion(features, w, u, present)
print("weights of image and sound:", *(f"{i:.2f} and {s:.2f};" for i, s in p))

# %% [markdown]
# ### The tensor: all pairs
#
# If products of single entries are good, take all of them. A one in front of the door keeps the singles as well:
#
# $$y = [a, 1] \otimes [b, 1] \in \mathbb R^{(A + 1)(B + 1)}$$
#
# (Zadeh et al. 2017). With two numbers and one:

# %%
small, _ = fusion.tensor_fusion(np.array([2.0, 3.0]), np.array([5.0]))
print(small.reshape(3, 2), "  rows: 2, 3, 1; columns: 5, 1", sep="\n")

# %% [markdown]
# The layer that reads it has a weight for each pair and each output, and that explodes. **Low-rank fusion** (Liu et al.
# 2018) asks that those weights be a sum of $K$ products of a factor for $a$ and a factor for $b$. Then the tensor need
# never be built:
#
# $$y_o = \sum_k \big(F^a_{ko} \cdot [a, 1]\big)\,\big(F^b_{ko} \cdot [b, 1]\big)$$

# %%
K, O = 2, 7
f_a, f_b = rng.standard_normal((K, O, 6)), rng.standard_normal((K, O, 4))
y, _ = fusion.low_rank_fusion(a, b, f_a, f_b)
full = np.einsum("koi,koj->oij", f_a, f_b).reshape(O, -1)  # the matrix that it stands for
print(
    "equal to a linear map of the tensor:", np.allclose(y, fusion.tensor_fusion(a, b)[0] @ full.T)
)
for A, B in ((32, 32), (256, 256), (2048, 768)):
    print(
        f"A {A:4d}, B {B:3d}, O 128: full {(A + 1) * (B + 1) * 128:11,d}, rank 8 {(A + B + 2) * 8 * 128:9,d}"
    )

# %% [markdown]
# ### Late fusion: a mixture of experts
#
# Two complete models each give a distribution over the classes, and the verdicts are averaged with weights that sum
# to one: $p(v) = \sum_m g_m\, p_m(v)$ for each class $v$. One pair of weights for all examples is **two-stream late
# fusion**; weights that a small network computes for each example make a **mixture of experts** (Jacobs et al. 1991).
# The weights are a softmax of any numbers, the gates.

# %%
verdicts = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
for gates in ([0.0, 0.0], [2.0, 0.0]):
    p, (_, weights, _) = fusion.mixture_of_experts_fusion(verdicts, np.array(gates))
    print("gates", gates, "weights", weights.round(2), "verdict", p.round(2))

# %% [markdown]
# ## What can each express?
#
# Take the smallest problem that needs both: $a$ and $b$ are $\pm 1$, and the label says whether they differ, the
# **exclusive or**. Which representations let a *linear* head get it right? Least squares on all four cases answers
# that without any training.

# %%
corners = np.array([[-1.0, -1], [-1, 1], [1, -1], [1, 1]])
a, b = corners[:, :1], corners[:, 1:]
agree = a * b  # +1 where they agree, -1 where they differ
fused = {
    "concatenation": np.concatenate([a, b, np.ones((4, 1))], 1),
    "product": fusion.product_fusion(a, b, one, one)[0],
    "tensor": fusion.tensor_fusion(a, b)[0],
}
for name, y in fused.items():
    best = y @ np.linalg.lstsq(y, agree, rcond=None)[0]
    print(f"{name:13s} largest error of the best linear head: {np.abs(best - agree).max():.1f}")

# %% [markdown]
# Concatenation carries everything, and its best *linear* head answers 0 everywhere, which is no answer. (A line that
# cares for three corners and gives up the fourth gets three of four; no honest loss leads there.) It needs a
# **nonlinear layer** behind it, which can make products out of sums. That is the deal: a fusion with products has the
# interaction built in; concatenation must learn it.
#
# ### Does it learn?
#
# The same with five noisy numbers a modality, trained by your own way back. First a linear head behind either fusion:

# %%
from mmcourse.layers import scratch as layers


def problem(count, rng):
    """Two signs, each hidden in five noisy numbers, and whether they differ."""
    signs = rng.choice([-1.0, 1.0], (2, count, 1))
    a, b = signs * [1, -1, 1, 0, 0] + rng.standard_normal((2, count, 5)) * 0.5
    return a, b, (signs[0] != signs[1])[:, 0].astype(float)


def joint(a, b, params, fuse):
    if fuse == "product":
        return product_fusion(a, b, params["w_a"], params["w_b"])
    return fusion.concatenation_fusion(a, b, params["weight"], params["bias"])


# %%
KINDS = {  # the shapes of the parameters, and the way back
    "product": ({"w_a": (4, 5), "w_b": (4, 5)}, product_fusion_backward),
    "concatenation": ({"weight": (4, 10), "bias": (4,)}, fusion.concatenation_fusion_backward),
}


# %%
def learn(fuse, rng, steps=300):
    """Train the fusion and a linear head; returns the parameters."""
    shapes, back = KINDS[fuse]
    params = {n: rng.standard_normal(s) * 0.3 for n, s in shapes.items()}
    params["head"], state = rng.standard_normal((1, 4)), {}
    for _ in range(steps):
        a, b, label = problem(100, rng)
        y, cache = joint(a, b, params, fuse)
        _, cache_loss = layers.binary_cross_entropy((y @ params["head"].T)[:, 0], label)
        d = layers.binary_cross_entropy_backward(1.0, cache_loss)[:, None]
        _, _, *slopes = back(d @ params["head"], cache)  # those of a and b are not needed
        gradients = dict(zip(shapes, slopes, strict=True))
        params, state = layers.adam(params, gradients | {"head": d.T @ y}, state, lr=0.02)
    return params


# %%
a, b, label = problem(2000, np.random.default_rng(99))
for fuse in ("concatenation", "product"):
    params = learn(fuse, np.random.default_rng(1))
    y, _ = joint(a, b, params, fuse)
    scores = (y @ params["head"].T)[:, 0]
    right = int(((scores > 0) == label).sum())
    low, high = wilson_interval(right, 2000)
    print(f"{fuse:13s} {right / 2000:.1%} right ({low:.1%} to {high:.1%})")

# %% [markdown]
# ## The twins in PyTorch
#
# Each fusion stands twice, and a test holds the two together in value and in every gradient. Two of them:

# %%
from mmcourse.fusion import pytorch

show.twins(
    [fusion.tensor_fusion, fusion.tensor_fusion_backward, fusion.low_rank_fusion],
    [pytorch.tensor_fusion, pytorch.low_rank_fusion],
)

# %% [markdown]
# ## A real joint model: CNN + RNN features in one space
#
# Now the noisy digits. A small **CNN** reads the image; a recurrent network, a GRU (gated recurrent unit), listens to
# 36 time steps of 20 frequency bands; both are projected into one space and added. Towers, joint and head are trained
# together, from random numbers.

# %%
import torch
from torch import nn


class Listen(nn.Module):
    """The last state of a GRU over the bands (B, 36, 20), mapped to D features."""

    def __init__(self, D):
        super().__init__()
        self.gru, self.out = nn.GRU(study.BANDS, 48, batch_first=True), nn.Linear(48, D)

    def forward(self, bands):
        return self.out(self.gru(bands)[1][0])


# %%
def report(name, model, data):
    right = study.correct(model, data)
    low, high = wilson_interval(int(right.sum()), len(right))
    print(f"{name:28s} {right.mean():.1%} right ({low:.1%} to {high:.1%})")


training, testing = study.tensors("train", 4000), study.tensors("test")
cnn_rnn = study.fit("sum", training, 10, hear=Listen, epochs=8, bar=True)
report("CNN + RNN, one space", cnn_rnn, testing)

# %% [markdown]
# One space for both, and it reads well beyond either modality alone (with a CNN over time in place of the GRU, as in
# the table below, it reads better still). Are an image of a seven and the word "seven" now *near* each other in it?
# Look, before you believe it: the two summands $W_a a$ and $W_b b$ of 600 test pairs, in the plane where they vary
# most.

# %%
with torch.inference_mode():
    a, b = cnn_rnn.features(*(t[:600] for t in testing[:3]))
    seen, said = (a @ cnn_rnn.joint["w_a"].T).numpy(), (b @ cnn_rnn.joint["w_b"].T).numpy()
seen, said, labels = seen - seen.mean(0), said - said.mean(0), test.labels[:600]
_, _, directions = np.linalg.svd(np.concatenate([seen, said]), full_matrices=False)

# %%
fig, axes = plt.subplots(1, 2, figsize=(8, 3.6), sharex=True, sharey=True)
for ax, points, title in zip(axes, (seen, said), ("images", "sounds"), strict=True):
    x, y = directions[:2] @ points.T
    ax.scatter(x, y, color="#56B4E9", s=5)
    for digit in range(10):
        mine = labels == digit
        ax.text(x[mine].mean(), y[mine].mean(), str(digit), fontsize=15, ha="center", va="center")
    ax.set(title=title, xlabel="first direction", ylabel="second direction")
alt = "Two clouds in one plane: images spread up and down, sounds left and right; a digit's mean lies elsewhere."
show.figure(fig, alt)

# %%
centres = np.stack([said[labels == digit].mean(0) for digit in range(10)])
directions = centres / np.linalg.norm(centres, axis=1, keepdims=True)
alike = seen @ directions.T  # the nearest in angle
hits = int((alike.argmax(1) == labels).sum())
low, high = wilson_interval(hits, 600)
print(
    f"image nearest to the centre of its own word: {hits / 600:.0%} ({low:.0%} to {high:.0%}), by chance 10%"
)

# %% [markdown]
# Better than chance, and nowhere near a match: a joint space is **not an aligned space**. The head needs only that
# image and sound *add up* to the right answer, and nothing in the loss asks that they lie at the same place. If you
# want to search sounds with images, you must ask for it: that is chapter 07.

# %% [markdown]
# ## When can fusion help? Count before you build
#
# What the true digits $a$ (seen) and $b$ (heard) tell of a label is a number, in bits, and for tasks that we make
# ourselves it is known exactly. The tasks:
#
# | task | the two digits | label |
# |---|---|---|
# | same digit | the same | the digit |
# | unique image, unique audio | independent | the seen digit; the heard one |
# | xor | independent | is exactly one of them 5 or more? |
# | sum mod 10 | independent | the last digit of their sum |
#
# The partial information decomposition (Williams & Beer 2010) splits the number in four: **redundant**, told by both;
# **unique** to one; and **synergy**, told by neither, only by the pair. (There are several ways to split; for these
# pure tasks all of them agree.)

# %%
print("task          in all  redundant  only image  only sound  synergy   (bits)")
for task in ("same digit", "unique image", "unique audio", "xor", "sum"):
    d = digits.information(task)
    parts = (d.redundant, d.unique_a, d.unique_b, d.synergy)
    name = "sum mod 10" if task == "sum" else task
    print(f"{name:12s} {d.both:6.2f}" + "".join(f"{x:11.2f}" for x in parts))

# %% [markdown]
# In *xor* either digit alone says exactly nothing. You can turn the knobs yourself, for example by mixing xor with a
# redundant task, *same half* (both digits lie in the same half, which is the label). In all there is less information
# than in either pure task, because an example does not tell from which of the two it comes.

# %%
shares = np.linspace(0.01, 0.99, 50)
mixed = [digits.information({"same half": 1 - s, "xor": s}) for s in shares]
fig, ax = plt.subplots(figsize=(5.5, 2.6))
for name, line in (("redundant", "-"), ("synergy", "--"), ("both", ":")):
    ax.plot(
        shares, [getattr(d, name) for d in mixed], line, label="in all" if name == "both" else name
    )
ax.set(xlabel="share of xor among the examples, the rest is same half", ylabel="information (bits)")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
show.figure(fig, "Redundancy falls and synergy rises as the share of xor in the mixture grows.")

# %% [markdown]
# One warning, or this table misleads. It speaks of digits that are *known*. Where both tell the same and either is
# noisy, the second still helps: not because it says something new, but because it says the same thing again. That is
# what you saw in the picture at the top.

# %% [markdown]
# ## The honest table
#
# Every method of this chapter, on four tasks, with five seeds each: same towers, same number of passes, only the
# joint differs, as far as it can. Three things to know before you compare. The late methods have a linear head for
# each stream, the others one head with a hidden layer, whose first matrix is as wide as the joint vector.
# *concatenation* is the bare [a, b] before that head; *sum* has the two maps. And *xor* comes with clean digits and
# twice the examples, for it is the joint that is asked there, not the towers.
#
# One more competitor stands at the end: plain concatenation whose learning rate, width and dropout were **tuned** on
# validation data. The dashed line is the better single modality; where a modality is useless, it is left out.

# %%
panels = {}
for task in study.TASKS:
    means = {m: over_seeds(tables.shares(m, task)) for m in tables.methods(task)[:12]}
    panels[task] = {m: interval for m, interval in means.items() if interval[0] > 0.2}
marks = [panels[task][tables.best_alone(task)][0] for task in study.TASKS]
fig = show.intervals(panels, "share right", marks)
alt = "On same digit all joints lie near 0.96, singles near 0.8; on xor joints near 0.95, late and singles at 0.5."
show.figure(fig, alt)

# %%
import json

costs = json.loads(study.RESULTS.with_name("digits_costs.json").read_text())
print("same digit             right  (95 % over seeds)   parameters   time   MiB")
for method, count, (mean, low, high), _ in tables.rows("same digit")[:12]:
    cost = costs.get(method)
    price = f"{cost['time']:6.2f}{cost['MiB']:7.2f}" if cost else "     wider towers"
    print(f"{method:21s} {mean:.3f}  ({low:.3f} to {high:.3f})  {count:10,d} {price}")

# %% [markdown]
# *Time* is that of a training step relative to concatenation, as a median of pairs; *MiB* is what such a step keeps:
# weights, gradients, the optimiser's moments, and what the way back needs. `python -m mmcourse.studies.digits`
# makes data and table anew from their seeds.
#
# Now the tests that matter, over the same test examples: each method against the tuned concatenation.

# %%
others = ["sum", "gated", "tensor", "low-rank tensor", "attention", "late", "mixture of experts"]
print("minus the tuned concatenation      over examples        over seeds")
for task in ("same digit", "xor"):
    more = ["attention" + study.WITH_DROPOUT] if task == "same digit" else []
    for method in others + more:
        difference, *examples = tables.gain(method, task, study.TUNED, resamples=500)
        _, *seeds = tables.gain_over_seeds(method, task, study.TUNED)
        ends = "".join("   {:+.3f} to {:+.3f}".format(*ends) for ends in (examples, seeds))
        name = method.replace(" + modality", " +")
        print(
            f"{task:11s}{name:20s}{difference:+.3f}{ends}  {tables.verdict(method, task, study.TUNED)}"
        )

# %%
for task in study.TASKS:
    settings = tables.settings(task)
    right = " ".join(f"{share:.3f}" for share in tables.shares(study.TUNED, task))
    print(f"{task:13s} tuned: {settings}, right by seed {right}")

# %% [markdown]
# Read it slowly. A difference counts here only if it survives **both** kinds of chance, and with this many rows, one or
# two will survive by luck.
#
# - **Redundant** (*same digit*): the joints beat the better modality clearly; attention does so only on average, of
#   which more below. None of them beats the tuned concatenation, which has wider towers. That is no proof that
#   concatenation is best, for the others were not tuned: it is a warning how much settings matter. And watch the last
#   line of that block: attention trained with modality dropout draws level without any tuning.
# - **Synergy** (*xor*): each modality alone guesses, and **late fusion guesses too**: each stream's honest verdict is
#   half and half, and so is every average. The mixture of experts lies between, with a wide interval: its gates see
#   both. The joints read it, and they cannot be told apart. The tuned concatenation has four seeds as good as
#   any and one that failed; a search with a single seed cannot see such failures.
# - **Unique**: there is nothing in the other modality to gain. Still the rows differ by a few points, in either
#   direction: concatenation pays for its useless half on *unique image*, the tensor gains on both. It is no
#   information from the other side, for there is none. Why, this study does not tell.

# %% [markdown]
# ## Modality collapse, and how to notice it
#
# Look at *attention* in the first panel: its interval is the widest of all. Train one, with seed 0, and ask what it
# looks at. The first lines are the yardstick: the sound alone with the same seed.

# %% tags=["trained"]
print(f"sound alone, seed 0: {tables.shares('sound alone', 'same digit')[0]:.1%} right")
models = {"attention": study.fit("attention", training, 10, bar=True)}
report("attention", models["attention"], testing)


# %%
def attention_weights(model, data):
    """How much the image and the sound weigh, (N, 2)."""
    with torch.inference_mode():
        stacked = torch.stack(model.features(*data[:3]), -2)
        scores = torch.tanh(stacked @ model.joint["w"].T) @ model.joint["u"]
    return scores.masked_fill(~data[2], -np.inf).softmax(-1).numpy()


def shuffled(data, which, rng):
    """The same data with one modality taken from other examples."""
    order = torch.from_numpy(rng.permutation(len(data[0])))
    return [t[order] if i == which else t for i, t in enumerate(data)]


# %% tags=["trained"]
def listens_to(name, model):
    base = study.correct(model, testing).mean()
    losses = [
        base - study.correct(model, shuffled(testing, i, np.random.default_rng(0))).mean()
        for i in (0, 1)
    ]
    weights = attention_weights(model, testing)[:, 0]
    print(f"{name}: the image weighs {weights.mean():.2f} on average")
    print("   shuffled images cost {:.1%}, shuffled sounds {:.1%}".format(*losses))


listens_to("attention", models["attention"])

# %% [markdown]
# Three alarms, from cheap to sure: the **weights** of one modality are near zero; **shuffling** a modality between test
# examples costs next to nothing; and the fused model is **hardly better than the single one**. This network is deaf or
# blind on one side, although both sides would help.
#
# When did that happen, and why does it not recover? Ask for the weight of the image and for the gradient of each tower,
# before training, after one pass and at the end.


# %%
def gradient(model, tower, count=500):
    """The length of the gradient of one tower, over the first training pairs."""
    *inputs, truth = (t[:count] for t in training)
    parameters = list(getattr(model, tower).parameters())
    slopes = torch.autograd.grad(nn.functional.nll_loss(model(*inputs), truth), parameters)
    return float(sum(s.square().sum() for s in slopes)) ** 0.5


# %% tags=["trained"]
stages = {"one step": study.fit("attention", [t[:100] for t in training], 10, epochs=1)}
stages |= {
    "one pass": study.fit("attention", training, 10, epochs=1),
    "ten passes": models["attention"],
}
for stage, model in stages.items():
    weight = attention_weights(model, testing)[:, 0].mean()
    print(f"{stage:10s} image weight {weight:.4f}", end="  ")
    print(f"gradient: image {gradient(model, 'see'):.0e}, sound {gradient(model, 'hear'):.0e}")

# %% [markdown]
# What has no weight gets no gradient, and what gets no gradient does not learn to deserve weight. So a tower that falls
# behind early stays behind. The cure is to take the favourite away now and then: **modality dropout** loses one of the
# two, chosen at random, in 40 % of the examples.

# %% tags=["trained"]
models["attention, dropout"] = study.fit("attention", training, 10, modality=0.4, bar=True)
report("with modality dropout", models["attention, dropout"], testing)
listens_to("with modality dropout", models["attention, dropout"])

# %% [markdown]
# Was that luck? Five seeds, each with and without. Some escape the trap by themselves, others do not, and their mean
# describes neither:

# %%
print("seed   attention   with modality dropout")
pair = [tables.shares(m, "same digit") for m in ("attention", "attention" + study.WITH_DROPOUT)]
for seed, (without, with_dropout) in enumerate(zip(*pair, strict=True)):
    print(f"{seed:4d} {without:11.3f} {with_dropout:14.3f}")
mean, low, high = over_seeds(pair[1] - pair[0])
print(f"difference {mean:+.3f} (95 % over seeds {low:+.3f} to {high:+.3f})")

# %% [markdown]
# ## What if a modality is missing, or worse than in training?
#
# In the world, microphones break. (Here a missing modality reaches the joint as zeros; only attention and the late
# methods are told by a mask.) Take a plain concatenation, the attention that collapsed, and the one that met
# missing modalities in training, and take the sound away from more and more of the test examples.

# %%
models = {"concatenation": study.fit("concatenation", training, 10, bar=True)} | models


def disturbed(knob, values, trained_on=digits.AUDIO_NOISE):
    """1,000 test examples for each value of a knob, their bands standardised as in training, unless None."""
    knobs = [{knob: float(v), "trained_on": trained_on} for v in values]
    return values, [study.tensors("test", 1000, **k) for k in knobs]


# %%
times = np.array([0.25, 0.5, 1, 1.5, 2])
tests = {
    "share of sounds missing": disturbed("missing_audio", np.linspace(0, 1, 5)),
    "image noise": disturbed("image_noise", times * digits.IMAGE_NOISE),
    "sound noise": disturbed("audio_noise", times * digits.AUDIO_NOISE),
}

anew = disturbed("audio_noise", times * digits.AUDIO_NOISE, trained_on=None)


# %%
def curve(ax, model, values, sets, line, label):
    """The share right over the values of a knob, with the band of its 95 % interval over examples."""
    right = np.array([study.correct(model, data).sum() for data in sets])
    low, high = np.transpose([wilson_interval(int(n), 1000) for n in right])
    ax.plot(values, right / 1000, line, marker="o", markersize=4, label=label)
    ax.fill_between(values, low, high, alpha=0.2)


# %% tags=["trained"]
fig, axes = plt.subplots(1, 3, figsize=(10, 2.9), sharey=True)
for ax, (name, (values, sets)) in zip(axes, tests.items(), strict=True):
    for (method, model), line in zip(models.items(), ("-", "--", ":"), strict=True):
        curve(ax, model, values, sets, line, method)
    ax.set(xlabel=name + (" (std)" if "noise" in name else ""), ylim=(0, 1))
curve(axes[2], models["concatenation"], *anew, "-.", "concatenation,\nstandardised anew")
for ax, knob in zip(axes[1:], (digits.IMAGE_NOISE, digits.AUDIO_NOISE), strict=True):
    ax.axvline(knob, color="gray", linewidth=0.8)  # where they were trained
axes[0].set_ylabel("share right")
axes[2].legend(loc="upper left", bbox_to_anchor=(1, 1))
alt = "All fall as sounds go missing, dropout least; other sound noise breaks all, unless standardised anew."
show.figure(fig, alt)

# %% [markdown]
# (Bands: 95 % over examples; gray lines: the noise of training.) With all five seeds and the whole test set, ± half of
# the 95 % interval over seeds:

# %%
chosen = ["image alone", "sound alone", "concatenation", "product", "attention", "tensor", "late"]
chosen += [m + study.WITH_DROPOUT for m in ("concatenation", "attention", "late")]
conditions = {"as trained": None, "no sound": "no sound", "no image": "no image"}
conditions |= {"sound noise × 2": "twice the sound noise"}
print(" " * 26 + "".join(f"{name:>16s}" for name in conditions))
for method in chosen:
    row = ""
    for condition in conditions.values():
        mean, low, _ = over_seeds(tables.shares(method, "same digit", condition))
        row += f"{mean:9.3f} ± {mean - low:.3f}"
    print(f"{method.replace(' + modality', ' +'):25s}{row}")

# %% [markdown]
# - Without its sound, plain concatenation falls **far below the image alone**: a fused model is not automatically as
#   good as its better half. The product, by its formula, has nothing left at all.
# - The mask alone does not save attention, and zeros do not doom concatenation: what counts is to have met the absence
#   **in training**. With modality dropout both keep most of what the remaining modality can give, and lose nothing
#   when all is there.
# - With twice the sound noise every model that listens fails, and the figure has a surprise: **cleaner** sound is as
#   foreign to them. Both shift the energies away from what the network was trained on. Standardise the bands with
#   the noise that is really there, and the same weights read well again. So before you blame the joint, look at its
#   input. *Missing* announces itself; *other than in training* does not.
# - Attention's flat line over image noise is no strength. It is blind.

# %% [markdown]
# ## Play with it
#
# Choose an example, add or remove noise, take a modality away, and see who still knows the digit. (The sliders
# need a running kernel; below them is a picture for readers without one.)


# %%
def look(example, image_noise, sound_noise, missing):
    knobs = {"image_noise": image_noise, "audio_noise": sound_noise}
    lost = {
        "missing_image": float(missing == "the image"),
        "missing_audio": float(missing == "the sound"),
    }
    data = study.tensors("test", example + 1, trained_on=digits.AUDIO_NOISE, **knobs, **lost)
    images, sounds, present, labels = (t[-1:] for t in data)
    with torch.inference_mode():
        chances = {n: m(images, sounds, present)[0].exp().numpy() for n, m in models.items()}
    truth = int(labels)
    says = ", ".join(f"{n} says {p.argmax()}" for n, p in chances.items())
    sentence = f"A {truth}; image noise {image_noise:.2f}, sound noise {sound_noise:.2f}: {says}."
    heard = (sounds * present[:, 1:, None])[0].numpy()  # a flat picture where there is no sound
    return images[0, 0].numpy() + 0.3, heard, chances, truth, sentence


# %%
show.mixer(look, {"image noise": (1.0, 0.4), "sound noise": (3.0, 1.2)}, examples=40)

# %% tags=["trained"]
*drawing, sentence = look(0, 0.4, 1.2, "the sound")
show.figure(show.verdicts(*drawing), f"Without its sound. {sentence}")

# %% tags=["trained"]
deaf = study.tensors("test", 200, missing_audio=1.0, trained_on=digits.AUDIO_NOISE)
for name, model in models.items():
    right = int(study.correct(model, deaf).sum())
    low, high = wilson_interval(right, 200)
    print(f"{name:20s} without sound {right} of 200 right ({low:.0%} to {high:.0%})")

# %% [markdown]
# ## Pitfalls
#
# - **Unequal hours.** A new fusion that was tuned against a baseline that was not says nothing, nor does the reverse.
# - **One seed.** Attention's seeds differ by more than most methods do. Report intervals, and over what.
# - **Believing that two are never worse than one.** Collapse, a missing modality or a noisy one can each make fusion
#   worse than its better half. Always keep the single models as a yardstick.
# - **Late fusion for a synergy task.** If only the pair tells, each stream's honest verdict knows nothing.
# - **A mask without practice.** Say what is missing, and let training see it missing. The mask alone did not help here.
# - **Frozen standardisation.** Means and spreads from training do not fit another level of noise.
# - **A joint space taken for an aligned one.** Nearness between modalities must be asked for by the loss.
# - **Modality weights read as importance.** A weight near zero is an alarm; a large one proves little. Shuffle.
# - **Splits that leak.** The same writer or voice in training and test makes every fusion look better than it is.

# %% [markdown]
# ## Quiz
#
# Choose, and read why. The wrong choices have something to say as well: try them.

# %%
show.quiz("02_fusion", 1)

# %%
show.quiz("02_fusion", 2)

# %%
show.quiz("02_fusion", 3)

# %%
show.quiz("02_fusion", 4)

# %%
show.quiz("02_fusion", 5)

# %% [markdown]
# ## Exercise
#
# Open **`exercises/02_fusion/02_fusion.ipynb`**: seven questions, 100 points, each a variation of this chapter: say
# openly what is missing, gate three modalities, walk back through a gate, fuse three without their tensor, let experts
# multiply, drop modalities but never all, and count what fusion can gain.

# %% [markdown]
# ## References
#
# - Baltrušaitis, Ahuja & Morency 2019, *Multimodal machine learning: a survey and taxonomy*, arXiv:1705.09406.
#   Section 3.1: joint representations; section 6: early, late and hybrid fusion.
# - Simonyan & Zisserman 2014, *Two-stream convolutional networks for action recognition in videos*, arXiv:1406.2199.
# - Arevalo et al. 2017, *Gated multimodal units for information fusion*, arXiv:1702.01992. Section 3.
# - Zadeh et al. 2017, *Tensor fusion network for multimodal sentiment analysis*, arXiv:1707.07250. Section 4.2.
# - Liu et al. 2018, *Efficient low-rank multimodal fusion with modality-specific factors*, arXiv:1806.00064. Section 3.
# - Jacobs et al. 1991, *Adaptive mixtures of local experts*, Neural Computation 3.
# - Neverova et al. 2016, *ModDrop: adaptive multi-modal gesture recognition*, arXiv:1501.00102. Modality dropout.
# - Wang, Tran & Feiszli 2020, *What makes training multi-modal classification networks hard?*, arXiv:1905.12681: the
#   single modality can beat the fused network.
# - Williams & Beer 2010, *Nonnegative decomposition of multivariate information*, arXiv:1004.2515. Equations for the
#   four parts.
