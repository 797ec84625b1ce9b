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
# # 10 · Human–computer interaction
#
# Somebody says a sentence, and a machine does what was meant. Between the two lie hearing, understanding, looking,
# searching and answering, and each of them is a model that can be wrong. So this chapter is about **systems**: what
# happens when models that are good in themselves stand in a row, or side by side, and when a machine should say "I am
# not sure". Three systems, each measured: a voice assistant in English and Chinese, a support desk that reads words
# and screenshots, and a reader of emotions from face, voice and words. The last of them ends with what it must not be
# used for.
#
# **After this chapter you can**
#
# - build an assistant from stages, and say which stage spoils how much;
# - write a conditional random field: its loss, its forward algorithm, Viterbi;
# - tell a confident model from a calibrated one, and turn costs into a policy for asking back;
# - fuse modalities that disagree, and find out which of them the model listens to;
# - say why a system that reads emotions here would not read them in people.
#
# **Time**: three hours of reading and running. The notebook runs in about two minutes. **You need** chapters
# [02](02_fusion.ipynb) (fusion), [06](06_cross_modal_translation.ipynb) (CTC, beam search, a voice) and
# [07](07_alignment_and_retrieval.ipynb) (the aligned space).

# %%
from mmcourse import show  # first: it asks NumPy and torch for one thread each

import numpy as np
from matplotlib import pyplot as plt

show.setup()
rng = np.random.default_rng(0)

# %% [markdown]
# ## The picture first
#
# A request that nobody in training has said, by a voice that training has not heard. Listen, and then read what each
# stage makes of it.

# %%
from mmcourse.data import scenes, spoken_requests
from mmcourse.dialogue import stages

gallery = scenes.load("test")
spoken = spoken_requests.load()
helpers = {language: stages.assistant(language, gallery.images) for language in ("en", "zh")}


# %%
def ask(clip, picture=None):
    """One recorded request, its sound, and what each stage of the assistant makes of it."""
    request = spoken.request(clip)
    turn = helpers[request.language].answer((spoken.sound(clip), 8000), picture)
    print("said:      ", request.text)
    print("heard:     ", turn.heard.text)
    print("understood:", turn.understood.intent, turn.understood.slots)
    print("answer:    ", turn.answer)
    return turn


# %%
def some(language, intent, number=0):
    """The number of a recorded request of an intent."""
    return [i for i in spoken.of(language) if spoken.request(i).intent == intent][number]


clip = some("en", "find")
show.sound(spoken.sound(clip), 8000, spoken.text(clip))
turn = ask(clip)
show.figure(
    show.found(turn.picture[None], [turn.answer]),
    f"What the assistant shows for: {spoken.text(clip)}.",
)
show.sound(*turn.sound, turn.answer)

# %% [markdown]
# And in Chinese, a question about a picture:

# %%
clip = some("zh", "count")
picture = gallery.images[spoken.scene(clip)]
show.sound(spoken.sound(clip), 8000, spoken.text(clip))
turn = ask(clip, picture)
show.figure(show.found(picture[None], [turn.answer]), "The picture that the question is about.")

# %% [markdown]
# ## A row of stages
#
# | stage | from | to | made in |
# |---|---|---|---|
# | **hear** | sound | text, and how sure | chapter 06: convolutions, LSTM, CTC, beam search with an n-gram |
# | **understand** | text | an intent and its slots | here |
# | **look** | picture | what is in it | chapter 08: the detector |
# | **search** | slots | pictures | chapter 07: the aligned space |
# | **speak** | text | sound | chapter 06: a voice with attention |
#
# Each stage is a plain function, so that one can be swapped for another, or, and this is how the whole will be
# measured, for the truth.

# %% [markdown]
# ## Understanding: an intent and its slots
#
# "Show me a cat to the left of a dog": somebody wants to *find* something (the **intent**), and the something is
# described by *cat*, *left of*, *dog* (its **slots**). Intent and slots together are a **frame**, and a frame is
# something a program can act on. The intent is a label for the sentence. The slots are labels for its words, in the
# **BIO** notation: `B-x` begins a slot of kind x, `I-x` continues it, `O` belongs to none.
#
# One could choose each word's tag by itself. But tags have a grammar: `I-x` follows `B-x` or `I-x`, never `O`. A
# **conditional random field** (Lafferty, McCallum & Pereira 2001) scores whole *sequences*: a score for each word and
# tag, from a network, and a score for each tag followed by each other one, learned:
#
# $$s(y) = a_{y_1} + \sum_{t=1}^{T} e_{t, y_t} + \sum_{t=2}^{T} A_{y_{t-1}, y_t} + b_{y_T}, \qquad
#   p(y) = \frac{e^{s(y)}}{\sum_{y'} e^{s(y')}}$$
#
# The sum below runs over all $K^T$ sequences: with 15 tags and ten words, more than five hundred billion. The trick is
# the one of chapter 06: let $\alpha_t(k)$ be the logarithm of the sum over all *beginnings* that end in tag $k$ at
# word $t$. Then each step needs only the one before it (this is the **forward algorithm**; Rabiner 1989):
#
# $$\alpha_t(k) = e_{t,k} + \log\sum_j e^{\alpha_{t-1}(j) + A_{jk}}, \qquad
#   \log Z = \log\sum_k e^{\alpha_T(k) + b_k}$$
#
# and the loss is $-\log p(y) = \log Z - s(y)$. Its slope is again *what is expected minus what is there*: $\partial
# \log Z / \partial e_{t,k}$ is the probability that word $t$ bears tag $k$ in a sequence drawn from $p$.


# %%
from itertools import pairwise, product


def log_partition(e, A, a, b):
    """log Z of a linear-chain CRF: e (T, K) scores of words, A (K, K) of steps, a and b (K,) of both ends."""
    alpha = a + e[0]
    for scores in e[1:]:
        alpha = scores + np.logaddexp.reduce(alpha[:, None] + A, axis=0)
    return np.logaddexp.reduce(alpha + b)


def score(e, A, a, b, tags):
    steps = sum(A[i, j] for i, j in pairwise(tags))
    return a[tags[0]] + e[np.arange(len(tags)), tags].sum() + steps + b[tags[-1]]


# %%
T, K = 5, 3
e, A, a, b = (rng.standard_normal(shape) for shape in ((T, K), (K, K), K, K))
everything = [score(e, A, a, b, list(tags)) for tags in product(range(K), repeat=T)]
print(f"{len(everything)} sequences, one by one:  log Z = {np.logaddexp.reduce(everything):.6f}")
print(f"forward algorithm, {T * K * K} products: log Z = {log_partition(e, A, a, b):.6f}")

# %% [markdown]
# And the best sequence? Replace the sum by a maximum, and remember where each maximum came from: **Viterbi**.


# %%
def best_sequence(e, A, a, b):
    best, came_from = a + e[0], []
    for scores in e[1:]:
        through = best[:, None] + A
        came_from.append(through.argmax(0))
        best = scores + through.max(0)
    tags = [int((best + b).argmax())]
    for back in reversed(came_from):
        tags.append(int(back[tags[-1]]))
    return tags[::-1]


winner = max(product(range(K), repeat=T), key=lambda tags: score(e, A, a, b, list(tags)))
print("Viterbi:", best_sequence(e, A, a, b), "  by trying all:", list(winner))

# %% [markdown]
# The package's `crf_loss` does this for a batch of sentences of different lengths, with its way back; the slope at
# $e_{t,k}$ comes from a second recursion that runs from the end. It agrees with the library that people use, and so
# does the marginal that you can check by counting here:

# %%
from mmcourse.dialogue import pytorch, scratch

tags = np.array([[0, 2, 1, 1, 0]])
loss, cache = scratch.crf_loss(e[None], A, a, b, tags, np.array([T]))
de = scratch.crf_loss_backward(np.ones(1), cache)[0][0]
p = np.exp(np.array(everything) - log_partition(e, A, a, b))
expected = np.zeros((T, K))
for chance, path in zip(p, product(range(K), repeat=T), strict=True):
    expected[np.arange(T), path] += chance
print(
    f"loss {loss[0]:.6f} by the package, {log_partition(e, A, a, b) - score(e, A, a, b, tags[0]):.6f} by hand"
)
print("slope = expected minus there:", np.allclose(de, expected - np.eye(K)[tags[0]]))

# %%
show.twins([scratch.crf_loss, scratch.crf_loss_backward], [pytorch.crf_loss])

# %% [markdown]
# ### A reader
#
# The scores $e_{t,k}$ come from a bidirectional LSTM: one reads from the left, one from the right, so that each word
# is judged by all the others. The same states give the intent. Here is what the trained reader makes of sentences that
# training never had:

# %%
from mmcourse.checkpoints import understanding

readers = {language: understanding.load(language) for language in ("en", "zh")}
for language, text in (("en", "please show me two small cats on the snow"), ("zh", "狗左边有什么")):
    found = readers[language].read(text)
    print(text, "→", found.intent, found.slots, f"({found.confidence:.3f})")
    print("   ", " ".join(f"{w}/{t}" for w, t in zip(found.tokens, found.tags, strict=True)))

# %% [markdown]
# What has the field on top learned? Here are the scores $A$ of one tag after another: purple steps are favoured, brown
# ones held against. Look at the purple ones: an I-tag after its own B-tag, a size after a number, a concept after a
# size.

# %%
reader = readers["en"]
steps = reader.parameters["transitions"]
fig, ax = plt.subplots(figsize=(5.6, 4.8))
limit = np.abs(steps).max()
mesh = ax.imshow(steps, cmap="PuOr", vmin=-limit, vmax=limit)
ax.set(
    xticks=range(len(reader.tags)), yticks=range(len(reader.tags)), xlabel="next tag", ylabel="tag"
)
ax.set_xticklabels(reader.tags, rotation=90, fontsize=7)
ax.set_yticklabels(reader.tags, fontsize=7)
fig.colorbar(mesh, label="learned score of the step")
show.figure(
    fig,
    "A matrix of learned scores of steps between tags; I-relation after B-relation is among the highest.",
)

# %% [markdown]
# What it cannot read it says. A word from outside the world; a request from outside the world; no request at all:

# %%
for text in ("show me a dragon", "what is the weather like", "purple monkeys", "how many apples"):
    turn = helpers["en"].answer(text, gallery.images[0])
    print(f"{text:28s} → {turn.answer}")

# %% [markdown]
# ## The whole, measured
#
# Two hundred spoken requests in each language, by voices that training did not have, about scenes whose compositions
# it did not have. A task is **done** if intent and all slots are right *and* the answer tells what is true of the
# picture, or the picture found is one that was asked for; requests from outside must be refused.

# %%
from mmcourse.studies import assistant as study

lines = study.results()
for language in ("en", "zh"):
    for condition in study.ORACLES:
        share, (low, high) = study.success(lines[condition, language])
        print(f"{language}  {condition:12s} {share:.3f}  ({low:.3f} to {high:.3f})")
    print("    spoilt by:", study.blame(lines, language))

# %% [markdown]
# Each row replaces one more stage by the **truth**: true text as if nothing had been misheard; then the true frame;
# then true facts about the picture. What the success rises by from row to row is what that stage spoils. This is worth
# more than any score of a stage by itself: a recogniser with twice the word error rate may spoil nothing, if the words
# it gets wrong are *please* and *the*.
#
# What if a stage were another? *Keyword rules* understand in place of the network; the *captioner* of chapter 05 looks
# in place of the detector of chapter 08; and the *blind ear* listens without knowing what is in the picture. (The
# others prefer, of the texts that sound alike, those that speak of something in sight.)

# %%
for condition in ("spoken", "keyword rules", "captioner", "blind ear"):
    cells = []
    for language in ("en", "zh"):
        share, (low, high) = study.success(lines[condition, language])
        cells.append(f"{language} {share:.3f} ({low:.3f} to {high:.3f})")
    print(f"{condition:14s}", "   ".join(cells))

# %% [markdown]
# Looking before listening helps, most of all in Chinese, where many words sound alike. How strongly to prefer what is
# in sight follows from how often requests speak of absent things; but two other strengths were tried on the English
# test recordings, so the blind ear is the cleaner number.
#
# ### Noise
#
# Put noise under the recordings and follow the error through the stages:

# %%
fig, axes = plt.subplots(1, 2, figsize=(8, 2.9), sharey=True)
levels = ["spoken", *study.NOISE]
for ax, language in zip(axes, ("en", "zh"), strict=True):
    for name, key, colour in (("frame", "frame", "#0072B2"), ("task", "success", "#D55E00")):
        shares = [np.mean(lines[level, language][key]) for level in levels]
        ax.plot(levels, shares, "o-", color=colour, label=f"{name} right")
        print(
            f"{language}  {name:6s}",
            *(f"{level} {s:.3f}" for level, s in zip(levels, shares, strict=True)),
        )
    ax.set(title=language, xlabel="speech above noise", ylim=(0, 1.02))
axes[0].set_ylabel("share of requests")
axes[0].legend()
show.figure(fig, "Both shares by the level of noise, from none to 5 dB, in English and Chinese.")

# %% [markdown]
# ### "I did not catch that"
#
# Every stage says how sure it is, and the product is the confidence of the whole. Suppose the assistant asks back when
# it is least sure. How much better are the answers that it does give?

# %%
for condition in ("spoken", "10 dB", "5 dB"):
    for language in ("en", "zh"):
        cells = [
            f"{share:.0%}: {value:.3f}"
            for share, value, _ in study.abstention(lines[condition, language])
        ]
        print(f"{condition:7s} {language}  done, of the surest  " + "   ".join(cells))

# %% [markdown]
# ## Customer service: a ticket is words and a screenshot
#
# A customer of a shop writes to its support: a few words, and a screenshot of the phone. Which desk should get it? The
# tickets of this section are invented, so that it is known which desk is right, and of what kind a ticket is:

# %%
from mmcourse.data import tickets

examples = [
    tickets.draw(rng, held_out=False, kind=kind) for kind in tickets.KINDS for _ in range(2)
]
images, drawn = zip(*examples, strict=True)
titles = [f"{t.kind} → {t.route}" for t in drawn]
fig = show.tickets(images, [t.text for t in drawn], titles, columns=8, size=1.35)
show.figure(
    fig, "Eight tickets, two of each kind: a phone's screen, the customer's words, the right desk."
)

# %% [markdown]
# - **text**: the words say it, the screen shows the front page. **image**: the other way round.
# - **both**: "I ordered an apple, and this is what came." Is it an apple? Then somebody says *thanks*; otherwise it is
#   for *returns*. Words alone and picture alone say **nothing** about that: it is the *synergy* of chapter 02.
# - **neither**: nobody can know. The desk was drawn from fixed odds, 4 : 3 : 2 : 1. This kind is the reason for the
#   second half of this section.
#
# Chapter 02 has all that is needed: a tower for the screenshot, a tower for the words (here the mean of learned word
# vectors), and a fusion. The study trained six models, each three times, on 3,400 tickets, and tested them on 1,000
# whose phrasings, and whose pairs of an ordered and a shown thing, training never has:

# %%
from mmcourse.studies import tickets as service

print(service.as_text("en"))

# %% [markdown]
# Read the column *both*. A coin would get half of it right. Late fusion cannot do better, and that is no matter of
# training: it adds what the words say to what the picture says, and an XOR is no sum (chapter 02). Concatenation
# *could*, in principle, with its hidden layer; but it would have to learn each pair of things by heart, and the test
# has other pairs. The product of both representations compares. That is what "the same thing?" asks for.
#
# The last column is not worth an effort: with the odds as they are, always saying *payment* gets 40 per cent.
#
# In Chinese, with characters for words, the picture is the same:

# %%
print(service.as_text("zh"))

# %% [markdown]
# ### A policy for "I am not sure"
#
# A ticket sent to the wrong desk costs something: two people read it, and the customer waits. Asking back costs less,
# but not nothing. Say a wrong desk costs 1, and asking back costs $c$. If the model is right with probability $p$,
# then routing costs $1 - p$ on average, and so (Chow 1970):
#
# $$\text{route if } 1 - p \le c, \qquad \text{ask back otherwise.}$$
#
# The whole policy is one comparison. But look at what it needs: that $p$ **means** something, that of all the tickets
# to which the model says 0.8, eight in ten go right. A model of which this holds is **calibrated**. Networks are not
# by themselves: they are trained until they are surer than they should be (Guo et al. 2017).
#
# Collect the answers into bins by confidence, and compare each bin's mean confidence with its share of right answers.
# The average distance, weighted by how many are in each bin, is the **expected calibration error**.


# %%
def calibration_error(confidence, right, bins=10):
    """Expected calibration error: confidence (N,) in [0, 1], right (N,) bool."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    error = 0.0
    for b in np.unique(which):
        here = which == b
        error += here.mean() * abs(confidence[here].mean() - right[here].mean())
    return error


# %% [markdown]
# The cure is as small as can be. Divide all logits by one number, the temperature $T$, chosen so that the likelihood
# of *held-out* tickets is largest. With $T > 1$ every answer becomes less sure, and no answer changes, since the
# largest logit stays the largest. Its slope is a line: with $\beta = 1/T$,
#
# $$\frac{\partial \mathcal L}{\partial \beta} = \frac1N\sum_n \Bigl(\sum_k p_{nk} z_{nk} - z_{n y_n}\Bigr)$$
#
# the mean logit that the model *expects* minus the mean logit that is *there*.


# %%
def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def temperature(z, y):
    """The temperature that makes logits z (N, K) likeliest for labels y (N,): halve until the slope is 0."""
    low, high = np.log(0.01), np.log(100.0)  # of log beta
    for _ in range(60):
        beta = np.exp((low + high) / 2)
        expected = (softmax(beta * z) * z).sum(1)
        slope = (expected - z[np.arange(len(y)), y]).mean()
        low, high = (low, np.log(beta)) if slope > 0 else (np.log(beta), high)
    return 1 / beta


# %% [markdown]
# ### Is it sure where it should be?
#
# Each of our models says how likely its answer is. Take two of them, and see how far one can believe that. The dots
# are bins of confidence, larger where there are more tickets in them; the dotted line is where confidence and success
# agree.

# %%
from mmcourse.metrics import expected_calibration_error, reliability, risk_coverage

methods = ("late", "concatenation", "product")
fig = show.reliability({method: reliability(*service.sureness(method)) for method in methods})
show.figure(fig, "Share of right tickets by confidence for three models, and the dotted diagonal.")
for method in methods:
    raw, cured = (
        calibration_error(*service.sureness(method, kind)) for kind in ("raw", "calibrated")
    )
    print(
        f"{method:14s} calibration error {raw:.3f}; temperature {service.temperature(method):.2f}: {cured:.3f}"
    )

# %% [markdown]
# Late fusion is *too modest*. It averages two verdicts; where the words are sure and the picture knows nothing, the
# mean of a 1 and a 0.2 is 0.6, and yet the answer is right. A temperature below 1 cures most of that. The other two
# are nearly calibrated as they are, and their temperature, fitted on tickets that were held back from training, makes
# it no better: the test tickets have other phrasings and other pairs, and how sure one may be of those, the held-back
# ones do not tell. Textbooks show networks that are too *sure* (Guo et al. 2017). Ours are small, trained briefly,
# with dropout, and are not. Measure before you cure.
#
# Check our two functions against the package's, and SciPy's minimiser in the tests against both:

# %%
from mmcourse.calibration import scratch as calibration

print(
    "same error:",
    np.isclose(
        calibration_error(*service.sureness("product")),
        expected_calibration_error(*service.sureness("product")),
    ),
)
z, y = 4 * rng.standard_normal((500, 5)), rng.integers(0, 5, 500)
print(
    "same temperature:", np.isclose(temperature(z, y), calibration.fit_temperature(z, y), rtol=1e-6)
)

# %% [markdown]
# ### What asking back buys
#
# Give only the surest answers: how many of them are wrong?

# %%
curves = {method: risk_coverage(*service.sureness(method)) for method in methods}
show.figure(
    show.risk_coverage(curves),
    "The share of wrong answers against the share answered, for three models.",
)

# %% [markdown]
# Look at the left end first: the *surest* answers of late fusion are wrong ones. Where both experts lean towards the
# same desk, their average is sure, whatever the ticket says. One ticket in seven is of the kind that nobody can
# answer, so on the far right every curve must rise. A model that knows what it does not know keeps those for last. Now
# in costs: a wrong desk costs 1, asking back costs $c$.

# %%
from mmcourse.data.tickets import KINDS, PRIOR


def row(name, cells, form="8.3f"):
    print(f"{name:27s}" + "".join(f"{cell:{form}}" for cell in cells))


row("cost of asking back", service.COSTS, "8")
for method in methods:
    row(f"{method}, never asks", [1 - service.share("en", method).mean()] * len(service.COSTS))
    for kind in ("raw", "calibrated"):
        row(f"{method}, {kind}", service.spent(method, kind))
at_random = 1 - max(PRIOR.values()) / 100  # wrong, if the likeliest desk is guessed
row("knows what none can know", [KINDS["neither"] / 100 * min(c, at_random) for c in service.COSTS])

# %% [markdown]
# Look at late fusion first. As it is, it is so modest that for a cost of 0.2 it asks back nearly always; the
# temperature alone, which changes no answer, nearly halves its costs. The product asks back where it should, and comes
# near to the one who knows which tickets cannot be known. And when asking is cheap, even a poor model is cheap,
# because it asks: so a low cost by itself says little about the model.

# %% [markdown]
# ### At the desk
#
# A model, a temperature, a cost, and a reason for everything:

# %% tags=["nbval-ignore-output"] ignore_reason="a bar shows while the model trains"
model = service.fit("product", "en", seed=0)

# %% tags=["nbval-ignore-output"] ignore_reason="words that follow from a training differ by processor"
desk = service.desk(model, cost=0.2)
blank = np.zeros((48, 36, 3), np.uint8)
front = tickets.screenshot("front", rng)
for text, screen in (
    ("my card was declined", front),
    ("look at this", tickets.screenshot("account", rng, 30)),
    ("I ordered a clock and this is what came", tickets.screenshot("clock", rng)),
    ("I ordered a clock and this is what came", tickets.screenshot("rose", rng)),
    ("please help me", front),
    ("bonjour", front),
    ("please help me", blank),
):
    decision = desk.decide(text, screen)
    print(f"{text:42s} → {decision.desk or 'ask back':10s} {decision.why}")

# %% [markdown]
# ## Face, voice and words
#
# Somebody says a sentence. What does that person feel? The moments of this section are made up: a drawn face whose
# brows, lids and mouth move, a hum whose pitch, loudness and speed change, a sentence, and a feeling that the
# generator knows. In half of them all three show it. In the others they **disagree**, and it is not always the same
# one that is right:

# %%
from mmcourse.data import emotions, tones
from mmcourse.speech.pitch import frame_times, loudness, pitch


def contour(sound):
    """Seconds, pitch in Hz (NaN where there is none) and loudness in dB of a sound."""
    hertz, voiced = pitch(sound, tones.RATE)
    times = frame_times(len(hertz), tones.RATE)
    return times, np.where(voiced, hertz, np.nan), loudness(sound, tones.RATE)


# %%
kinds = tuple(emotions.KINDS)
drawn = [emotions.draw(rng, held_out=False, kind=kind) for kind in kinds]
faces, sounds, moments = zip(*drawn, strict=True)
titles = [f"{m.kind}: {m.felt}" for m in moments]
fig = show.moments(faces, [contour(s) for s in sounds], [m.text for m in moments], titles)
show.figure(
    fig, "Five moments, one of each kind: a face, the contour of a voice, a sentence, the feeling."
)

# %% [markdown]
# *Sarcasm*: glad words in a flat voice, and an angry face. *Mask*: glad face and glad words, and the voice gives it
# away. *Stoic*: only the words say it. *Overjoyed*: face and voice are startled, and the words say that it is joy.
#
# ### What a voice gives away: pitch by hand
#
# The middle row shows a pitch. How does one find it? A voiced sound repeats itself, so subtract it from itself, later
# by $\tau$ samples, and see when little is left (de Cheveigné & Kawahara 2002):
#
# $$d(\tau) = \sum_t (x_t - x_{t+\tau})^2$$
#
# At $\tau = 0$ nothing is left, and at two or three periods little as well. So divide by the mean of what came before,
# and take the **first** dip that is deep enough:
#
# $$d'(\tau) = \frac{d(\tau)}{\frac{1}{\tau}\sum_{j=1}^{\tau} d(j)}$$

# %%
voice = tones.Voice(120.0, 1.0, 40.0, 0.0)
tone = tones.tone("calm", 1.0)
sound = tones.sound(tone, voice, np.random.default_rng(1))
x = sound[2000:2600].astype(float)
lags = np.arange(1, 201)
d = np.array([((x[:400] - x[lag : lag + 400]) ** 2).sum() for lag in lags])
normalised = d / (np.cumsum(d) / lags)
deep = np.flatnonzero(normalised < 0.3)[0]
first = deep + np.flatnonzero(np.diff(normalised[deep:]) > 0)[0]  # down to the bottom of the dip
print(
    f"found {tones.RATE / lags[first]:.1f} Hz, true {tones.pitch(tone, voice)[2000:2400].mean():.1f} Hz"
)

# %%
fig, ax = plt.subplots(figsize=(6, 2.6))
ax.plot(lags, normalised, color="#0072B2")
ax.axhline(0.3, color="0.5", lw=1, ls=":")
ax.scatter(lags[first], normalised[first], color="#D55E00", zorder=3)
ax.set(xlabel="lag (samples)", ylabel="normalised difference")
show.figure(fig, "The normalised difference by lag, with dips at one period and at its multiples.")

# %% [markdown]
# The dot is at the first period. The dips at its multiples belong to the same hum; whoever begins to search there, or
# asks for too deep a dip and passes the first, ends an octave too low. Now the same voice, at full strength, in six
# moods:

# %%
print(f"{'':10s}{'pitch (Hz)':>11s}{'loudness (dB)':>15s}")
for mood in emotions.EMOTIONS:
    hum = tones.sound(tones.tone(mood, 1.0), voice, np.random.default_rng(1))
    _, hertz, level = contour(hum)
    print(f"{mood:10s}{np.nanmedian(hertz):11.0f}{np.median(level):15.1f}")

# %% [markdown]
# Sadness is low and soft, anger loud, fear high. But voices differ by more than an octave, and nobody tells the model
# whose voice it is.
#
# ### Fusion where modalities disagree
#
# Three towers, for the face, the log-mel of the voice, and the words; nine ways to use them, three seeds each, and a
# thousand moments with sentences that training never had:

# %% tags=["nbval-ignore-output"] ignore_reason="a bar shows the first time only, when nothing is cached"
from mmcourse.studies import emotions as feelings

_ = [emotions.load(split) for split in ("test", "unseen")]

# %%
print(feelings.as_text())

# %%
for method in ("late average", "late sum", "concatenation"):
    gain, examples, seeds = feelings.gain(method, "words")
    both = (
        f"over {n} {low:+.3f} to {high:+.3f}"
        for n, (low, high) in (("moments", examples), ("seeds", seeds))
    )
    print(f"{method:14s} − words alone {gain:+.3f}  ", *both)

# %% [markdown]
# Words are the best single modality, and score **nothing** on sarcasm and masks: there they are always wrong. Every
# fusion is far above them, and no interval includes 0. Look where the fusions differ. *Late average* puts three
# verdicts together that were trained apart; it must lose where two agree on what is wrong (the mask). *Late sum* adds
# scores as well, but its towers were trained **together**, so each knows how loud to speak. It does as well as
# concatenation, and the more elaborate fusions, which nobody has tuned here, do not do better. (Masks stay the
# hardest: the fear behind a glad face is a tremor in a voice.)
#
# ### Whom does it listen to?
#
# Give each moment the face of *another* moment, or another's voice, or words, and see how much worse the answers
# become:

# %%
print(feelings.lost_as_text("concatenation"))

# %% [markdown]
# It listens to each where that one tells the truth: to the face in sarcasm, to the voice behind a mask, to the words
# of the stoic.
#
# ### One of them is missing

# %%
print(feelings.missing_as_text())

# %% [markdown]
# Averaged verdicts do best without a face or a voice: what is not there is not averaged. The two that were trained
# together learn to do without only if training takes things away now and then (modality dropout), and pay about one
# point of a hundred for it when everything is there. Without words all are in trouble: half of the moments were
# decided by them.
#
# ### A disagreement that training never had
#
# *Teasing*: angry words, a glad face and a glad voice, and what is felt is joy. All the parts are known; the
# combination is new. A reader that had understood disagreement would take it. Which of ours does?

# %%
for method in feelings.METHODS:
    shares = feelings.share(method, "unseen")
    print(f"{method:18s} {shares.mean():.3f}   by seed", shares.round(2))

# %% [markdown]
# Gated and low-rank fusion get **none** right, though they do well on everything they know. Only the voice by itself
# and the sum of scores are right for about half. A fused model has learned a *table* of how things went together in
# training; the more freely it may combine, the better it knows the table, and the less the rest. If it matters what
# happens in combinations that you have not thought of, then the simplest fusion may be the best, and a test like this
# one will tell.

# %% [markdown]
# ### Make a moment of your own
#
# A model, trained now, and a reader around it that says what it could not see, hear or read:

# %% tags=["nbval-ignore-output"] ignore_reason="a bar shows while the model trains"
from mmcourse.studies.emotions_reader import Reader

model = feelings.fit("late sum", dropout=0.5, steps=300)

# %% tags=["nbval-ignore-output"] ignore_reason="words that follow from a training differ by processor"
reader = Reader(model)
face, sound, moment = emotions.draw(np.random.default_rng(3), held_out=True, kind="sarcasm")
print("felt:", moment.felt, "  said:", moment.text)
for given in (
    (face, sound, moment.text),
    (None, sound, moment.text),
    (face, np.zeros(6400, np.float32), moment.text),
    (np.full((32, 32), 200, np.uint8), sound, "qwerty"),
):
    print(reader.feel(*given))


# %%
def mood(face, face_strength, voice, voice_strength, text):
    """What `show.mood_box` shows: a face, what the reader says, a hum, and a sentence."""
    drawn = np.random.default_rng(0)
    person = drawn_faces.person(drawn)
    seen = face and drawn_faces.draw(drawn_faces.expression(face, face_strength), person)
    hum = voice and tones.sound(tones.tone(voice, voice_strength), tones.voice(drawn), drawn)
    impression = reader.feel(seen, hum, text)
    return seen, {"late sum": impression.chances}, hum, tones.RATE, str(impression)


from mmcourse.data import faces as drawn_faces

show.mood_box(mood, emotions.EMOTIONS, {e: s[0] for e, s in emotions.SENTENCES.items()})

# %% [markdown]
# ### What such a system must not be used for
#
# The number above is high. It says that a network can learn the table that we wrote: *this* face with *that* voice
# means *this*. It says nothing about people, and not because the test is too easy:
#
# - **There is no such table.** Reviewing the evidence, Barrett et al. (2019) found that people do not scowl reliably
#   when angry, nor are only the angry scowling; how a feeling is shown differs with culture, situation and person.
#   What a classifier of faces learns is how *actors*, or annotators, think that feelings look.
# - **The label is not the feeling.** In our world the generator says what is felt. With people it is what somebody
#   else believed to see. A model trained on that inherits the belief.
# - **Mistakes are not spread evenly.** Our faces have no skin, age or illness, our voices no accent. With people,
#   errors gather where the training data were thin.
# - **Some uses are forbidden.** In the European Union, inferring emotions of people at work or in education is
#   prohibited, except for medical or safety reasons (Regulation (EU) 2024/1689, Article 5(1)(f)). Elsewhere it may be
#   legal, and no better.
# - **An assistant is a microphone.** Whoever records must say so, keep no more than is needed, and be able to delete
#   it.
#
# What is such a system good for, then? To study fusion where modalities disagree, which is what this chapter does with
# it; and, with people, for what they *themselves* ask it to do.

# %% [markdown]
# ## Talk to it
#
# Type a request, or choose one of the recordings. The picture is the one being talked about, until another is found.

# %%
helper = helpers["en"]
helper.forget()
helper.answer("describe the picture", gallery.images[spoken.scene(some("en", "count"))])
few = [some("en", intent, n) for intent in ("find", "count", "where") for n in (0, 1)]
show.assistant_box(
    helper.answer,
    "how many are there",
    {spoken.text(i): (spoken.sound(i), 8000) for i in few},
)


# %% [markdown]
# ## Pitfalls
#
# - **Stages measured apart.** Four good stages do not make a good system; measure the whole, and replace one stage at
#   a time by the truth.
# - **Training the second stage on perfect input.** It will not get any. Train it on what the first stage really gives.
# - **Confidence as probability.** Look at a reliability diagram before you compare it with a cost.
# - **A temperature fitted on the test set,** or on data unlike those to come.
# - **Accuracy on questions that nobody can answer.** Count them apart.
# - **A system that must always answer.** Give it a way to refuse, and train and test that way too.
# - **A late average where the label is an XOR of the modalities.**
# - **Judging fusion by the total only.** Look at the moments where modalities disagree: they are why you fuse.
# - **"Emotion" without saying whose judgement the label is.**
#
# ## Quiz

# %%
show.quiz("10_human_computer_interaction", 1)

# %%
show.quiz("10_human_computer_interaction", 2)

# %%
show.quiz("10_human_computer_interaction", 3)

# %%
show.quiz("10_human_computer_interaction", 4)

# %%
show.quiz("10_human_computer_interaction", 5)

# %% [markdown]
# ## Exercise
#
# Open **`exercises/10_human_computer_interaction/10_human_computer_interaction.ipynb`**: 100 points, each question a
# variation of this chapter.
#
# ## References
#
# - Lafferty, McCallum & Pereira 2001, *Conditional random fields*, ICML.
# - Rabiner 1989, *A tutorial on hidden Markov models*, Proceedings of the IEEE 77. Forward, backward, Viterbi.
# - Huang, Xu & Yu 2015, *Bidirectional LSTM-CRF models for sequence tagging*, arXiv:1508.01991.
# - Chow 1970, *On optimum recognition error and reject tradeoff*, IEEE Transactions on Information Theory 16.
# - Guo, Pleiss, Sun & Weinberger 2017, *On calibration of modern neural networks*, arXiv:1706.04599. Section 4.2.
# - Niculescu-Mizil & Caruana 2005, *Predicting good probabilities with supervised learning*, ICML. Reliability
#   diagrams.
# - El-Yaniv & Wiener 2010, *On the foundations of noise-free selective classification*, JMLR 11. Risk and coverage.
# - de Cheveigné & Kawahara 2002, *YIN, a fundamental frequency estimator for speech and music*, JASA 111.
# - Banse & Scherer 1996, *Acoustic profiles in vocal emotion expression*, JPSP 70.
# - Ekman & Friesen 1978, *Facial action coding system*, Consulting Psychologists Press.
# - Barrett et al. 2019, *Emotional expressions reconsidered*, Psychological Science in the Public Interest 20.
# - Regulation (EU) 2024/1689 (the AI Act), Article 5(1)(f).
