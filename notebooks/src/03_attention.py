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
# # 03 · Attention
#
# Fusion needs a way for one modality to ask another: *which part of this picture does the word "cat" speak of?*
# Attention is that way. It is one formula, four lines of NumPy, and the part of modern multimodal models that you will
# meet most often.
#
# **After this chapter you can**
#
# - read softmax(QKᵀ/√d)V aloud, say why each piece is there, and write it forward and backward by hand;
# - mask it, split it into heads, and run it in tiles whose memory does not grow with the square of the length;
# - let words look at regions of a picture, and regions at each other;
# - say what attention weights explain, what they do not, and measure the difference.
#
# **Time**: two hours of reading and running, one more for the exercise. The whole notebook runs in under a minute.
# **You need** NumPy, a little calculus, and no GPU.

# %%
# first, since it asks NumPy and torch for one thread each: quickest on a shared laptop
from mmcourse import show

import numpy as np
from matplotlib import pyplot as plt

from mmcourse.checkpoints import grounding
from mmcourse.data import scenes

show.setup()

# %% [markdown]
# ## The picture first
#
# Here is a scene that the model below has never seen: its combination of things was held out of the training set.
# Each word of the caption lights up the part of the scene that it looks at; orange boxes show where the things that
# nouns name really are. Nobody ever told the model where anything is. It saw pictures and captions, nothing else.

# %%
model = grounding.load()
test = scenes.load("test")
image, scene = test[588]  # a clear one; how the others fare is measured below
print(scene.en.text, "·", scene.zh.text)

# %%
words = ["sailboat", "above", "fish", "grass"]
maps = model.maps(model.ids("en", words), model.regions(image[None])[0]).mean(0).reshape(-1, 8, 8)
boxes = [[scene.objects[0].box], [], [scene.objects[1].box], []]  # of what the word names
fig = show.spotlights(image, words, maps, boxes)
show.figure(fig, "One scene, repeated for each word of its caption and lit where that word looks.")

# %% [markdown]
# Each picture is scaled to its own brightest spot, so compare places, not brightness. The scene is cut into 8 × 8
# **regions**; a small convolutional network (CNN) describes each by 96 numbers, which come from a window of 38 × 38
# pixels round it. Neighbours share much: light *beside* a thing may still be about the thing.
#
# The model ships with the course (about a quarter of a million numbers, trained from captions alone;
# `mmcourse/checkpoints/grounding.py` makes it anew). You will see how such a map comes about, compute this very one
# by hand, and train the attention part of the model yourself, with gradients that you have derived.

# %% [markdown]
# ## The idea: a dictionary that is soft
#
# A Python dictionary answers a **query** by finding the **key** that is equal to it, and hands out that key's
# **value**: all or nothing. Two things stand in the way of learning with it. If no key is equal, there is no answer;
# and a small change of the query changes nothing at all, until suddenly it changes everything. There is no slope to
# follow.
#
# So soften it. Compare the query with *every* key, turn the similarities into weights that are positive and sum to one,
# and answer with the weighted average of *all* values.

# %%
keys = np.array([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.2]])  # three keys: cat, kitten, truck
values = np.array([[10.0], [12.0], [40.0]])  # one value each
query = np.array([0.9, 0.1])  # something rather cat-like

similarity = keys @ query
weights = np.exp(similarity) / np.exp(similarity).sum()
print("similarity", similarity.round(2))
print("weights   ", weights.round(2))
print("answer    ", (weights @ values).round(2))

# %% [markdown]
# The answer lies between the values of *cat* and *kitten*, with a little of *truck*. Move the query a little and the
# answer moves a little: now there is a slope. How soft the dictionary is depends on the size of the similarities.
# Multiply them all by a number (divide by a **temperature**) and you slide from an average of everything to a
# dictionary that picks one.

# %%
temperatures = np.geomspace(0.02, 20, 60)
curves = np.array(
    [(e := np.exp((similarity - similarity.max()) / t)) / e.sum() for t in temperatures]
)

fig, ax = plt.subplots(figsize=(6, 2.8))
ax.semilogx(temperatures, curves, label=["cat", "kitten", "truck"])
ax.set(xlabel="temperature (similarities are divided by it)", ylabel="weight")
ax.legend()
show.figure(
    fig,
    "Weights of three keys against temperature: one key takes all when cold, all share equally when hot.",
)

# %% [markdown]
# ## The formula
#
# Put many queries into the rows of $Q$, the keys into the rows of $K$, their values into the rows of $V$:
#
# $$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{d_k}}\right)V$$
#
# (Vaswani et al. 2017, equation 1). Read it from the inside:
#
# | piece | shape | what it is |
# |---|---|---|
# | $Q$, $K$, $V$ | $(n_q, d_k)$, $(n_k, d_k)$, $(n_k, d_v)$ | who asks, what is compared, what is handed out |
# | $S = QK^\top/\sqrt{d_k}$ | $(n_q, n_k)$ | **scores**: how well query $i$ matches key $j$ |
# | $P = \mathrm{softmax}(S)$ | $(n_q, n_k)$ | **weights**: each *row* is positive and sums to one |
# | $Y = PV$ | $(n_q, d_v)$ | answers: each row an average of the rows of $V$ |
#
# In the code of this course the axes are called `Q` queries, `K` keys, `D` width of a query and a key (the paper's
# $d_k$), `E` width of a value (its $d_v$).


# %%
def attention(q, k, v):
    scores = q @ k.mT / q.shape[-1] ** 0.5  # (Q, K)
    # a row's maximum cancels in the fraction, and exp cannot overflow
    e = np.exp(scores - scores.max(-1, keepdims=True))
    p = e / e.sum(-1, keepdims=True)  # each row sums to one
    return p @ v, p


rng = np.random.default_rng(0)
q, k, v = rng.standard_normal((3, 4)), rng.standard_normal((5, 4)), rng.standard_normal((5, 2))
y, p = attention(q, k, v)
print("y", y.shape, "rows of p sum to", p.sum(-1))

# %%
fig = show.matrix(
    p,
    [f"query {i}" for i in range(3)],
    [f"key {j}" for j in range(5)],
    "what is looked at",
    "who looks",
)
show.figure(
    fig, "Weights of three queries over five keys as a table of tiles; every row sums to one."
)

# %% [markdown]
# Two details of the code: `.mT` transposes the last two axes and leaves any batch axes where they are, and `** 0.5`
# is a Python number, where `np.sqrt` would turn float32 into float64.
#
# Three queries, five keys: the table has three rows, and each row spends exactly 1 over its five columns. The package
# holds the same function, which handles any number of leading axes. From now on we call it; both agree:

# %%
from mmcourse.attention import scratch

y_package, cache = scratch.scaled_dot_product_attention(q, k, v)
print("largest difference below 1e-15:", np.abs(y - y_package).max() < 1e-15)

# %% [markdown]
# ## Why √d
#
# Suppose the entries of $q$ and $k$ are independent, with mean 0 and variance 1. Their product sums $d$ terms, each of
# mean 0 and variance 1, so
#
# $$\mathrm{Var}(q \cdot k) = d, \qquad \mathrm{Var}\!\left(\frac{q \cdot k}{\sqrt d}\right) = 1 .$$
#
# Wider vectors would give larger scores for no better reason than their width. Why is that bad? Let us measure: for
# widths from 4 to 1024, the spread of the scores, and what softmax makes of it.

# %%
widths = 2 ** np.arange(2, 11)
rows = []
for d in widths:
    raw = rng.standard_normal((200, d)) @ rng.standard_normal((64, d)).T  # 200 queries, 64 keys
    for name, scores in (("no scaling", raw), ("1/√d", raw / np.sqrt(d)), ("1/d", raw / d)):
        e = np.exp(scores - scores.max(-1, keepdims=True))
        p = e / e.sum(-1, keepdims=True)
        slope = np.median((p * (1 - p)).sum(-1))  # the Jacobian's diagonal, for a typical query
        rows.append((name, d, scores.std(), p.max(-1).mean(), slope))

# %%
fig, axes = plt.subplots(1, 3, figsize=(10, 2.9))
titles = "spread of the scores", "largest weight in a row", "slope that gets through softmax"
for name in ("no scaling", "1/√d", "1/d"):
    mine = [r for r in rows if r[0] == name]
    for ax, column in zip(axes, (2, 3, 4), strict=True):
        ax.loglog(widths, [r[column] for r in mine], marker="o", markersize=3, label=name)
for ax, title in zip(axes, titles, strict=True):
    ax.set(xlabel="width d", title=title)
axes[0].legend()
show.figure(
    fig,
    "Without scaling, spread grows with d, one key takes all, the slope fades; with 1/√d all stay level.",
)

# %%
for d in (16, 1024):
    for name, _, spread, top, slope in (r for r in rows if r[1] == d):
        print(
            f"d {d:5d}  {name:10s}  spread {spread:6.2f}   largest weight {top:.2f}   slope {slope:.4f}"
        )

# %% [markdown]
# Without scaling, wide vectors give a soft dictionary that is hard: nearly all weight on one key, and for the typical
# query next to no slope, so that it learns little (the softmax **saturates**). Dividing by $d$ errs the other way:
# the weights drift towards equal shares, whatever the query says. With $\sqrt d$ the start of training looks the same
# at every width.
#
# It is a statement about the *start*: nothing keeps trained queries and keys at variance one. If a model wants sharp
# attention, it can learn longer vectors.

# %% [markdown]
# ## The way back
#
# To learn, we need $\partial L/\partial Q$, $\partial L/\partial K$, $\partial L/\partial V$ for a scalar loss $L$,
# given $G = \partial L/\partial Y$. Write $\mathrm dL = \langle G, \mathrm dY\rangle$ and walk back through the three
# steps; $\langle A, B\rangle$ sums the products of the entries.
#
# **1. $Y = PV$.** Then $\mathrm dY = \mathrm dP\,V + P\,\mathrm dV$, and since
# $\langle G, \mathrm dP\,V\rangle = \langle GV^\top, \mathrm dP\rangle$ and
# $\langle G, P\,\mathrm dV\rangle = \langle P^\top G, \mathrm dV\rangle$,
#
# $$\frac{\partial L}{\partial V} = P^\top G, \qquad \frac{\partial L}{\partial P} = G V^\top .$$
#
# **2. $P = \mathrm{softmax}(S)$, a row at a time.** For one row, $\partial p_i/\partial s_j = p_i(\delta_{ij} - p_j)$:
# raising one score raises its own weight and lowers all others, because they share a sum ($\\delta_{ij}$ is 1 if
# $i = j$, else 0). With
# $g = \partial L/\partial p$,
#
# $$\frac{\partial L}{\partial s_j} = \sum_i g_i\,p_i(\delta_{ij} - p_j) = p_j\Big(g_j - \sum_i g_i p_i\Big).$$
#
# Descent moves against this: a score rises where $g_j$ lies below the weighted average of $g$, that is, where its value
# lowers the loss *more than the average answer does*.
#
# **3. $S = QK^\top/\sqrt d$.**
#
# $$\frac{\partial L}{\partial Q} = \frac{1}{\sqrt d}\frac{\partial L}{\partial S}K, \qquad
#   \frac{\partial L}{\partial K} = \frac{1}{\sqrt d}\Big(\frac{\partial L}{\partial S}\Big)^{\!\top} Q .$$


# %%
def attention_backward(dy, q, k, v, p):
    dv = p.mT @ dy
    dp = dy @ v.mT
    ds = p * (dp - (dp * p).sum(-1, keepdims=True))  # softmax, all rows at once
    scale = q.shape[-1] ** -0.5
    return ds @ k * scale, ds.mT @ q * scale, dv


y, p = attention(q, k, v)
dy = rng.standard_normal(y.shape)  # a random slope: an all-ones slope would hide mistakes
dq, dk, dv = attention_backward(dy, q, k, v, p)
print([g.shape for g in (dq, dk, dv)])

# %% [markdown]
# Believe no derivation that has not been checked. Take a small step along a random direction $u$ of an input, and see
# whether the loss $\langle G, Y\rangle$ changes as the gradient says.

# %%
for name, i, gradient in (("q", 0, dq), ("k", 1, dk), ("v", 2, dv)):
    inputs, h = [q, k, v], 1e-5
    u = rng.standard_normal(inputs[i].shape)
    ends = []
    for step in (h, -h):
        moved = [a + step * u if j == i else a for j, a in enumerate(inputs)]
        ends.append((attention(*moved)[0] * dy).sum())
    measured, predicted = (ends[0] - ends[1]) / (2 * h), (gradient * u).sum()
    print(f"{name}: predicted {predicted:+.6f}, measured {measured:+.6f}")

# %% [markdown]
# Two views of the middle step are worth keeping. The subtracted sum $\sum_i g_i p_i$ equals the row's
# $\langle G, Y\rangle$ (substitute $g = G V^\top$): the package uses that, since $Y$ is smaller than $P$. And if every
# value in $V$ were the same, the answer would not depend on the weights, so $\partial L/\partial S$ must vanish:

# %%
same = np.ones_like(v)
y_same, p_same = attention(q, k, same)
dq_same, dk_same, _ = attention_backward(dy, q, k, same, p_same)
print(
    "gradients of q and k with equal values are zero:",
    np.allclose(dq_same, 0),
    np.allclose(dk_same, 0),
)

# %% [markdown]
# ### Does it learn?
#
# A game: a row of ten cards, each with a name (a key, a vector of length 1) and a number (a value). The query is a
# noisy copy of one name; the answer is that card's number. The names are new in every round, so nothing can be learned
# by heart: the model must learn *to compare*. It has two matrices, one for queries and one for keys.


# %%
def draw_cards(rng, rounds=64, cards=10, width=16):
    names = rng.standard_normal((rounds, cards, width))
    names /= np.linalg.norm(names, axis=-1, keepdims=True)
    numbers = rng.standard_normal((rounds, cards, 1))
    asked = rng.integers(0, cards, rounds)
    queries = names[np.arange(rounds), asked] + 0.05 * rng.standard_normal((rounds, width))
    return queries[:, None], names, numbers, numbers[np.arange(rounds), asked, None]


# %%
def loss_and_gradients(params, cards):
    asks, names, numbers, wanted = cards
    answer, cache = scratch.scaled_dot_product_attention(
        asks @ params["q"], names @ params["k"], numbers
    )
    gap = answer - wanted
    dq, dk, _ = scratch.scaled_dot_product_attention_backward(2 * gap / len(gap), cache)
    return (gap**2).mean(), {
        "q": np.einsum("bqi,bqo->io", asks, dq),
        "k": np.einsum("bki,bko->io", names, dk),
    }


# %%
from mmcourse.layers import scratch as layers

rng = np.random.default_rng(0)
params, state = {n: 0.3 * rng.standard_normal((16, 16)) for n in "qk"}, {}
before, cards = dict(params), draw_cards(np.random.default_rng(7))
losses = []
for _ in range(400):
    loss, gradients = loss_and_gradients(params, draw_cards(rng))
    params, state = layers.adam(params, gradients, state, lr=0.05)
    losses.append(loss)
print(f"error: first ten steps {np.mean(losses[:10]):.2f}, last fifty {np.mean(losses[-50:]):.4f}")

# %%
looks = [
    scratch.attention_weights(cards[0] @ w["q"], cards[1] @ w["k"])[:6, 0] for w in (before, params)
]
fig, axes = plt.subplots(1, 3, figsize=(11, 2.8), width_ratios=(1, 1, 1))
axes[0].semilogy(losses)
axes[0].set(xlabel="step", ylabel="squared error", title="learning to compare")
for ax, weights, title in zip(axes[1:], looks, ("weights before", "weights after"), strict=True):
    ax.imshow(weights, vmin=0, vmax=1, aspect="auto")
    ax.set(xlabel="card", ylabel="round", title=title)
show.figure(
    fig,
    "The error falls by three orders; weights over ten cards, spread before training, pick one card after it.",
)

# %% [markdown]
# The gradients are right, and they are enough: the two matrices have learned to make a query match its card.

# %% [markdown]
# ## Masks, padding, and looking nowhere
#
# Not every query may look everywhere. Captions in a batch have different lengths and are padded; a word that is being
# predicted must not look at the words after it; a modality may be missing. A **mask** says who may look where; in this
# course `True` means *may look*. Masked scores become $-\infty$ *before* the softmax, so their weights are exactly 0
# and the others still sum to one.
#
# No mask, and two kinds that you will meet again and again, over six words that look at each other:

# %%
length = np.array([6, 4])  # the second caption has four words and two of padding
padding = np.arange(6) < length[:, None, None]  # (2, 1, 6): the same for every query
causal = np.tril(np.ones((6, 6), bool))  # a word looks at itself and what came before
q6 = rng.standard_normal((2, 6, 4))
panels = {
    "no mask": scratch.attention_weights(q6, q6)[1],
    "padding: four words": scratch.attention_weights(q6, q6, padding)[1],
    "causal": scratch.attention_weights(q6, q6, causal)[1],
}

# %%
fig, axes = plt.subplots(1, 3, figsize=(10, 3))
for ax, (title, weights) in zip(axes, panels.items(), strict=True):
    ax.imshow(weights, vmin=0, vmax=1)
    ax.set(title=title, xlabel="looked at", ylabel="who looks")
show.figure(
    fig,
    "Three tables of weights, 6 by 6: full, without the last two columns, without the upper triangle.",
)

# %% [markdown]
# What of a query that may look **nowhere**? Think of a word that asks an image which is missing. The formula has no
# answer: every score is $-\infty$, and softmax divides 0 by 0.

# %%
nowhere = np.array([[True, True, False], [False, False, False]])
scores = np.where(nowhere, rng.standard_normal((2, 3)), -np.inf)
with np.errstate(invalid="ignore"):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    print("formula as it stands:", (e / e.sum(-1, keepdims=True)).round(2).tolist())
p = scratch.attention_weights(rng.standard_normal((2, 4)), rng.standard_normal((3, 4)), nowhere)
print("package:             ", p.round(2).tolist())

# %% [markdown]
# One NaN in the forward pass spoils every parameter in the backward pass. So decide it: **a query that may look
# nowhere answers zero, and sends back zero gradients**. Here and in the PyTorch twin below that is tested. Elsewhere,
# look it up before you rely on it.
#
# A mask has limits. It hides a *score*; the value is still multiplied by its weight of 0, and $0 \cdot \mathrm{NaN}$
# is NaN. Padding must hold numbers:

# %%
v3 = np.array([[1.0], [2.0], [np.nan]])
may = np.array([[True, True, False]])
spoilt, _ = scratch.scaled_dot_product_attention(np.ones((1, 4)), np.ones((3, 4)), v3, may)
clean, _ = scratch.scaled_dot_product_attention(
    np.ones((1, 4)), np.ones((3, 4)), np.nan_to_num(v3), may
)
print(f"NaN in a masked value: {spoilt.item()}   zero in its place: {clean.item():.3f}")

# %% [markdown]
# ## Several heads
#
# One softmax makes one kind of comparison. A word may want to look at a thing's colour *and* at its outline, in
# different places. **Multi-head attention** projects queries, keys and values $h$ times into narrower spaces, attends
# in each, and mixes the answers (Vaswani et al. 2017, section 3.2.2):
#
# $$\mathrm{head}_i = \mathrm{Attention}(XW_i^Q, CW_i^K, CW_i^V), \qquad
#   Y = \mathrm{Concat}(\mathrm{head}_1, \dots, \mathrm{head}_h)\,W^O .$$
#
# $X$ asks and $C$, the context, is looked at. With $X = C$ it is **self-attention**; with words as $X$ and picture
# regions as $C$ it is **cross-attention**, the workhorse of this course. In code, all heads are one matrix product and
# a reshape:

# %%
x = np.arange(12.0).reshape(2, 6)  # two tokens of width 6
print("one row        ", x[0])
print("three heads    ", scratch.split_heads(x, 3)[:, 0].tolist(), "  (head, width 2)")
print("and back again ", np.array_equal(scratch.merge_heads(scratch.split_heads(x, 3)), x))

# %% [markdown]
# The order matters: *first* cut the width into heads, *then* move the head axis in front of the tokens. A bare
# `reshape(heads, tokens, width)` has the right shape and mixes different tokens into one head. No shape check
# will find it.
#
# Back to our picture. The model that drew it has four heads of width 16. The same word, one head at a time:

# %%
regions = model.regions(image[None])[0]  # (64, 96): an 8 by 8 grid, 96 numbers a region
noun = scene.en.words[scene.en.mentions[0].words[0]]
heads = model.maps(model.ids("en", [noun]), regions)[:, 0].reshape(-1, 8, 8)
box = [scene.objects[i].box for i in scene.en.mentions[0].objects]
fig = show.spotlights(image, [f"head {h + 1}" for h in range(4)], heads, [box] * 4, columns=5)
show.figure(
    fig,
    f"The scene lit where four heads of the word {noun} look: some mostly on the thing, others partly elsewhere.",
)

# %% [markdown]
# The heads were not told to share the work. Do they? Over all nouns of the held-out scenes, how much of its weight does
# each head spend inside the noun's box?

# %%
from mmcourse.metrics import points_inside, share_inside, wilson_interval

test_regions = model.regions(test.images)
inside = []
for record, context in zip(test.records, test_regions, strict=True):
    for mention in record.en.mentions:
        ids = model.ids("en", [record.en.words[mention.words[-1]]])
        four = model.maps(ids, context).reshape(4, 8, 8)
        box = [record.objects[i].box for i in mention.objects]
        inside.append([share_inside(one, box) for one in four])
print("share of weight inside the box, head by head:", np.mean(inside, axis=0).round(2))

# %% [markdown]
# The heads differ, and none spends all of its weight on the thing. A head that has nothing to add must still look
# *somewhere*, since its weights sum to one; models often park such looks where they do no harm (**attention sinks**,
# Xiao et al. 2024). Remember it when you read a map that is an average over heads, as the others in this chapter are.

# %% [markdown]
# ## Words look at a picture, in two languages
#
# Now the cross-attention, spelled out. The words are rows of a table of queries; a small CNN has cut the scene into
# 8 × 8 regions. Four lines make the maps that opened this chapter, from the model's own weights:

# %%
w = model.attention
ids = model.ids("en", words)
q = scratch.split_heads(
    layers.linear(model.queries[ids], w["w_q"], w["b_q"])[0], 4
)  # (heads, words, 16)
k = scratch.split_heads(layers.linear(regions, w["w_k"], w["b_k"])[0], 4)  # (heads, regions, 16)
by_hand = scratch.attention_weights(q, k).mean(0).reshape(-1, 8, 8)
print("the same maps as above:", np.allclose(by_hand, maps, atol=1e-6))

# %% [markdown]
# Chinese words ask the same regions. Their queries were learned beside the English ones, and meet them only in the
# picture: 鱼 and *fish* never stand in one sentence.

# %%
print(scene.zh.text, scene.zh.words)
chosen = [
    "草地上",
    "条",
    "鱼",
    "上面",
    "艘",
    "帆船",
]  # on the grass, (of fish), fish, above, (of ships), sailboat
maps_zh = model.maps(model.ids("zh", chosen), regions).mean(0).reshape(-1, 8, 8)
fig = show.spotlights(image, chosen, maps_zh, [[t.box for t in scene.objects]] * len(chosen))
show.figure(
    fig,
    "The same scene lit where six Chinese words of its caption look; nouns light up their own thing.",
)

# %% [markdown]
# Look at 条 and 艘. They are **measure words**: Chinese counts one *tiao* of fish and one *sou* of sailboat, and the
# word goes with the kind of thing, 条 with what is long and bends, 艘 with ships. They seem to look at their thing.
# Is that so in general? Take all held-out pairs whose two measure words differ, and ask which of the two boxes gets
# more of a measure word's weight.

# %%
hits = trials = 0
for record, context in zip(test.records, test_regions, strict=True):
    starts = [m.words[0] for m in record.zh.mentions]
    measures = [record.zh.words[i - 1] for i in starts]
    if record.kind == "pair" and measures[0] != measures[1]:
        looks = model.maps(model.ids("zh", measures), context).mean(0).reshape(-1, 8, 8)
        for weights, mention in zip(looks, record.zh.mentions, strict=True):
            shares = [share_inside(weights, [t.box]) for t in record.objects]
            hits += int(np.argmax(shares)) in mention.objects
            trials += 1
low, high = wilson_interval(hits, trials)
print(
    f"{hits} of {trials} measure words prefer the thing they count ({low:.0%} to {high:.0%}; a coin gives 50 %)"
)

# %% [markdown]
# One picture proves nothing. Let us play the **pointing game** on all 600 held-out scenes: for every noun of every
# caption, does the region with the largest weight lie in a box of the thing that the noun names? Two yardsticks stand
# beside it: looking at a region by chance (the share of the picture that the boxes cover), and the same model with the
# numbers of its attention shuffled, so that they have the right sizes and no sense. In brackets: 95 % intervals, which
# take the nouns as independent (two of them may share a scene).

# %%
from dataclasses import replace


def shuffle_attention(model, seed):
    mixed = np.random.default_rng(seed)
    shuffled = {
        n: mixed.permutation(a.ravel()).reshape(a.shape) for n, a in model.attention.items()
    }
    return replace(model, attention=shuffled)


# %%
looks = {
    "English": list(grounding.noun_looks(model, test, "en")),
    "Chinese": list(grounding.noun_looks(model, test, "zh")),
}
senseless = [list(grounding.noun_looks(shuffle_attention(model, i), test, "en")) for i in range(8)]


# %%
def share_of_hits(found):
    return np.mean([points_inside(weights, boxes) for _, _, weights, boxes in found])


for language, found in looks.items():
    n, share = len(found), share_of_hits(found)
    low, high = wilson_interval(round(share * n), n)
    print(f"{language}: {share:.1%} of {n} nouns point into their box ({low:.1%} to {high:.1%})")
shares = sorted(share_of_hits(found) for found in senseless)
print(
    f"shuffled, 8 times: from {shares[0]:.0%} to {shares[-1]:.0%}, median {np.median(shares):.0%}"
)
chance = np.mean([share_inside(np.ones((8, 8)), boxes) for _, _, _, boxes in looks["English"]])
print(f"by chance: {chance:.0%}")

# %% [markdown]
# The shuffled models point far better than chance. It is no magic: the CNN was trained, and its features are larger on
# things than on empty ground, so even senseless queries are drawn to things. What training the attention adds is
# *which* thing. In scenes of two things, which of the two boxes does a noun point into?


# %%
def own_and_other(found):
    """How many nouns of pairs point into their own thing's box, and how many into the other's."""
    pairs = [(r, w, boxes) for r, _, w, boxes in found if r.kind == "pair"]
    other = [[t.box for t in r.objects if t.box not in boxes] for r, _, boxes in pairs]
    own = sum(points_inside(w, boxes) for _, w, boxes in pairs)
    return (
        own,
        sum(points_inside(w, o) for (_, w, _), o in zip(pairs, other, strict=True)),
        len(pairs),
    )


# %%
for name, found in (("trained", looks["English"]), ("shuffled", senseless[0])):
    print(
        "{:9s}{} into their own box, {} into the other, of {}".format(name, *own_and_other(found))
    )

# %% [markdown]
# Keep these yardsticks in mind when somebody shows you attention maps without any.

# %% [markdown]
# ### Train it yourself
#
# The head of that model, from random numbers, with the way back whose core you derived: around it stand linear maps,
# whose gradients are dx = dy W and dW = dyᵀ x, and splitting into heads, which only moves numbers. The CNN stays as it
# is, and has already learned what things look like, together with another head; what learns here is the table
# of queries, four projections, and the vector with which each noun reads its answer. The task: given a scene, say for
# every noun whether the caption holds it. No boxes.

# %%
train = scenes.load("train", 2000)
nouns = sorted({scene.en.words[m.words[-1]] for scene in train.records for m in scene.en.mentions})
column = {noun: i for i, noun in enumerate(nouns)}
target = np.zeros((len(train), len(nouns)), np.float32)
for i, record in enumerate(train.records):
    target[i, [column[record.en.words[m.words[-1]]] for m in record.en.mentions]] = 1
features = model.regions(train.images)
print(
    f"{len(train)} scenes, {len(nouns)} nouns, {target.sum(1).mean():.2f} of them in a scene; regions {features.shape}"
)


# %%
def forward_backward(params, context, target):
    """Loss and gradients of the head: words ask regions, each word reads its answer."""
    inner = {n: params[n] for n in grounding.NAMES}
    asks = np.broadcast_to(params["asks"], (len(context), *params["asks"].shape))
    answers, cache = scratch.multi_head_attention(asks, context, **inner, heads=4)
    logits = (answers * params["read"]).sum(-1) + params["bias"]
    loss, cache_loss = layers.binary_cross_entropy(logits, target)
    d = layers.binary_cross_entropy_backward(np.float32(1), cache_loss)
    dasks, _, *dinner = scratch.multi_head_attention_backward(d[..., None] * params["read"], cache)
    outer = {"asks": dasks.sum(0), "read": np.einsum("bw,bwd->wd", d, answers), "bias": d.sum(0)}
    return loss, outer | dict(zip(grounding.NAMES, dinner, strict=True))


# %%
def start(rng):
    table, square, wide = (len(nouns), 64), (64, 64), (64, 96)
    shapes = {"asks": table, "read": table, "w_q": square, "w_k": wide, "w_v": wide, "w_o": square}
    params = {
        n: rng.standard_normal(s, dtype=np.float32) * np.float32(s[1] ** -0.5)
        for n, s in shapes.items()
    }
    params |= {n: np.zeros(64, np.float32) for n in ("b_q", "b_k", "b_v", "b_o")}
    return params | {"bias": np.full(len(nouns), -3, np.float32)}


# %%
from tqdm.auto import tqdm


def train_head(frozen=(), epochs=6, seed=0):
    """Train from random numbers; what is frozen is set to zero and stays there. Returns parameters and losses."""
    rng = np.random.default_rng(seed)
    params, state, losses = start(rng), {}, []
    params |= {n: 0 * params[n] for n in frozen}
    for _ in tqdm(range(epochs), desc="training the head"):
        for batch in rng.permutation(len(train)).reshape(-1, 40):
            loss, gradients = forward_backward(params, features[batch], target[batch])
            gradients |= {n: 0 * params[n] for n in frozen}
            params, state = layers.adam(params, gradients, state, lr=4e-3)
            losses.append(loss)
    return params, losses


# %%
params, losses = train_head()
print("mean loss of each epoch:", np.mean(np.reshape(losses, (6, -1)), axis=1).round(3))

# %% [markdown]
# And where do your words look? No box was used here either.

# %%
mine = replace(
    model,
    words=tuple(("en", n) for n in nouns),
    queries=params["asks"],
    attention={n: params[n] for n in grounding.NAMES},
)
shown = ["sailboat", "fish"]
my_maps = mine.maps(mine.ids("en", shown), regions).mean(0).reshape(-1, 8, 8)
fig = show.spotlights(
    image, shown, my_maps, [[t.box for t in scene.objects]] * len(shown), columns=4
)
show.figure(
    fig, "The held-out scene lit where the nouns of the head trained in this notebook look."
)

# %%
hits = trials = 0
for record, context in zip(test.records, test_regions, strict=True):
    for mention in record.en.mentions:
        ids = mine.ids("en", [record.en.words[mention.words[-1]]])
        weights = mine.maps(ids, context).mean(0).reshape(8, 8)
        hits += points_inside(weights, [record.objects[i].box for i in mention.objects])
        trials += 1
low, high = wilson_interval(hits, trials)
print(
    f"your head: {hits} of {trials} nouns point into their box ({low:.0%} to {high:.0%}); by chance {chance:.0%}"
)

# %% [markdown]
# ## Regions look at each other
#
# In **self-attention** queries and keys come from the same place. Take the regions' own features as both (minus
# their mean, and of length one, so that *alike* means pointing the same way), and ask for
# one region: which others are like it? No words are involved, and no training beyond what the CNN already knows.

# %%
unit = regions - regions.mean(0)
unit /= np.linalg.norm(unit, axis=-1, keepdims=True)
self_weights = scratch.attention_weights(6 * unit, 6 * unit)  # (64, 64); 6: sharp enough to see
middles = [
    (y0 + y1) // 16 * 8 + (x0 + x1) // 16 for x0, y0, x1, y1 in (t.box for t in scene.objects)
]
titles = [f"from the {t.concept}" for t in scene.objects] + ["from a corner"]
fig = show.spotlights(
    image, titles, self_weights[[*middles, 0]].reshape(-1, 8, 8), columns=4, size=2
)
show.figure(
    fig,
    "Where single regions look: one in the middle of a sticker lights up that sticker, a corner the background.",
)

# %% [markdown]
# In this scene a region of a thing looks mostly at the rest of the thing, and a corner at the background. Chapter 12
# builds Transformers from such layers, with queries and keys that are learned.

# %% [markdown]
# ## In tiles
#
# The table of scores has $n_q \times n_k$ entries. Double the length and it takes four times the memory; at 4096
# tokens one head needs 64 MiB for it, in float32. Yet the *answer* is small. Can we have it without ever holding the
# table?
#
# The obstacle is the softmax: it needs the whole row's maximum and sum before it can divide. **Online softmax** keeps
# three things for each query, and updates them as tiles of keys come by: the largest score so far $m$, the sum
# $\ell = \sum_j e^{s_j - m}$, and the unfinished answer $o = \sum_j e^{s_j - m} v_j$. When a new tile brings a larger
# maximum $m'$, everything gathered so far was measured from the wrong top; one factor mends it:
#
# $$\ell' = e^{m - m'}\,\ell + \sum_{j \in \text{tile}} e^{s_j - m'}, \qquad
#   o' = e^{m - m'}\,o + \sum_{j \in \text{tile}} e^{s_j - m'} v_j .$$
#
# At the end $y = o/\ell$, exactly. (The sum is Milakov & Gimelshein 2018, algorithm 3; tiles of attention are Dao et
# al. 2022; the one division at the end is Dao 2023, algorithm 1.) Tiles save memory, not arithmetic: there are still
# $n_q n_k$ scores to compute.


# %%
def online_attention(q, k, v, tile):
    top = np.full((len(q), 1), -np.inf)
    total, answer = np.zeros((len(q), 1)), np.zeros((len(q), v.shape[1]))
    for start in range(0, len(k), tile):
        scores = q @ k[start : start + tile].T / q.shape[1] ** 0.5  # (Q, tile): never more
        new_top = np.maximum(top, scores.max(-1, keepdims=True))
        mend, e = np.exp(top - new_top), np.exp(scores - new_top)
        total = mend * total + e.sum(-1, keepdims=True)
        answer, top = mend * answer + e @ v[start : start + tile], new_top
    return answer / total


# %%
q, k, v = (rng.standard_normal((n, 16)) for n in (5, 37, 37))
same = np.allclose(online_attention(q, k, v, tile=8), attention(q, k, v)[0], atol=1e-14)
print("tiles of 8 and the whole table agree:", same)

# %% [markdown]
# The package's `tiled_attention` does so for queries too, and its way back makes each tile's weights anew instead of
# storing them. Memory beyond the inputs, at the highest point of forward and backward, one head of width 64, float32.
# (The plain form's way back holds two tables: the weights, and the gradients of the scores.)

# %%
import tracemalloc


def peak(name, n):
    x = np.random.default_rng(0).standard_normal((4, n, 64), dtype=np.float32)
    tracemalloc.start()
    _, cache = getattr(scratch, name)(*x[:3])
    getattr(scratch, name + "_backward")(x[3], cache)
    highest = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return highest


# %%
lengths = [512, 1024, 2048, 4096]
memory = {
    name: [peak(name, n) for n in lengths]
    for name in ("scaled_dot_product_attention", "tiled_attention")
}

# %%
fig, ax = plt.subplots(figsize=(5.5, 3))
for name, values in memory.items():
    ax.loglog(lengths, values, marker="o", label=name)
ax.set(xlabel="tokens", ylabel="peak memory (MiB)", xticks=lengths, xticklabels=lengths)
ax.minorticks_off()
ax.legend()
show.figure(
    fig,
    "Peak memory against length: the plain form grows fourfold per doubling, the tiled one less than twofold.",
)
for n, plain, tiled in zip(lengths, *memory.values(), strict=True):
    print(
        f"{n:5d} tokens: plain {plain:6.1f} MiB, tiled {tiled:4.1f} MiB, {tiled / plain:.1%} of it"
    )

# %% [markdown]
# ## The twin in PyTorch
#
# Every function of the course stands twice: once by hand, once in PyTorch, where autograd walks back and a GPU can
# help. A test holds the two together, in value and in every gradient. Side by side:

# %%
from mmcourse.attention import pytorch

show.twins(
    [attention, attention_backward],
    [pytorch.scaled_dot_product_attention, pytorch.attention_weights],
)

# %%
import torch

arrays = [rng.standard_normal(s) for s in ((2, 3, 5, 4), (2, 3, 7, 4), (2, 3, 7, 6))]
tensors = [torch.from_numpy(a).requires_grad_() for a in arrays]
y, cache = scratch.scaled_dot_product_attention(*arrays)
dy = rng.standard_normal(y.shape)
ours = [y, *scratch.scaled_dot_product_attention_backward(dy, cache)]
theirs = {"formula": pytorch.scaled_dot_product_attention, "fused kernel": pytorch.tiled_attention}
for name, f in theirs.items():
    value = f(*tensors)
    results = [value, *torch.autograd.grad(value, tensors, torch.from_numpy(dy))]
    gaps = [float(np.abs(a - b.detach().numpy()).max()) for a, b in zip(ours, results, strict=True)]
    print(f"{name:13s} value and three gradients agree to 1e-13:", max(gaps) < 1e-13)

# %% [markdown]
# Which is quicker? Forward and backward, 64 heads of 256 tokens and width 64, in float32, on one thread each. Times
# depend on your machine; the ratios are of pairs run in turn, so a busy moment strikes both.

# %%
*x, dy = rng.standard_normal((4, 8, 8, 256, 64), dtype=np.float32)
t, slope = [torch.from_numpy(a).requires_grad_() for a in x], torch.from_numpy(dy)


def by_hand():
    _, cache = scratch.scaled_dot_product_attention(*x)
    return scratch.scaled_dot_product_attention_backward(dy, cache)


def by_autograd(f):
    return lambda: torch.autograd.grad(f(*t), t, slope)


# %% tags=["nbval-ignore-output"] ignore_reason="times differ from machine to machine"
from mmcourse.timing import median_ratio, paired

seconds = paired({"NumPy": by_hand} | {name: by_autograd(f) for name, f in theirs.items()})
for name in theirs:
    ratio = median_ratio(seconds, "NumPy", name)
    print(f"NumPy takes {ratio:.2f} of the time of PyTorch's {name}")

# %% [markdown]
# The package's NumPy keeps up, because the work is in matrix products, and those are the same kind of library code on
# both sides. What the package does beyond the four lines above is said in `mmcourse/attention/scratch.py`: it works
# on a few heads at a time so that scores stay in the processor's cache, does its steps in place, and subtracts the
# row maximum only where the row sums show that it must.

# %% [markdown]
# ## What do the weights explain?
#
# Attention maps look like explanations. Are they? The literature disagrees (Jain & Wallace 2019; Wiegreffe & Pinter
# 2019), so let us ask sharper questions, and answer them on our model. For each noun of a held-out scene the model
# gives a probability that the noun stands in the caption.
#
# **Question 1: does it matter what is under the light?** Paint over the patch with the largest weight (3 × 3 regions
# around it, in the colour of the scene's corner), ask again, and note by how much the noun's **logit** falls (the
# number whose sigmoid is the probability). Beside it: a patch at a random place away from the border.


# %%
def paint_over(image, row, column):
    """Cover 3 by 3 regions round (row, column) with the background, which the corner shows."""
    out = image.copy()
    rows, columns = (slice(max(0, 8 * i - 8), 8 * i + 16) for i in (row, column))
    out[rows, columns] = image[0, 0]
    return out


# %%
def drops(model, sample, rng):
    """Fall of each noun's logit when its brightest patch, and when a random patch, is painted over."""
    rows = []
    for image, word, weights in sample:
        spots = [divmod(int(weights.argmax()), 8), tuple(rng.integers(1, 7, 2))]
        pictures = np.stack([image, *(paint_over(image, *spot) for spot in spots)])
        logit = model.logits(model.ids("en", [word]), model.regions(pictures))[:, 0]
        rows.append(logit[0] - logit[1:])
    return np.array(rows)


# %% tags=["trained"]
lookup = {id(record): image for image, record in test}
found = looks["English"][:400]
sample = [(lookup[id(record)], word, weights) for record, word, weights, _ in found]
fall = drops(model, sample, np.random.default_rng(0))
resample = np.random.default_rng(1).integers(0, len(fall), (2000, len(fall)))
for name, values in (("brightest patch", fall[:, 0]), ("random patch", fall[:, 1])):
    low, high = np.quantile(values[resample].mean(1), (0.025, 0.975))
    print(f"{name:16s} logit falls by {values.mean():5.2f} (95 % interval {low:.2f} to {high:.2f})")
more = np.mean(fall[:, 0] > fall[:, 1])
print(f"the brightest patch matters more in {more:.0%} of {len(fall)} cases")

# %% [markdown]
# On average the light falls where it matters, by a wide margin. Not always: in the remaining cases a random patch
# mattered at least as much. A guess at a reason: where three stickers of one kind stand, paint one over, and two still
# speak. `fall` and `found` hold what you need to test it.

# %% [markdown]
# **Question 2: does the model need these weights?** Compare three heads on the nouns of the held-out scenes: the one
# you trained; the same one with its learned weights replaced by equal ones (queries of zero make every score equal);
# and one that was *trained* with equal weights from the start (the uniform baseline of Wiegreffe & Pinter 2019). A
# scene counts as right if all its nouns are found and no other is named. (Training takes a few seconds again.)

# %%
equal = ("w_q", "b_q")
heads = {
    "trained with attention": params,
    "… its weights made equal": params | {n: 0 * params[n] for n in equal},
    "trained with equal weights": train_head(frozen=equal)[0],
}
test_regions = model.regions(test.images)
truth = np.zeros((len(test), len(nouns)), bool)
for i, record in enumerate(test.records):
    truth[i, [column[record.en.words[m.words[-1]]] for m in record.en.mentions]] = True

# %%
for name, head in heads.items():
    asks = np.broadcast_to(head["asks"], (len(test), *head["asks"].shape))
    inner = {n: head[n] for n in grounding.NAMES}
    answers, _ = scratch.multi_head_attention(asks, test_regions, **inner, heads=4)
    said = (answers * head["read"]).sum(-1) + head["bias"] > 0
    right = int((said == truth).all(1).sum())
    low, high = wilson_interval(right, len(test))
    print(f"{name:27s} {right} of {len(test)} scenes right ({low:.0%} to {high:.0%})")

# %% [markdown]
# Here the weights carry the answer. Taking them away from the trained head leaves next to nothing, but that alone would
# prove little: it was never trained to live without them. The third line is the fair comparison. A head that has to
# average over all 64 regions does far worse. (One seed each; train with another `seed=` and see whether the order
# holds.) It need not come out so: on some text tasks Wiegreffe & Pinter
# found equal weights nearly as good, and there a map of the learned ones explains little.

# %% [markdown]
# **Question 3: does every word look at something that means it?** Nouns have a box. What of the others? Here is how
# concentrated the weights are, as the share of the picture they effectively use ($e^{\text{entropy}}/64$).


# %%
def used_share(weights):
    p = weights.reshape(*weights.shape[:-2], 64)
    return np.exp(-(p * np.log(p + 1e-12)).sum(-1)) / 64


# %%
groups = {
    "nouns": nouns,
    "numbers": ["two", "three"],
    "sizes": ["small", "big"],
    "places": ["left", "above"],
    "backgrounds": ["grass", "sand", "sky", "snow", "night"],
    "grammar": ["a", "of", "the"],
}
for name, members in groups.items():
    held = [(i, w) for i, r in enumerate(test.records) for w in members if w in r.en.words]
    shares = []
    for looker in (model, shuffle_attention(model, 0)):
        found = [looker.maps(looker.ids("en", [w]), test_regions[i]).mean(0) for i, w in held]
        shares.append(used_share(np.reshape(found, (-1, 8, 8))).mean())
    print("{:12s} use {:.0%} of the picture; shuffled {:.0%}".format(name, *shares))

# %% [markdown]
# Every group of words looks more narrowly than a senseless model does, *a*, *of* and *the* among them, although nothing
# in a picture is called *of*. What do such words find there? Ask how often the model is right about whether they stand
# in the caption, which it can only tell from the picture.

# %%
for word in ("a", "of", "the"):
    present = np.array([word in r.en.words for r in test.records])
    said = model.logits(model.ids("en", [word]), test_regions)[:, 0] > 0
    print(
        f"{word:4s} stands in {present.mean():.0%} of captions; judged right in {(said == present).mean():.0%}"
    )

# %% [markdown]
# The grammar of these captions follows from the scene: *of* comes with "to the left of" and "loaf of", *the* with most
# backgrounds. So *of* has something to look for after all, but its map does not say what. **The picture shows where a
# word read, not what it found there.** Only an experiment tells, and the ones above took ten lines each.

# %% [markdown]
# ## Play with it
#
# Choose a word, a head, a mask and a temperature. Try this: choose *sailboat* and *bottom half*, so
# that the boat is hidden. Where does it look now, and why can it not look *nowhere*? (Softmax must spend its one unit.)
# Then cool it down to 0.1 and warm it up to 10.

# %%
row_of = np.arange(64) // 8
masks = {"everything": row_of >= 0, "top half": row_of < 4, "bottom half": row_of >= 4}


def look(word, head, mask, temperature):
    weights = model.maps(model.ids("en", [word]), regions, temperature, masks[mask])[:, 0]
    weights = (weights.mean(0) if head == "all" else weights[int(head) - 1]).reshape(8, 8)
    row, column = 1 + np.array(np.unravel_index(weights.argmax(), (8, 8)))
    most = f"{word} looks most at row {row}, column {column} ({weights.max():.2f})"
    return weights, f"{most} and uses {used_share(weights):.0%} of the picture"


# %%
show.explorer(image, look, words, ["all", "1", "2", "3", "4"], list(masks))

# %% [markdown]
# Without a running kernel, here is what the temperature does to the first noun:

# %%
noun = scene.en.words[scene.en.mentions[0].words[0]]
settings = [0.1, 0.3, 1, 3, 10]
steps = np.stack([look(noun, "all", "everything", t)[0] for t in settings])
fig = show.spotlights(image, [f"temperature {t}" for t in settings], steps, columns=6, size=1.7)
show.figure(
    fig,
    f"The scene lit where the word {noun} looks at five temperatures, from a few regions to nearly all.",
)

# %% [markdown]
# ## Pitfalls
#
# - **Softmax over the wrong axis.** Each *query's* weights sum to one: the last axis of the scores.
# - **`reshape` instead of split-and-transpose** for heads: the right shape, the wrong tokens.
# - **The mask upside down.** PyTorch's `MultiheadAttention` says True = *ignore*; its `scaled_dot_product_attention`
#   and this course say True = *may look*. Read the line in the documentation each time.
# - **A finite "minus infinity".** Adding −1, or −100, is not masking: a large score shines through.
# - **Scaling by the wrong width.** In multi-head attention $d_k$ is the width of one *head*.
# - **Testing with large random inputs.** Softmax turns one-hot, and different mistakes give the same answer. Test
#   with numbers of size one, unequal sizes, a row that may look nowhere, and a random slope.
# - **Reading a map as a reason.** It says where the model read, not what it concluded there. Measure.

# %% [markdown]
# ## Quiz
#
# Choose, and read why. The wrong choices have something to say as well: try them.

# %%
show.quiz("03_attention", 1)

# %%
show.quiz("03_attention", 2)

# %%
show.quiz("03_attention", 3)

# %%
show.quiz("03_attention", 4)

# %%
show.quiz("03_attention", 5)

# %% [markdown]
# ## Exercise
#
# Open **`exercises/03_attention/03_attention.ipynb`**: seven questions, 100 points, from a softmax that cannot overflow
# to reading a map. Every answer is checked at once; where it is wrong you see expected, got and difference, and where
# the mistake is a known one, what it probably is.

# %% [markdown]
# ## References
#
# - Vaswani et al. 2017, *Attention is all you need*, arXiv:1706.03762. Equation 1 is the formula; section 3.2.2 the
#   heads; footnote 4 the variance argument for √d.
# - Bahdanau, Cho & Bengio 2015, *Neural machine translation by jointly learning to align and translate*,
#   arXiv:1409.0473. Equations 5 and 6: attention before it had the name's fame, with an additive score.
# - Xu et al. 2015, *Show, attend and tell*, arXiv:1502.03044. Words that look at regions while a caption is written;
#   chapter 05 builds it.
# - Milakov & Gimelshein 2018, *Online normalizer calculation for softmax*, arXiv:1805.02867. Algorithm 3.
# - Dao et al. 2022, *FlashAttention*, arXiv:2205.14135. Algorithms 1 (forward) and 4 (backward).
# - Dao 2023, *FlashAttention-2*, arXiv:2307.08691. Algorithm 1.
# - Xiao et al. 2024, *Efficient streaming language models with attention sinks*, arXiv:2309.17453.
# - Jain & Wallace 2019, *Attention is not explanation*, arXiv:1902.10186, and Wiegreffe & Pinter 2019, *Attention is
#   not not explanation*, arXiv:1908.04626: read both.
# - Zhang et al. 2018, *Top-down neural attention by excitation backprop*, IJCV 126: the pointing game, section 4.
