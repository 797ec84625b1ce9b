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
# # 05 · Image captioning
#
# Show someone a picture and ask for one sentence. They look, decide what matters, and speak word after word, each word
# fitting what has been said. A captioning network does the same with two parts: an **encoder** that looks, and a
# **decoder** that writes. This chapter builds both from the ground, makes them good, and finds out exactly where they
# still fail. On the way it takes apart a listing that looks right and can never work.
#
# **After this chapter you can**
#
# - turn captions into numbers, targets and masks, and say what *teacher forcing* feeds where;
# - write an LSTM captioner in NumPy with backpropagation through time, and train it;
# - explain from shapes alone why a captioner that never reads its own words cannot write;
# - let a decoder look at regions with soft attention, draw where it looks at each word, and measure whether it is
#   right;
# - search for a sentence: greedily, by chance, with a beam; and compute BLEU, ROUGE-L and CIDEr-D by hand;
# - sort a captioner's mistakes by kind, in English and in Chinese.
#
# **Time**: three hours of reading and running. The notebook runs in about three minutes the first time, and in two once
# the features of the pictures are in your cache.
# **You need** [chapter 03](03_attention.ipynb) for attention, a little PyTorch, and patience with shapes.

# %%
from mmcourse import show  # first: it asks NumPy and torch for one thread each

import textwrap

import numpy as np
import torch
from matplotlib import pyplot as plt

from mmcourse.captioning import scratch
from mmcourse.captioning.words import BEGIN, END, PAD, Words
from mmcourse.data import scenes

show.setup()
rng = np.random.default_rng(0)

# %% [markdown]
# ## The picture first
#
# Four scenes whose *combinations* of things no captioner here has seen in training, and what two of them write about
# each, one in English and one in Chinese. (Four good ones; the failures come at the end.) Every captioner in this
# chapter learned from 4,000 pictures with one caption each. These two are Transformer decoders; their sentences are
# kept from the study behind this chapter, and further down you train one yourself in about a minute.

# %%
from mmcourse.metrics import wilson_interval
from mmcourse.studies import captions as study

test = scenes.load("test")
kept = study.results()
english, chinese = (kept["transformer", language, 0]["captions"] for language in ("en", "zh"))
fig, axes = plt.subplots(1, 4, figsize=(10, 3))
for ax, i in zip(axes, (588, 3, 17, 41), strict=True):
    ax.imshow(test.images[i])
    ax.set_axis_off()
    text = textwrap.fill(english[i], 26)
    ax.set_title(f"{text}\n{chinese[i].replace(' ', '')}", fontsize=9)
show.figure(
    fig, "Four sticker scenes, each under the English and the Chinese caption that networks wrote."
)

# %%
for language in ("en", "zh"):
    written = [tuple(c.split(" ")) for c in kept["transformer", language, 0]["captions"]]
    true = study.task_captions("test", language)
    right = sum(w == t for w, t in zip(written, true, strict=True))
    low, high = wilson_interval(right, len(true))
    print(f"{language}: {right} of {len(true)} captions without a fault ({low:.1%} to {high:.1%})")

# %% [markdown]
# ## The idea: a sentence is a chain of small decisions
#
# A caption is a sequence of words $w_1 \dots w_T$, and nothing stops us from factoring its probability, given the image
# $I$, from left to right:
#
# $$p(w_1, \dots, w_T \mid I) \;=\; \prod_{t=1}^{T} p(w_t \mid w_1, \dots, w_{t-1},\, I)$$
#
# No independence is assumed; this is the chain rule. It turns "write a sentence" into one task that we know well, done
# $T$ times: **classify the next word**, among $V$ entries of a vocabulary. Two things must reach that classifier at
# every step: the **image**, and **the words so far**. Keep both in mind. The broken listing further down loses one of
# them.
#
# | part | what comes in | what goes out |
# |---|---|---|
# | encoder, a CNN | an image (64, 64, 3) | $P$ regions with $D$ features each |
# | decoder, step $t$ | the regions and words $1 \dots t-1$ | $V$ logits for word $t$ |
# | search | the decoder, asked again and again | a sentence |

# %% [markdown]
# ## The encoder: VGG-16, from scratch and whole
#
# The classic encoder of captioning papers is VGG-16 (Simonyan & Zisserman 2015): thirteen 3 × 3 convolutions in five
# blocks, a pooling after each block that halves height and width, then three wide linear layers. It is so regular that
# a loop of ten lines builds it. On the "meta" device, which keeps shapes and no numbers, the whole network costs no
# memory:

# %%
from mmcourse.vision import vgg

with torch.device("meta"):
    whole = vgg.vgg16()
    x = torch.empty(1, 3, 224, 224)
    for layer in whole.features:
        x = layer(x)
        if isinstance(layer, torch.nn.MaxPool2d):
            print("after a block:", tuple(x.shape[1:]))
count = {n: sum(p.numel() for p in m.parameters()) for n, m in whole.named_children()}
print(f"parameters: features {count['features']:,}, classifier {count['classifier']:,}")
print("named as in torchvision:", list(whole.state_dict())[:3])

# %% [markdown]
# Nine of ten parameters sit in the classifier, which a captioner throws away ("without top"). What remains turns a
# picture into a **7 × 7 grid of 512 features**: 49 regions. If you have torchvision's weights,
# `vgg.load_torchvision(path)` takes them as they are.
#
# Without them, we can train a narrow VGG-16 here: an eighth of the channels, on the question *which things does this
# scene show?* That takes some five minutes, so its scores are kept by a study:

# %%
import json

from mmcourse.studies import vgg_nouns

scores = json.loads(vgg_nouns.SCORES.read_text())
task = scores["all nouns right on held-out scenes"]
low, high = task["95 % interval"]
print(f"narrow VGG-16: {scores['parameters']:,} parameters, {scores['CPU-seconds']} CPU-seconds")
print(f"all things named and no other: {task['share']:.0%} of 600 scenes ({low:.0%} to {high:.0%})")

# %% [markdown]
# Little better than half. On small pictures its five poolings leave a 2 × 2 grid, which is probably too coarse for
# small things; and VGG was made for large photographs and weeks of training. So we take an encoder that has seen more
# than we can show it.
#
# ## The encoder that we use: pretrained, frozen, cached
#
# **EfficientNet-Lite0** was trained on the photographs of ImageNet. It has never seen a sticker. We keep it **frozen**:
# what it sees in each picture never changes, so it is computed once and kept in your cache. The first time, the next
# cell takes about a minute; from then on, a second.

# %% tags=["nbval-ignore-output"] ignore_reason="a bar shows the first time only, when nothing is cached"
seen = study.regions("test"), study.regions("train")

# %%
print("test", seen[0].shape, " train", seen[1].shape, " (images, regions, features)")

# %% [markdown]
# An 8 × 8 grid, 112 numbers each. What does such a region know? Choose one, and light every region by how much it
# resembles it (cosine, after each feature is standardised):

# %%
index = 588
z = (seen[0][index] - study.scale().mean) / study.scale().std
z = z / np.linalg.norm(z, axis=1, keepdims=True)
places = {"on the first thing": 2 * 8 + 3, "on the second": 5 * 8 + 4, "in a corner": 0}
maps = np.stack([np.maximum(z @ z[r], 0).reshape(8, 8) for r in places.values()])
fig = show.spotlights(test.images[index], list(places), maps, columns=4, size=1.9)
show.figure(
    fig, "One scene lit where regions resemble the first thing, the second thing and a corner."
)

# %% [markdown]
# Each map is lit up to its own maximum, here and below, so compare places within a map and not brightness between
# maps. Things and background fall apart, although nobody told the network what a sticker is. Two last touches, in
# `mmcourse.captioning.words.placed`: standardise every feature with the training set's mean and spread, and append
# each region's row and column as one-hot numbers. Attention takes a weighted sum, and nothing in a sum says which
# part of it was *left* and which was *right*.

# %%
task = study.task("en")
print({split: r.shape for split, r in task.regions.items()})

# %% [markdown]
# ## Words as numbers
#
# Three entries of the vocabulary are no words: padding, begin and end. A batch of captions becomes a rectangle.

# %%
three = [("a", "cat"), ("two", "small", "dogs"), ("a", "cat", "above", "a", "dog")]
little = Words(three)
numbers = little.encode(three)
print(little.entries)
print(numbers)

# %% [markdown]
# The decoder **reads** all but the last column and is **asked** for all but the first. So at every step it reads the
# true word and must say the next one:

# %%
from itertools import pairwise

for read, asked in pairwise(numbers[1]):
    mark = "   (padding: does not count)" if asked == PAD else ""
    print(f"reads {little.entries[read]:8s} is asked for {little.entries[asked]}{mark}")

# %% [markdown]
# That is **teacher forcing**: whatever the model would have said, it reads the *true* words. All steps of a caption
# can then be computed in one sweep, and each has its own loss. A word that is not in the vocabulary is refused, with
# a hint:

# %%
try:
    task.words.encode([("a", "catt", "on", "the", "sand")])
except ValueError as problem:
    print(problem)

# %% [markdown]
# ## The LSTM captioner in NumPy
#
# An **LSTM** is a recurrent layer with two vectors of memory, the state $h$ and the cell $c$. At each step it reads an
# input and decides with three *gates*, numbers between 0 and 1 for each entry, how much of the cell to forget, how much
# of the new input to write into it, and how much of it to show as the next state. (In the package:
# `mmcourse.recurrent`, forward and backward.) What is written in the cell can stay there for many steps, and that is
# why gradients find their way back through a sentence.
#
# The simplest decoder squeezes the image into one vector $f$, lets it **start the state**, and lets every state say the
# next word. (Vinyals et al. 2015 feed the image as a first word instead; the rest is the same.) With $w_0$ the begin
# and $w_T$ the end:
#
# $$h_0 = W_h f + b_h,\quad c_0 = W_c f + b_c,\qquad h_t, c_t = \mathrm{LSTM}(E_{w_{t-1}},\, h_{t-1}, c_{t-1}),\qquad
#   p(w_t) = \operatorname{softmax}(W_o h_t + b_o)$$
#
# The loss is the mean of $-\log p(\text{true word})$ over all words that are not padding. Its gradient with respect to
# the logits is the one you know, $p - \text{one-hot}$, divided by the number of real words, and **zero at padding**:


# %%
def masked_loss(logits, targets):
    """Mean over the real targets; and what the way back needs. logits (..., V), targets (...)."""
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    real = targets != PAD
    picked = np.take_along_axis(p, targets[..., None], -1)[..., 0]
    return -np.log(picked[real]).mean(), (p, targets, real)


def masked_loss_backward(dy, cache):
    p, targets, real = cache
    return dy * (p - np.eye(p.shape[-1])[targets]) * real[..., None] / real.sum()


# %%
logits, targets = rng.standard_normal((3, 5, 7)), rng.integers(0, 7, (3, 5))
targets[1:, 3:] = PAD
loss, cache = masked_loss(logits, targets)
ours, package_cache = scratch.masked_cross_entropy(logits, targets)
slopes = masked_loss_backward(1.0, cache), scratch.masked_cross_entropy_backward(1.0, package_cache)
print("same loss:", np.isclose(loss, ours), " same way back:", np.allclose(*slopes))
print("slope at padding:", np.abs(slopes[0][targets == PAD]).max())

# %% [markdown]
# The decoder and its way back stand side by side in the package. Each word that occurs is multiplied by the LSTM's
# input matrix once, however often it stands in the batch; that is what `np.unique` is for. The way back runs the tape
# in reverse: from the logits into all states at once, through time from the last step to the first, then into the
# words' vectors, where every occurrence of a word adds to the same row, and through the first state into the image.

# %%
show.twins(
    [scratch.lstm_decoder], [scratch.lstm_decoder_backward], ("the way there", "the way back")
)

# %% [markdown]
# Does it learn? Three hundred steps with the optimiser of chapter 02, by hand, no framework. The image is the mean of
# its regions; the learning rate warms up for thirty steps and falls to zero over the second half.

# %%
from tqdm.auto import tqdm

from mmcourse.captioning.parameters import draw, lstm_shapes
from mmcourse.layers.scratch import adam

pooled = {split: r.mean(1) for split, r in task.regions.items()}
shapes = lstm_shapes(V=len(task.words), D=pooled["train"].shape[1], I=128, H=256)
params, state, losses = draw(np.random.default_rng(0), shapes), {}, []


# %%
def learn(params, state, batch, lr):
    """One step of Adam on a batch of images and captions; returns (params, state, loss)."""
    loss, cache = scratch.lstm_captioner(pooled["train"][batch], task.encoded[batch], **params)
    _, *slopes = scratch.lstm_captioner_backward(np.float32(1), cache)  # the image does not learn
    params, state = adam(params, dict(zip(params, slopes, strict=True)), state, lr=lr)
    return params, state, float(loss)


STEPS = 300
for step in tqdm(range(STEPS), desc="LSTM in NumPy"):
    lr = 3e-3 * min(1, (step + 1) / 30, 2 * (STEPS - step) / STEPS)
    params, state, loss = learn(params, state, rng.integers(0, 4000, 64), lr)
    losses.append(loss)

# %%
fig, ax = plt.subplots(figsize=(5.5, 2.4))
ax.plot(losses, linewidth=0.8)
ax.axhline(np.log(len(task.words)), color="gray", linestyle=":")
ax.text(STEPS, np.log(len(task.words)) - 0.15, "no idea: log V", ha="right", va="top")
ax.set(xlabel="step", ylabel="loss of a word (nats)", ylim=(0, None))
show.figure(
    fig, "The loss of a word falls from log V to about a quarter of a nat in three hundred steps."
)

# %% [markdown]
# Now let it write. To write is to feed the decoder its **own** words: begin, take the likeliest word, read it, and so
# on until it says the end. A *step function* hides everything but that: it takes the last word of each sentence and the
# state, and returns log-probabilities and the new state.

# %%
step, start = scratch.lstm_stepper(pooled["test"], **params)
found = scratch.greedy_search(step, start, BEGIN, END, max_length=20)
written = [task.words.decode(h.words) for h in found]
truth = task.captions["test"]
print({name: round(value, 3) for name, value in study.scores(written, truth).items()})
for i in (588, 3, 17):
    print(f"true:    {' '.join(truth[i])}\nwritten: {' '.join(written[i])}\n")

# %% [markdown]
# Fluent from the first minute, and often wrong about *what* and *where*. You will see why soon. "Exact" is the share
# of captions without a single fault; BLEU-4 lies between 0 and 1, CIDEr-D between 0 and 10, and both get their own
# section.

# %% [markdown]
# ## A listing that cannot write
#
# The survey article that this course began with shows captioning in a dozen lines of Keras. It takes VGG-16 without
# its top as the encoder, stacks **two LSTMs and a dense softmax** on what comes out, compiles the whole with
# categorical cross-entropy, and calls `fit(images, captions)`. It looks plausible. Let us write its core anew, in
# PyTorch and in our own lines, with the same faults, and follow the shapes.


# %%
class Listing(torch.nn.Module):
    """Two LSTMs and a softmax on what the encoder sees. (This is the wrong one.)"""

    def __init__(self, D, H, V):
        super().__init__()
        self.first = torch.nn.LSTM(D, H, batch_first=True)
        self.second = torch.nn.LSTM(H, H, batch_first=True)
        self.dense = torch.nn.Linear(H, V)

    def forward(self, seen):
        states, _ = self.second(self.first(seen)[0])
        last = states[:, -1]  # all that Keras returns, unless told otherwise
        return self.dense(last).softmax(-1)


# %% [markdown]
# **Fault 1: the grid is no sequence.** VGG without its top returns a grid, four axes with the batch. An LSTM reads
# sequences, three axes.

# %%
V, T = len(task.words), task.encoded.shape[1] - 1
narrow = vgg.vgg16(1 / 8, batch_norm=True, generator=torch.Generator().manual_seed(0)).eval()
with torch.inference_mode():
    grid = narrow.features(vgg.pixels(test.images[:5])).permute(
        0, 2, 3, 1
    )  # channels last, as in Keras
listing = Listing(D=grid.shape[-1], H=64, V=V)
print("the grid:", tuple(grid.shape))
try:
    listing(grid)
except ValueError as problem:
    print(problem)

# %% [markdown]
# **Fault 2: one answer for a whole sentence.** Suppose someone flattens the grid into a row of regions. Now it runs,
# and the "time" of the LSTM is a walk over the *picture*. At the end of the walk there is *one* softmax. The target has
# $T$ words.

# %%
out = listing(grid.flatten(1, 2))
target = torch.from_numpy(study.task("en").words.encode(truth[:5])[:, 1:])
print("comes out:", tuple(out.shape), " is asked for:", tuple(target.shape), "word numbers")
try:
    torch.nn.functional.nll_loss(out.log(), target)
except (RuntimeError, ValueError) as problem:
    print(str(problem).splitlines()[0])

# %% [markdown]
# **Fault 3, the deep one: no word ever goes in.** The chain rule needs $p(w_t \mid w_1 \dots w_{t-1}, I)$; here the
# words before $w_t$ have no way into the network. Even with $T$ softmaxes, one a position, the words would be
# *independent* of each other given the image: if *a cat* and *two dogs* are both possible, so is *a dogs*. As it
# stands there is one softmax, and the only target that fits it is the bag of the caption's words, each with its
# share. Let us be generous: give the listing that target, and the good encoder's regions. (A **nat** is the unit of
# $-\log p$ with the natural logarithm.)

# %%
bags = torch.zeros(4000, V)
for bag, caption in zip(bags, task.captions["train"], strict=True):
    for word in caption:
        bag[task.words.number[word]] += 1 / len(caption)
entropy = float(torch.special.entr(bags).sum(1).mean())
print(f"no bag of words can be told with less than {entropy:.2f} nats a word on average")

# %% tags=["trained"]
from mmcourse.train import train

torch.manual_seed(0)
listing = Listing(D=task.regions["train"].shape[-1], H=64, V=V)
history = train(
    listing,
    (task.regions["train"], bags),
    lambda model, seen, bag: -(bag * model(seen).clamp_min(1e-9).log()).sum(1).mean(),
    optimiser=torch.optim.Adam(listing.parameters(), 3e-3),
    steps=200,
)
print(f"loss at the end: {np.mean(history.losses[-20:]):.2f} nats")

# %% tags=["nbval-ignore-output"] ignore_reason="words that follow from a training differ by processor"
with torch.inference_mode():
    p = listing(torch.from_numpy(task.regions["test"])).numpy()
for i in (588, 3, 17):
    order = np.argsort(-p[i])[: len(truth[i])]
    print("true:          ", " ".join(truth[i]))
    print("likeliest:     ", " ".join(task.words.entries[n] for n in order))
    print("word by word:  ", " ".join([task.words.entries[order[0]]] * len(truth[i])), "\n")

# %% [markdown]
# In two hundred steps it learns the common words, the background and a number, and of the things in these three
# scenes it names not one. With more training it could name things; what no training gives it is an *order*. Asked to
# **write**, it can only give the same softmax again and again. What each sort of output scores against the truth:

# %% tags=["trained"]
from mmcourse.metrics import bleu

ordered = [
    [task.words.entries[n] for n in np.argsort(-row)[: len(c)]]
    for row, c in zip(p, truth, strict=True)
]
again = [[row[0]] * len(row) for row in ordered]
for name, texts in (("in order of probability", ordered), ("the likeliest, again", again)):
    scores = bleu([[c] for c in truth], texts)
    print(f"{name:24s} BLEU-1 {scores[0]:.3f}  BLEU-4 {scores[3]:.3f}")
print(f"{'the LSTM that reads':24s} BLEU-1 {bleu([[c] for c in truth], written)[0]:.3f}", end="  ")
print(f"BLEU-4 {bleu([[c] for c in truth], written)[3]:.3f}")

# %% [markdown]
# (The first two were even told how long each caption is.) The repair is not another layer but another *question*:
#
# | the listing | what it should be | where you have it above |
# |---|---|---|
# | feeds the grid to an LSTM as if it were time | features start the state, or are looked at | `w_h`, `w_c` |
# | one softmax an image | one softmax a step | `logits` (T, B, V) |
# | no words go in | reads the words so far | `captions[:, :-1]` |
# | `fit(images, captions)` | images *and* captions in, captions shifted by one out | `captions[:, 1:]` |
# | one-hot rows of $V$ numbers | word numbers, and a mask for padding | `masked_cross_entropy` |
# | `predict(image)` | a search, word by word | `greedy_search` |

# %% [markdown]
# ## Teacher forcing and exposure bias
#
# In training our decoder reads true words. In use it reads its own, and after a mistake it stands where it has never
# been trained to stand: **exposure bias**. Is that a real problem? Measure it. For each position, how often is the next
# word wrong if the words before it are the *true* ones, and how often if they are the *model's own*?

# %%
asked = task.words.encode(truth)
(forced, _) = scratch.lstm_decoder(pooled["test"], asked[:, :-1].T, **params)
forced = forced.argmax(-1).T  # (N, T): the word said after the true words
own = np.full_like(asked[:, 1:], PAD)
for row, h in zip(own, found, strict=True):
    said = [*h.words, END][: len(row)]
    row[: len(said)] = said
real = asked[:, 1:] != PAD
wrong = {"after true words": forced != asked[:, 1:], "after its own words": own != asked[:, 1:]}

# %%
fig, ax = plt.subplots(figsize=(6.5, 2.8))
steps = np.arange(1, 13)
for (name, w), line in zip(wrong.items(), ("-", "--"), strict=True):
    hits = [(int(w[real[:, t - 1], t - 1].sum()), int(real[:, t - 1].sum())) for t in steps]
    low, high = np.transpose([wilson_interval(*h) for h in hits])
    ax.plot(steps, [k / n for k, n in hits], line, label=name)
    ax.fill_between(steps, low, high, alpha=0.2)
ax.set(xlabel="position of the word", ylabel="share wrong", ylim=(0, None), xticks=steps)
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
alt = "Share of wrong words by position: from the second on it is higher after its own words than after true ones."
show.figure(fig, alt)

# %%
before = np.cumsum(wrong["after its own words"] & real, 1) - (wrong["after its own words"] & real)
for name, place in (("no mistake so far", before == 0), ("after a mistake", before > 0)):
    n = int((place & real).sum())
    k = int((wrong["after its own words"] & place & real).sum())
    low, high = wilson_interval(k, n)
    print(f"{name:18s} {k:4d} of {n} words wrong: {k / n:.1%} ({low:.1%} to {high:.1%})")

# %% [markdown]
# The two high peaks are where nouns stand: *sailboat* is the second word of its caption, *banana* the eighth of *a
# train to the left of a banana*. Each of the 331 wrong captions has one first mistake, and 576 more wrong words
# follow. Do not read all of that gap as a disturbed decoder: one mistake often *shifts* the rest (*a big owl* against
# *an owl*), so that right words stand in the wrong place, and a hard picture is hard at every word. (The intervals
# take words for independent, which those of one sentence are not.) What the figure does show: under teacher forcing
# the tail of a caption looks nearly free of mistakes, and what the model really writes there is not. So judge what it
# *writes*. A cure that many use is to feed the model its own words in training now and then (scheduled sampling).

# %% [markdown]
# ## Show, attend and tell
#
# What was wrong with *what* and *where*? The image reached the decoder as **one** vector, the mean of its regions.
# Ask which mistakes that makes. `faults` reads a caption back into the scene that it describes and compares: thing,
# number, size, relation, place; *no sentence* means that no scene is described so, *another kind of scene* a count in
# place of a pair or the reverse. From the captions of the study, whose LSTM trained twice as long as ours, with three
# seeds:

# %%
from collections import Counter

from mmcourse.captioning.faults import KINDS, faults


def faults_by_caption(kind):
    lines = [line for seed in study.SEEDS for line in kept[kind, "en", seed]["captions"]]
    return [faults(tuple(w.split(" ")), t, "en") for w, t in zip(lines, truth * 3, strict=True)]


# %%
def judged(kind, scene, fault):
    """(captions with a fault, captions where it can be judged), English, over the seeds; scene: "pair" or "count"."""
    pairs = [(r, f) for r, f in zip(test.records * 3, faults_by_caption(kind), strict=True)]
    fitting = [f for r, f in pairs if r.kind == scene and not set(f) & set(KINDS[:2])]
    if fault == "wrong relation":  # of other things it cannot be compared
        fitting = [f for f in fitting if "wrong thing" not in f]
    return sum(fault in f for f in fitting), len(fitting)


# %%
questions = [("count", f) for f in ("wrong number", "wrong size", "wrong thing")]
questions += [("pair", f) for f in ("wrong thing", "wrong relation")]
for scene, fault in questions:
    wrong_ones, n = judged("lstm", scene, fault)
    low, high = wilson_interval(wrong_ones, n)
    name = "one kind of thing" if scene == "count" else "two things"
    print(
        f"{name:18s}{fault:15s}{wrong_ones:4d} of {n}: {wrong_ones / n:4.0%} ({low:.0%} to {high:.0%})"
    )

# %% [markdown]
# There is the mean's signature. With one kind of thing in the scene it errs little. With two things, their features are
# blended, and it often names a wrong one; and where both are named rightly, which of them is left or above is not much
# better than a **coin toss**. Exchange two things and their mean stays nearly the same.
#
# **Soft attention** (Bahdanau et al. 2015; Xu et al. 2015) gives the decoder all regions and lets it look *before each
# word*. Its state asks, every region $a_i$ is scored by a small network, and the answer is the weighted mean:
#
# $$e_{ti} = v \cdot \tanh(W_a a_i + W_h h_{t-1} + b),\qquad \alpha_t = \operatorname{softmax}(e_t),\qquad
#   z_t = \sum_i \alpha_{ti}\, a_i$$
#
# The LSTM then reads the last word **and** $z_t$. It is attention with one query per step and a score with a hidden
# layer in place of the scaled product of chapter 03. In the code `values` are the regions $a_i$, `keys` are $W_a
# a_i$, computed once, and `query` is $W_h h_{t-1} + b$. Way there and way back:

# %%
from mmcourse.captioning import pytorch

show.twins(
    [scratch.additive_attention, scratch.additive_attention_backward], [pytorch.additive_attention]
)

# %% [markdown]
# Training takes some minutes, so this model comes with the course: `python -m mmcourse.checkpoints.looking` makes it
# anew, with twice the steps of the study below. Look at what it looks at, word by word. Each small picture is lit
# where the decoder looked *just before it wrote* the word above it; orange boxes show where the thing that a noun
# names really is.

# %%
from mmcourse.captioning.words import placed
from mmcourse.checkpoints import looking

looker, words, standard = looking.load()
regions = placed(seen[0], standard)
spoken = study.write(looker, "attention", regions, words)
print({name: round(value, 2) for name, value in study.scores(spoken, truth).items()})


# %%
def look(i, caption):
    """Where the decoder looks before each word of a caption of test scene i, (words, 8, 8)."""
    read = words.encode([caption])[:, :-1].T
    (_, weights), _ = scratch.attention_decoder(regions[i : i + 1], read, **looker.arrays())
    return weights[: len(caption), 0].reshape(-1, 8, 8)


# %%
def draw_words(i):
    caption, boxes = spoken[i], [[] for _ in spoken[i]]
    if caption == truth[i]:  # else the mentions do not fit the words
        for mention in test.records[i].en.mentions:
            boxes[mention.words[-1]] = [test.records[i].objects[o].box for o in mention.objects]
    fig = show.spotlights(test.images[i], list(caption), look(i, caption), boxes, columns=6)
    alt = "The light stands beside the things named, not on them."
    show.figure(fig, f"The scene, lit for each word of: {' '.join(caption)}. {alt}")


draw_words(588)

# %%
draw_words(17)

# %% [markdown]
# Look twice. The light moves from thing to thing as the sentence does, but it hardly ever falls *on* the thing: it
# stands **beside** it. Is that so in general? Count, over all test scenes whose caption came out right: is the
# brightest region inside the box of the thing that the noun names? And inside the box or next to it, which means the
# box grown by one region on each side?

# %%
from mmcourse.metrics.pointing import points_inside, regions_inside


def pointing(margin):
    """Hits of the nouns of right captions, and what a blind guess would hit; margin: pixels around the boxes."""
    hits, chance = [], []
    for i in [i for i in range(len(truth)) if spoken[i] == truth[i]]:
        maps = look(i, spoken[i])
        for mention in test.records[i].en.mentions:
            x0, y0, x1, y1 = np.transpose([test.records[i].objects[o].box for o in mention.objects])
            boxes = np.transpose([x0 - margin, y0 - margin, x1 + margin, y1 + margin])
            hits.append(points_inside(maps[mention.words[-1]], boxes))
            chance.append(regions_inside((8, 8), boxes).mean())
    return hits, np.mean(chance)


# %%
for name, margin in (("inside the box", 0), ("inside or next to it", 8)):
    hits, chance = pointing(margin)
    low, high = wilson_interval(sum(hits), len(hits))
    share = f"{np.mean(hits):.0%} of {len(hits)} nouns ({low:.0%} to {high:.0%})"
    print(f"{name:21s} {share}, by chance {chance:.0%}")

# %% [markdown]
# Inside it is *worse* than a blind guess, and with its neighbours twice as good. How can it name the boat while looking
# at the grass beside it? Because a region of a deep network is not a window. Paint the first thing of some scenes over,
# and see whose features notice (root mean square over the 112 features, mean over the regions of some sixty scenes):

# %%
from mmcourse.vision import features

pairs = [i for i in range(120) if test.records[i].kind == "pair"]
painted = test.images[pairs].copy()
inside, beside = np.zeros((2, len(pairs), 8, 8), bool)
for n, i in enumerate(pairs):
    x0, y0, x1, y1 = test.records[i].objects[0].box
    painted[n, y0:y1, x0:x1] = painted[n, 0, 0]  # the colour of the background
    inside[n] = regions_inside((8, 8), [(x0, y0, x1, y1)])
    beside[n] = regions_inside((8, 8), [(x0 - 8, y0 - 8, x1 + 8, y1 + 8)]) & ~inside[n]
change = (features.extract(painted, progress=False).regions - seen[0][pairs]) / study.scale().std
change = np.sqrt((change**2).mean(-1)).reshape(-1, 8, 8)

# %%
for name, where in (("inside", inside), ("beside", beside), ("elsewhere", ~(inside | beside))):
    print(f"{name:10s} a feature moves by {change[where].mean():.2f} standard deviations")

# %% [markdown]
# The features beside a thing change as well when it goes, more than half as much as those on it. So it *can* be read
# from there. Nobody told the decoder *where* to look; it was paid for words only. An attention map shows which
# **features** were read, not which **pixels** mattered, and it explains less than it seems to. (By chance: the share
# of regions whose middle lies in the box. Two nouns of one caption are not independent, so the intervals are a little
# short.)
#
# ## A Transformer that writes
#
# The decoder of Vaswani et al. (2017) replaces the LSTM. In each layer the words so far look at each other (with a mask
# that hides the later ones), then at the regions, then pass a small network. No state is carried along; under teacher
# forcing all steps run at once. Chapter 12 builds it by hand; here it is PyTorch's. One minute, live:

# %% tags=["trained"]
transformer, history = study.fit("transformer", task)
count = sum(p.numel() for p in transformer.parameters())
written = study.write(transformer, "transformer", task.regions["test"], task.words)
print(f"{count:,} parameters, loss at the end {np.mean(history.losses[-20:]):.3f}")
print({name: round(value, 3) for name, value in study.scores(written, truth).items()})

# %% [markdown]
# And the study: three captioners, two languages, three seeds each, all on the same cached regions. Each cell is the
# mean over the seeds, with the lowest in brackets.

# %%
print(study.as_text())

# %% [markdown]
# Looking beats the single vector by far, in both languages, with the same encoder. In English the Transformer makes
# the fewest mistakes; in Chinese the two that look can hardly be told apart. (They train for 600, 400 and 350 steps
# and differ in size; and their settings were chosen by a few trials on these very test scenes, so read the last
# digits kindly.)

# %% [markdown]
# ## Searching for a sentence
#
# A decoder gives probabilities; someone has to choose. **Greedy** takes the likeliest word at each step, and may regret
# it: the likeliest first word need not begin the likeliest sentence. **Sampling** draws each word. A **beam search**
# keeps the $k$ likeliest beginnings. It adds log-probabilities, and since each word makes the sum smaller, it favours
# short sentences; dividing by the length to some power (the *length penalty*) works against that.
#
# A toy where greed fails: after the beginning, *one* is likelier than *two*, but what follows *one* is undecided.

# %%
names = ("<pad>", "<begin>", "<end>", "one", "two", "sleeps", "eats", "runs")
chances = np.zeros((8, 8))  # of the next word (column) after a word (row)
chances[1, [3, 4]] = 0.55, 0.45
chances[3, [5, 6, 7]] = 0.4, 0.35, 0.25
chances[4, 5] = 1
chances[5:, 2] = 1


def toy_step(state, words):
    with np.errstate(divide="ignore"):
        return np.log(chances[words]), state


# %%
for width in (1, 2):
    best = scratch.beam_search(toy_step, (np.zeros((1, 1)),), 1, 2, width, 5)[0][0]
    print(
        f"width {width}: {' '.join(names[w] for w in best.words)}, p = {np.exp(best.log_prob):.2f}"
    )

# %% [markdown]
# Now on the weak LSTM of above, which has doubts worth searching through. Greedy, three beams, and sampling at two
# *temperatures* (log-probabilities are divided by it: below 1 the likely words get likelier). How likely does the
# model itself find its sentence, and is it the right one?

# %%
weights = {name: torch.from_numpy(array) for name, array in params.items()}
step, start = pytorch.lstm_stepper(torch.from_numpy(pooled["test"]), **weights)
searches = {"greedy": pytorch.greedy_search(step, start, BEGIN, END, 20)}
for width, penalty in ((2, 0.0), (5, 0.0), (5, 1.0)):
    beams = pytorch.beam_search(step, start, BEGIN, END, width, 20, penalty)
    searches[f"beam {width}, penalty {penalty:.0f}"] = [b[0] for b in beams]
for temperature in (0.5, 1.0):
    found = pytorch.sample(step, start, BEGIN, END, 20, np.random.default_rng(0), temperature)
    searches[f"sampled, temperature {temperature}"] = found

# %%
print("                           log p   words   exact (95 %)           CIDEr-D")
for name, found in searches.items():
    texts = [task.words.decode(h.words) for h in found]
    scores = study.scores(texts, truth)
    low, high = wilson_interval(round(scores["exact"] * len(truth)), len(truth))
    mean, length = np.mean([h.log_prob for h in found]), np.mean([len(t) for t in texts])
    exact = f"{scores['exact']:.3f} ({low:.3f} to {high:.3f})"
    print(f"{name:25s}{mean:7.2f}{length:8.2f}   {exact}   {scores['CIDEr-D']:6.2f}")

# %% [markdown]
# The beam finds sentences that the model believes in more, by the first column. Are they *better*? The searches saw the
# same scenes, so compare scene by scene: how many did only one of the two get right?

# %%
right = {
    name: np.array([task.words.decode(h.words) == t for h, t in zip(found, truth, strict=True)])
    for name, found in searches.items()
}
for name in ("beam 2, penalty 0", "beam 5, penalty 0", "beam 5, penalty 1"):
    gained = int((right[name] & ~right["greedy"]).sum())
    lost = int((~right[name] & right["greedy"]).sum())
    low, high = wilson_interval(gained, gained + lost)
    print(f"{name}: {gained} gained, {lost} lost; share gained {low:.0%} to {high:.0%}")

# %% [markdown]
# A few captions are gained; hundreds are wrong before and after. The search does its work, and most mistakes are the
# model's own beliefs. Sampling costs exactness and buys variety, which one right sentence does not ask for.
#
# Step through a search yourself: blue continuations stay in the beam, green ones have ended and leave it.

# %%
numpy_step, numpy_start = scratch.lstm_stepper(pooled["test"], **params)


def search(i, width, penalty):
    one = tuple(s[i : i + 1] for s in numpy_start)
    steps = list(scratch.beam_steps(numpy_step, one, BEGIN, END, width, 20, penalty))
    answers = scratch.beam_search(numpy_step, one, BEGIN, END, width, 20, penalty)[0]
    fig, ax = plt.subplots(figsize=(2, 2))
    ax.imshow(test.images[i])
    ax.set_axis_off()
    return fig, f"The scene: {test.records[i].en.text}.", steps, answers


show.searcher(search, len(truth), END, task.words.entries)

# %% [markdown]
# Without a running kernel, here is the third step for one scene, with a beam of three:

# %%
from IPython.display import HTML, display

fig, description, steps, answers = search(17, 3, 0.0)
show.figure(fig, description)
display(HTML(show.beam(steps[2], END, task.words.entries)))

# %% [markdown]
# ## Scores for sentences
#
# ### BLEU, by hand
#
# **BLEU** (Papineni et al. 2002) asks: of all words in the captions ($n = 1$), and of all pairs, triples and
# quadruples ($n = 2, 3, 4$), which share $p_n$ does a reference have too? Each counts at most as often as a reference
# has it (**clipping**), or *the the the* would be perfect. The four precisions are averaged geometrically, and if all
# captions together ($c$ words) are shorter than all references together ($r$ words), the score is lowered (**brevity
# penalty**).
#
# $$\mathrm{BLEU} = \min\!\big(1, e^{1 - r/c}\big)\;\Big(\prod_{n=1}^{4} p_n\Big)^{1/4}$$


# %%
def ngrams(words, n):
    return Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))


def bleu_by_hand(references, captions):
    matched, total = np.zeros(4), np.zeros(4)
    for reference, caption in zip(references, captions, strict=True):
        for n in range(4):
            mine, theirs = ngrams(caption, n + 1), ngrams(reference, n + 1)
            matched[n] += (mine & theirs).total()  # & takes the smaller count: the clipping
            total[n] += mine.total()
    length, wanted = sum(map(len, captions)), sum(map(len, references))
    return min(1, np.exp(1 - wanted / length)) * np.exp(np.log(matched / total).mean())


# %% [markdown]
# The paper's own example: seven times *the*, and a reference that holds it twice. Then a whole corpus, beside the
# package and beside the library that papers cite:

# %%
import sacrebleu

the = [("the",) * 7], [("the", "cat", "is", "on", "the", "mat")]
print(f"precision of words, clipped: {(ngrams(the[0][0], 1) & ngrams(the[1][0], 1)).total()} of 7")
greedy = [task.words.decode(h.words) for h in searches["greedy"]]
theirs = sacrebleu.corpus_bleu(
    [" ".join(c) for c in greedy], [[" ".join(c) for c in truth]], tokenize="none", force=True
)
print(f"by hand {bleu_by_hand(truth, greedy):.6f}, package", end=" ")
print(f"{bleu([[c] for c in truth], greedy)[3]:.6f}, sacrebleu {theirs.score / 100:.6f}")

# %% [markdown]
# ### ROUGE-L and CIDEr-D
#
# **ROUGE-L** (Lin 2004) takes the longest common *subsequence*, gaps allowed, and makes an F-score of its precision
# and recall, recall counting a little more ($\beta = 1.2$, as in COCO's evaluation). **CIDEr-D** (Vedantam et al.
# 2015) weighs each n-gram by how *rare* it is among all references: an *octopus* says more than *on the*. It takes
# the cosine of these weights, counts clipped, averages it over $n = 1 \dots 4$, lowers it for another length, and
# multiplies by 10; with one reference a perfect caption gets 10.
#
# ### What do they not see?
#
# Take 600 true captions and spoil them in four ways that leave the words nearly alone:


# %%
def swap_things(record):
    """Exchange the first two things named: the cat left of the dog becomes the dog left of the cat."""
    first, *rest = record.en.mentions
    if not rest:
        return record.en.words
    words, (a, b) = list(record.en.words), (first.words, rest[0].words)
    middle, before, after = words[a[-1] + 1 : b[0]], words[: a[0]], words[b[-1] + 1 :]
    return (*before, *(words[i] for i in b), *middle, *(words[i] for i in a), *after)


# %%
swaps = {"two": "three", "three": "two", "small": "big", "big": "small"}
spoiled = {
    "as they are": truth,
    "number and size wrong": [tuple(swaps.get(w, w) for w in c) for c in truth],
    "things exchanged": [swap_things(r) for r in test.records],
    "last word missing": [c[:-1] for c in truth],
    "words shuffled": [tuple(np.random.default_rng(0).permutation(c)) for c in truth],
}

# %%
from mmcourse.metrics import cider_d, rouge_l

print(f"{'':24s}BLEU-1  BLEU-4  ROUGE-L  CIDEr-D   changed")
for name, texts in spoiled.items():
    references = [[c] for c in truth]
    b = bleu(references, texts)
    changed = np.mean([t != c for t, c in zip(texts, truth, strict=True)])
    row = (
        f"{b[0]:6.3f}{b[3]:8.3f}{rouge_l(references, texts):9.3f}{cider_d(references, texts):9.2f}"
    )
    print(f"{name:24s}{row}{changed:10.0%}")

# %% [markdown]
# Read the row *things exchanged*: every caption that was changed says the opposite of the truth, and BLEU-1 is perfect
# by construction. By BLEU-4, dropping the last word everywhere costs about as much as a wrong number or size in half of
# the captions, which would mislead you far more; CIDEr-D, which counts rare words more, sees that difference. These
# scores were made to rank systems by their mean over thousands of captions with several references each. They were
# never made to say whether *this* caption is true. So count exact matches where you can, and look at failures always.

# %% [markdown]
# ## In Chinese
#
# Chinese is written without blanks, so what is a "word"? Our captions are segmented by construction; elsewhere a
# segmenter decides, or everyone scores characters. The same captions, two rulers:

# %%
true = study.task_captions("test", "zh")
lines = [tuple(c.split(" ")) for c in kept["lstm", "zh", 0]["captions"]]
for name, cut in (("words", lambda c: c), ("characters", lambda c: tuple("".join(c)))):
    b = bleu([[cut(c)] for c in true], [cut(c) for c in lines])
    print(f"BLEU-1 to 4 over {name:11s}", *(f"{x:.3f}" for x in b))
print("an example:", "".join(true[17]), "·", " ".join(true[17]))

# %% [markdown]
# Same captions, other numbers: say which unit you scored, or no one can compare. Chinese also teaches the decoder a
# different order. It must name the **place first** and the **landmark before** the thing that stands beside it, and it
# must choose the measure word (只, 条, 个 …) *before* it says the noun. So it has to know the noun in time.
#
# ## Failures, sorted
#
# The most useful table about a captioner is not its score. For each captioner, which kinds of mistake, of 1,800 English
# captions (three seeds):

# %%
counts = {kind: Counter(f for fs in faults_by_caption(kind) for f in fs) for kind in study.KINDS}
fig, ax = plt.subplots(figsize=(7.5, 2.8))
for shift, (kind, found) in zip((-0.27, 0, 0.27), counts.items(), strict=True):
    ax.bar(np.arange(len(KINDS)) + shift, [found[k] for k in KINDS], 0.25, label=kind)
ax.set_xticks(range(len(KINDS)), [k.replace(" ", "\n", 1) for k in KINDS], fontsize=8)
ax.set(ylabel="captions of 1,800")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
alt = "The LSTM leads in wrong things and relations; those that look have no wrong relation, and more broken sentences."
show.figure(fig, alt)

# %%
bad = [i for i in range(len(truth)) if tuple(english[i].split(" ")) != truth[i]]
chosen = bad[:: max(1, len(bad) // 6)][:6]
fig, axes = plt.subplots(2, 3, figsize=(9.5, 5.2), layout="constrained")
for ax, i in zip(axes.flat, chosen, strict=True):
    said = tuple(english[i].split(" "))
    ax.imshow(test.images[i])
    ax.set_axis_off()
    kinds = ", ".join(faults(said, truth[i], "en")) + "; true: " + " ".join(truth[i])
    ax.set_title(f"{textwrap.fill(english[i], 34)}\n{textwrap.fill(kinds, 40)}", fontsize=8)
show.figure(
    fig, "Six scenes that the Transformer describes wrongly, each with what it wrote and the fault."
)

# %% [markdown]
# (Every few mistakes one, not picked.) Apples become tomatoes: two red discs with a leaf, in 64 × 64 pixels, seen by a
# network of photographs. Surely the encoder cannot tell them apart? Do not believe it before you have looked at the
# *Chinese* captioner, which reads the very same regions.

# %%
fruit = {"en": (("tomato", "tomatoes"), ("apple", "apples")), "zh": (("番茄",), ("苹果",))}
with_apple = [i for i, r in enumerate(test.records) if any(t.concept == "apple" for t in r.objects)]
for language, (tomatoes, apples) in fruit.items():
    taken = []
    for seed in study.SEEDS:
        lines = kept["transformer", language, seed]["captions"]
        taken.append(sum(bool(set(tomatoes) & set(lines[i].split(" "))) for i in with_apple))
    training = Counter(w for c in study.task_captions("train", language) for w in c)
    seen_words = {w: training[w] for w in (*apples, *tomatoes)}
    print(f"{language}: tomatoes for apples by seed {taken}, of {len(with_apple)} scenes;", end=" ")
    print("in the training captions:", seen_words)

# %% [markdown]
# So the regions do tell them apart, and the English decoder does not use it. A guess why: English splits each noun into
# singular and plural, and each of the two entries has fewer captions to learn from; *apples* has hardly any. A second
# language made visible what no score of the first could.

# %% [markdown]
# ## Pitfalls
#
# - **Shift by one.** If targets are not shifted, the model learns to copy the word it reads. Loss near zero, captions
#   nonsense.
# - **Padding in the mean.** Count padded positions and the loss looks small, while the model practises writing padding.
# - **Time first or batch first.** PyTorch's recurrent layers take time first unless told. A wrong order often runs
#   without an error, and mixes sentences.
# - **The mean of the regions.** It forgets who stands where. If left and right matter, look at regions.
# - **Regions without places.** Attention has no order; append the place.
# - **Judging by loss under teacher forcing.** It never sees the model's own mistakes. Judge sentences that it *wrote*.
# - **BLEU of one sentence.** It is a corpus score: if none of the sentence's quadruples matches, it is zero.
# - **Another tokenisation.** Lower case, punctuation, words or characters: each changes every score.
# - **Attention as explanation.** It tells where the decoder looked, not why it wrote.
# - **A split by picture.** If a combination of things stands in both splits, the test measures memory. Here the
#   compositions are held out.

# %% [markdown]
# ## Quiz
#
# Choose, and read why. The wrong choices have something to say as well: try them.

# %%
show.quiz("05_image_captioning", 1)

# %%
show.quiz("05_image_captioning", 2)

# %%
show.quiz("05_image_captioning", 3)

# %%
show.quiz("05_image_captioning", 4)

# %%
show.quiz("05_image_captioning", 5)

# %% [markdown]
# ## Exercise
#
# Open **`exercises/05_image_captioning/05_image_captioning.ipynb`**: 100 points, each question a variation of this
# chapter.

# %% [markdown]
# ## References
#
# - Vinyals et al. 2015, *Show and tell: a neural image caption generator*, arXiv:1411.4555. Equations 10 to 13; here
#   the image starts the state instead of being the first word.
# - Xu et al. 2015, *Show, attend and tell*, arXiv:1502.03044. Equations 1 to 7, 13; the penalty of equation 14 is in
#   the room `captioning`.
# - Bahdanau, Cho & Bengio 2015, *Neural machine translation by jointly learning to align and translate*,
#   arXiv:1409.0473. Appendix A.1.2: the score.
# - Vaswani et al. 2017, *Attention is all you need*, arXiv:1706.03762. Section 3.1: the decoder.
# - Simonyan & Zisserman 2015, *Very deep convolutional networks*, arXiv:1409.1556. Table 1, column D: VGG-16.
# - Tan & Le 2019, *EfficientNet*, arXiv:1905.11946.
# - Bengio et al. 2015, *Scheduled sampling for sequence prediction*, arXiv:1506.03099. · Ranzato et al. 2016, *Sequence
#   level training with recurrent neural networks*, arXiv:1511.06732: the name exposure bias.
# - Wu et al. 2016, *Google's neural machine translation system*, arXiv:1609.08144. Section 7: beam search, and another
#   length penalty than the simple power used here.
# - Papineni et al. 2002, *BLEU*, ACL P02-1040. Section 2. · Lin 2004, *ROUGE*, ACL W04-1013. Section 3. · Vedantam et
#   al. 2015, *CIDEr*, arXiv:1411.5726. Section 7: CIDEr-D.
