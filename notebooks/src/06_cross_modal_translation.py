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
# # 06 · Cross-modal translation
#
# A picture becomes a sentence, the sentence becomes a voice, the voice becomes a sentence again, and the sentence a
# picture. Each arrow is a *translation*: what stands in one modality is said again in another. Chapters 04 and 05
# built two of the arrows. This chapter builds the other two, **speech to text** and **text to speech**, from the
# ground up, puts all four behind one interface, and then sends a picture all the way round and measures what gets lost
# where.
#
# **After this chapter you can**
#
# - describe any translation between modalities as four stages, and exchange one of them;
# - train a recogniser although nobody tells it *when* a letter is said: CTC, its recursion in log space, its gradient;
# - read a sentence from a table of probabilities, greedily and with a prefix beam and a language model;
# - turn a spectrogram back into sound although its phases are lost: Griffin–Lim;
# - make a network speak with attention, and see from the attention whether it will;
# - judge a voice with numbers: error rates of a listener, mel-cepstral distortion;
# - say which step of a round trip loses what, and why a good score on synthetic voices says little about people.
#
# **Time**: four hours of reading and running. The notebook runs in about four minutes.
# **You need** [chapter 01](01_heterogeneous_data.ipynb) for spectrograms, [chapter 03](03_attention.ipynb) for
# attention, and [chapter 05](05_image_captioning.ipynb) for decoders and beam search. Headphones help.

# %%
from mmcourse import show  # first: it asks NumPy and torch for one thread each

from itertools import product

import numpy as np
import torch
from matplotlib import pyplot as plt

show.setup()
rng = np.random.default_rng(0)

# %% [markdown]
# ## The picture first
#
# Somebody's picture, described; the description, spoken; the speech, written down; what was written, painted. Four
# networks, none of which has seen this picture, and each knows only what the one before it handed on.

# %%
import textwrap

from mmcourse.data import scenes
from mmcourse.translation import directions

see, speak = directions.image_to_text(), directions.text_to_speech("en")
hear, paint = directions.speech_to_text("en"), directions.text_to_scene()
image, record = scenes.load("test")[5]
written = see(image)
spoken, rate = speak(written)
heard = hear((spoken, rate))
painted = paint(heard)

# %%
fig, axes = plt.subplots(1, 4, figsize=(11, 2.8), width_ratios=(1, 1, 1.6, 1))
for ax, shown, title in ((axes[0], image, "a picture"), (axes[3], painted, "painted again")):
    ax.imshow(shown)
    ax.set_title(title)
    ax.set_axis_off()
axes[1].text(0.5, 0.6, textwrap.fill(f"written: {written}", 22), ha="center", va="center")
axes[1].text(0.5, 0.2, textwrap.fill(f"heard: {heard}", 22), ha="center", va="center")
axes[1].set_axis_off()
axes[2].plot(np.arange(len(spoken)) / rate, spoken, linewidth=0.4)
axes[2].set(title="spoken", xlabel="time (s)", yticks=[])
show.figure(
    fig,
    "A scene, the sentence that was written about it, its sound wave, and the scene painted from it.",
)

# %%
show.sound(spoken, rate, f"The voice of this chapter says: {written}.")

# %% [markdown]
# ## Speech to text: the problem
#
# Here is the sentence from above as a log-mel spectrogram (chapter 01): forty bands, a frame every 10 ms.

# %%
from mmcourse.speech import front_end

heights = front_end.log_mel(spoken)
fig, ax = plt.subplots(figsize=(9, 2.2))
size = (0, len(spoken) / front_end.RATE, 0, heights.shape[1])
ax.imshow(heights.T, origin="lower", aspect="auto", extent=size)
ax.set(xlabel="time (s)", ylabel="mel band")
show.figure(
    fig,
    "The log-mel spectrogram of the spoken sentence: bands of energy, and no mark where a word ends.",
)
print(f"{len(written.split())} words, {len(written)} characters, {len(heights)} frames")

# %% [markdown]
# Which frames belong to which word? **Nobody wrote that down.** A transcript says *what* was said, never *when*, and
# to mark the moments by hand costs an expert many times the length of the recording.
#
# A captioner (chapter 05) would solve it with attention: write a word, look where it wants. We do that below in the
# other direction. But speech has a property that a picture does not have: **the order of what is heard is the order of
# what is written.** The alignment may be unknown, but it can only go forward. *Connectionist temporal classification*
# (CTC; Graves et al. 2006) makes an exact algorithm of this.
#
# ## The idea of CTC: let every frame speak, then collapse
#
# The network answers in **every frame** with a probability for each character, and for one entry more: the **blank**,
# "nothing new here". A **path** $\pi$ is one choice a frame. To read a path,
#
# 1. merge neighbours that are equal,
# 2. then remove the blanks.
#
# The order matters: the other way round, *too* could never be read. Look at the last two lines:


# %%
def collapse(path, blank="-"):
    """What a path says: equal neighbours merged, then blanks removed."""
    merged = [c for i, c in enumerate(path) if i == 0 or c != path[i - 1]]
    return "".join(c for c in merged if c != blank)


for path in ("ttoooo", "--t-oo", "t-o---", "t-oo-o", "t-oooo"):
    print(f"{path}   reads   {collapse(path)}")

# %% [markdown]
# Without the blank, "to" and "too" could not be told apart: a doubled letter needs a blank *between* its two halves.
#
# Many paths say the same. Take four frames and an alphabet of three, so $3^4 = 81$ paths, and count what they say:

# %%
from collections import Counter

said = Counter(collapse(path) for path in product("-to", repeat=4))
print(sum(said.values()), "paths say", len(said), "different things")
print({word: said[word] for word in ("", "t", "to", "too", "tot", "toto")})
print("for 'too':", ["".join(p) for p in product("-to", repeat=4) if collapse(p) == "too"])

# %% [markdown]
# The network believes the frames to be independent given the sound, so a path's probability is a product, and the
# probability of a *text* $y$ is the sum over all paths that read $y$:
#
# $$p(y \mid x) \;=\; \sum_{\pi:\ \mathrm{collapse}(\pi) = y}\ \prod_{t=1}^{T} p_t(\pi_t)$$
#
# Training minimises $-\log p(y \mid x)$. No alignment is given; **all** of them are summed over. For our toy we can
# simply do it:

# %%
alphabet = "-to"
p = rng.dirichlet(np.ones(3), size=4)  # four frames, a probability for each of the three entries
by_enumeration = sum(
    np.prod([p[t, alphabet.index(c)] for t, c in enumerate(path)])
    for path in product(alphabet, repeat=4)
    if collapse(path) == "to"
)
print(f"p('to') = {by_enumeration:.6f}")

# %% [markdown]
# For a phrase of 150 frames and an alphabet of 30 characters and the blank there are $31^{150}$ paths. We need
# something better than a list.
#
# ## The recursion
#
# Write the text with a blank before, between and after its characters: `to` becomes `-t-o-`, in general $2S + 1$
# **states** for $S$ characters. A path that reads `to` walks through these states from left to right. From one frame
# to the next it may
#
# - **stay** in its state (say the same again),
# - **advance** by one,
# - **skip** a blank and advance by two, but only from a character to a *different* character. Between equal characters
#   the blank must be said, or they would merge.
#
# It starts in one of the first two states and ends in one of the last two.

# %%
TEXT, T = "too", 7
states = "-" + "".join(c + "-" for c in TEXT)
fig, ax = plt.subplots(figsize=(6.5, 3.2))
for s, t in product(range(len(states)), range(T)):
    skip = s >= 2 and states[s] != "-" and states[s] != states[s - 2]
    for step in (0, 1, 2) if skip else (0, 1):
        if t and s - step >= 0:
            style = {"color": "#D55E00" if step == 2 else "#999999", "linewidth": 1, "zorder": 0}
            ax.plot([t - 1, t], [s - step, s], **style)
    ax.text(t, s, states[s], ha="center", va="center", bbox={"boxstyle": "circle", "fc": "white"})
ax.set_yticks(range(len(states)), list(states))
ax.invert_yaxis()
ax.set(xlabel="frame", ylabel="state")
alt = "A trellis of seven states over seven frames: stay, advance by one, and one skip from t to o, none from o to o."
show.figure(fig, alt)

# %% [markdown]
# Orange lines skip a blank: there is one into the first `o`, and none into the second. Every path from one of the
# first two states to one of the last two reads *too*, and every path that reads *too* is in there exactly once.
#
# So let $\alpha_t(s)$ be the probability of all ways to be in state $s$ at frame $t$, having said everything before
# it. It comes from at most three places:
#
# $$\alpha_t(s) = p_t(y'_s)\,\bigl[\alpha_{t-1}(s) + \alpha_{t-1}(s-1) +
#   \underbrace{\alpha_{t-1}(s-2)}_{\text{if } y'_s \ne \text{blank and } y'_s \ne y'_{s-2}}\bigr],
#   \qquad p(y \mid x) = \alpha_T(2S{+}1) + \alpha_T(2S)$$
#
# That is $T \times (2S+1)$ sums instead of $C^T$ paths. In NumPy all states of a frame are one line:


# %%
def forward(log_p, text, blank=0):
    """log alpha (T, 2S + 1) of a text (S,) under log-probabilities (T, C). The text must not be empty."""
    states = np.full(2 * len(text) + 1, blank)
    states[1::2] = text
    skip = np.r_[False, False, (states[2:] != blank) & (states[2:] != states[:-2])]
    alpha = np.full((len(log_p), len(states)), -np.inf)
    alpha[0, :2] = log_p[0, states[:2]]
    for t in range(1, len(log_p)):
        before = np.r_[-np.inf, -np.inf, alpha[t - 1]]
        stay, advance, jump = before[2:], before[1:-1], np.where(skip, before[:-2], -np.inf)
        alpha[t] = log_p[t, states] + np.logaddexp(np.logaddexp(stay, advance), jump)
    return alpha


# %%
log_alpha = forward(np.log(p), [1, 2])
print(f"by the recursion: {np.exp(np.logaddexp(*log_alpha[-1, -2:])):.6f}")
print(f"by enumeration:   {by_enumeration:.6f}")

# %% [markdown]
# **Why logarithms?** A phrase has hundreds of frames, and a product of so many probabilities is soon smaller than any
# float32 (and not much later than any float64). Two hundred frames of a network that knows nothing, 30 entries each:

# %%
flat = np.full((200, 30), 1 / 30)
print("product of probabilities, float32:", np.prod(np.float32(flat[:, 0])))
print("sum of logarithms:                ", round(np.log(flat[:, 0]).sum(), 1))
text = rng.integers(1, 30, 25)
print(
    "log p(text):                      ",
    round(np.logaddexp(*forward(np.log(flat), text)[-1, -2:]), 1),
)

# %% [markdown]
# ## The gradient by hand
#
# Run the same recursion from the end and you get $\beta_t(s)$, the probability of all ways to *finish* from state $s$
# after frame $t$. Then $\alpha_t(s)\,\beta_t(s)$ sums over every path that passes through state $s$ at frame $t$, and
# divided by $p(y \mid x)$ it is the **posterior** that the frame belongs to that state, given that the text was said:
#
# $$\gamma_t(s) = \frac{\alpha_t(s)\,\beta_t(s)}{p(y \mid x)}, \qquad \sum_s \gamma_t(s) = 1$$
#
# Every path has exactly one factor $p_t(\cdot)$ for each frame. So the derivative of $\log p(y \mid x)$ with respect
# to $\log p_t(k)$ is the share of the probability that goes through $k$ at frame $t$: the sum of $\gamma_t(s)$ over
# the states with that character. Through the softmax, with logits $z$, it becomes the form that you know from every
# classifier:
#
# $$\frac{\partial\,(-\log p(y \mid x))}{\partial z_t(k)} \;=\; p_t(k) \;-\; \sum_{s:\ y'_s = k} \gamma_t(s)$$
#
# *What the network says, minus what it should say.* Only that the target is no longer one-hot: the algorithm makes its
# own soft labels, from the text and from what the network believes so far. For our four frames and "to", the way back
# is the way there, read backwards; and a small nudge of one logit tells whether the slope is right:

# %%
log_p, states = np.log(p), np.array([0, 1, 0, 2, 0])  # - t - o -
there, back = forward(log_p, [1, 2]), forward(log_p[::-1], [2, 1])[::-1, ::-1]
total = np.logaddexp(*there[-1, -2:])
gamma = np.exp(there + back - log_p[:, states] - total)  # both ways count frame t: once too often
slope = p - gamma @ np.eye(3)[states]
nudged = log_p.copy()
nudged[2, 1] += 1e-6  # a logit of "t" in the third frame
nudged -= np.log(np.exp(nudged).sum(1, keepdims=True))
less = np.logaddexp(*forward(nudged, [1, 2])[-1, -2:])
print("each frame belongs to some state:", np.allclose(gamma.sum(1), 1))
print(f"by hand {slope[2, 1]:.5f}, by a nudge {(total - less) / 1e-6:.5f}")

# %% [markdown]
# The package does it for a batch of sentences of any lengths:

# %%
from mmcourse.speech import scratch

T, B, C = 40, 3, 11
logits = torch.randn(T, B, C, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
logits.requires_grad_()
log_probs = logits.log_softmax(-1)
targets, lengths = rng.integers(1, C, (B, 7)), np.array([7, 5, 2])
frames = np.array([40, 31, 17])
loss, cache = scratch.ctc_loss(log_probs.detach().numpy(), targets, frames, lengths)
slopes = np.array([0.7, -0.4, 1.3])  # of some function of the three losses
slope = scratch.ctc_loss_backward(slopes, cache)

# %%
others = map(torch.from_numpy, (targets, frames, lengths))
theirs = torch.nn.functional.ctc_loss(log_probs, *others, reduction="none")
theirs.backward(torch.from_numpy(slopes))
print("losses equal:   ", np.allclose(loss, theirs.detach().numpy(), rtol=0, atol=1e-9))
print("gradients equal:", np.allclose(slope, logits.grad.numpy(), rtol=0, atol=1e-9))

# %% [markdown]
# (`ctc_loss_backward` gives $p - \gamma$ already at $\log p$, as PyTorch does. Log-softmax passes exactly this slope
# on unchanged, so we may compare it with the gradient at the logits.) The recursion and the posterior as they stand in
# the package: all sentences of a batch and all states at once; only time is a loop.

# %%
from mmcourse.speech import ctc

show.twins(
    [ctc._arrivals], [ctc._occupancy, ctc.ctc_loss_backward], ("the recursion", "the way back")
)

# %% [markdown]
# ## Reading a sentence out
#
# After training, which text is the most probable? **Greedy** decoding takes the likeliest entry of each frame and
# collapses. That is the most probable *path*, and the most probable path need not read the most probable *text*,
# because a text collects many paths. Two frames are enough to see it:

# %%
from mmcourse.speech import decoding

two = np.array([[0.6, 0.4], [0.6, 0.4]])  # blank, and one character "a"
texts = Counter()
for path in product((0, 1), repeat=2):
    texts[collapse("".join("-a"[k] for k in path))] += two[0, path[0]] * two[1, path[1]]
print("greedy path: '--', which reads ''")
print({text: round(float(p), 2) for text, p in texts.items()})

# %% [markdown]
# Greedy says nothing, with 36 %; the text "a" has 64 %. A **prefix beam search** keeps texts instead of paths. A
# *prefix* is what a path has written so far. For each one it holds two numbers, the probability of all paths that read
# it and *end in a blank*, and of those that *end in its last character*. The two must be kept apart: say `o` after a
# path that ends in `o` and the text stays as it is; after one that ends in a blank it grows. This is a frame of it:

# %%
show.twins([decoding._one_frame_on], [decoding.collapse], ("one frame on", "and what a path reads"))

# %% [markdown]
# After each frame only the best few prefixes, the **width** of the beam, stay. One that falls out takes its paths
# along, so the result is exact only if the beam holds every prefix. Two frames and a width of four are exact:

# %%
for found in decoding.prefix_beam_search(np.log(two), width=4):
    print(repr("".join("-a"[label] for label in found.labels)), f"{np.exp(found.log_prob):.2f}")

# %% [markdown]
# Because it keeps texts, it can ask a **language model** about them: at each new character, how likely is that in such
# texts? We use it below.
#
# ## A recogniser that learns while you wait
#
# The network is small and of parts that you know: two convolutions over the spectrogram, of which one or both take
# every second frame, a bidirectional LSTM, and a linear layer to the characters and the blank. The texts: digits,
# "4071", spoken one after another by synthetic voices with pauses between. The clips ship with the course; the test
# speakers' timbres are in no training string.

# %%
from mmcourse.data import digit_strings
from mmcourse.recognition import Alphabet, Recogniser, fitting

digits = Alphabet("0123456789")
train, test = (
    digit_strings.draw("en", split, count, np.random.default_rng(seed))
    for split, count, seed in (("train", 1000, 0), ("test", 200, 1))
)
network = fitting.untrained(digits.classes, strides=(2, 2))
print(network)
print("a string:", train[1][0], f"in {len(train[0][0]) / 8000:.1f} s")

# %% tags=["nbval-ignore-output"] ignore_reason="a bar with the time it took"
early = fitting.untrained(digits.classes, strides=(2, 2))
fitting.fit(early, digits, *train, 60)
history = fitting.fit(network, digits, *train, 600)

# %% tags=["trained"]
fig, ax = plt.subplots(figsize=(5.5, 2.4))
ax.plot(history.losses, linewidth=0.8)
ax.set(xlabel="step", ylabel="CTC loss of a digit (nats)", ylim=(0, 6))
alt = "The loss falls fast, stays on a plateau for a while, then falls again to near nothing."
show.figure(fig, alt)

# %% [markdown]
# The plateau is worth a look. Here is one test string, and the network's probabilities frame by frame, after 60 steps
# and at the end:

# %% tags=["trained"]
example = next(i for i, text in enumerate(test[1]) if len(text) == 4 and len(set(text)) < 4)
sound, said = test[0][example], test[1][example]
show.sound(sound, front_end.RATE, f"A synthetic voice says {' '.join(said)}.")
for name, net in (("60 steps", early), ("600 steps", network)):
    log_probs = Recogniser(net, digits).log_probs(sound)
    entries, seconds = ["blank", *"0123456789"], len(sound) / front_end.RATE
    fig = show.listening(front_end.log_mel(sound), np.exp(log_probs), entries, seconds, name)
    alt = f"{name}: how probable each digit and the blank are in each frame, under the spectrogram."
    show.figure(fig, alt)

# %% [markdown]
# First the network learns to say **blank, always**. Before anything else is known, the blank's share of a frame is
# about one half, in every text and at every moment, while a digit's share differs from text to text. So the blank is
# by far the best single guess, and that is learned first. Then digits appear, and each as a **spike** of one or two
# frames, not for as long as the word lasts. CTC never asked *how long*; it is content once a digit is said somewhere
# in the right order. So do not take its spikes for the beginnings and ends of words.
#
# How many errors? The **edit distance** counts the substitutions, deletions and insertions that turn what was written
# into what was said; divided by the length of what was said it is the *error rate*. (Over words: WER. Over characters:
# CER. Here over digits.) It is a rate over the whole test set, and it can exceed 100 %.

# %%
from mmcourse import metrics


def rate_with_interval(said, heard, unit):
    """An error rate, and its 95 % interval over utterances."""
    counts = metrics.error_counts(said, heard, unit)
    rate, chance = metrics.rate_of_counts, np.random.default_rng(0)
    low, high = metrics.bootstrap_interval(counts, rate, rng=chance)
    return f"{rate(counts):.1%} ({low:.1%} to {high:.1%})"


# %% tags=["trained"]
heard = Recogniser(network, digits).transcribe_all(test[0])
right = sum(h == s for h, s in zip(heard, test[1], strict=True))
print("digits wrong, voices never heard:", rate_with_interval(test[1], heard, "characters"))
print(f"strings without a fault: {right} of {len(heard)}")

# %% [markdown]
# ### The alignment, once the text is known
#
# Tell the network the text, and the posteriors $\gamma$ of our forward–backward say in which frames it writes each
# character. (A frame of this network lasts 40 ms: both convolutions take every second one.) They are hardly in doubt,
# and spikes again: the order and the rough place are good, beginnings and ends are not. Subtitles start from such an
# alignment, mostly from the single best path, `ctc.forced_alignment`.

# %%
log_probs = Recogniser(network, digits).log_probs(sound)
gamma = ctc.posteriors(log_probs.astype(float), digits.encode(said))
states = ["-", *(c for digit in said for c in (digit, "-"))]
fig = show.listening(front_end.log_mel(sound), gamma, states, len(sound) / 8000)
show.figure(
    fig,
    "Each state of the text, blanks between the digits, gets its share of the frames, from left to right.",
)

# %% [markdown]
# ## Phrases of our world
#
# Digits are eleven classes with the blank. Now the captions of chapter 05, spoken: "two small cats on the grass". The
# network is the same (for English with twice as many frames, since letters come fast), and its classes are
# **letters**; in Chinese, characters. All synthetic voices of this chapter come from the engine eSpeak NG, which turns
# rules into sound and can change its *timbre*, the colour of a voice. The recogniser was trained on 3,000 phrases of
# many timbres, with echo, hiss and other vocal tracts added on the way, and ships as a checkpoint with its card. The
# test phrases are compositions that no training phrase has, and the **timbres are new as well**. WER is the error rate
# over words, for English; CER that over characters, for Chinese.

# %%
from mmcourse.checkpoints import recogniser as recognisers
from mmcourse.data import phrases

clips = phrases.load()
listeners = {language: recognisers.load(language) for language in ("en", "zh")}
recordings = {language: clips.recordings(language, "test") for language in listeners}


def listen(language, decode=None, split="test"):
    """What a listener writes down, and how much of it is wrong (words in English, characters in Chinese)."""
    sounds, said = clips.recordings(language, split)
    heard = listeners[language].transcribe_all(sounds, decode=decode)
    return heard, rate_with_interval(said, heard, recognisers.UNIT[language])


# %%
greedily = {language: listen(language) for language in listeners}
for language, (written_down, errors) in greedily.items():
    sounds, said = recordings[language]
    print(f"{language}: {len(said)} phrases, {recognisers.UNIT[language]} wrong: {errors}")
    wrong = [i for i, (h, s) in enumerate(zip(written_down, said, strict=True)) if h != s]
    for i in wrong[:3]:
        print(f"   said:  {said[i]}\n   heard: {written_down[i]}")

# %% [markdown]
# Look at the English mistakes: many are words that do not exist. The network spells by ear. It does not know that
# *snal* is no word, and one wrong letter makes a wrong word. In Chinese every character exists, so there it writes a
# wrong one.
#
# ### A language model helps it spell
#
# Let a model of the *text* look on. An $n$-gram model counts, in the training captions, which character follows the
# five before it. The beam search then ranks each text $y$ by
#
# $$\log p(y \mid x) \;+\; \lambda \log p_{\mathrm{LM}}(y) \;+\; \mu\, |y|$$
#
# where $\mu$, a bonus a character, makes up for the fact that every further character costs probability. ($\lambda =
# 0.6$, $\mu = 1$ and a width of 8 were chosen on other recordings.) An $n$-gram that was never seen gets some
# probability from shorter ones: the counts are interpolated down to single characters (Witten & Bell 1991).

# %%
searched = {language: listen(language, recognisers.search(language)) for language in listeners}
for language in listeners:
    said = recordings[language][1]
    exact = [
        sum(h == s for h, s in zip(x[language][0], said, strict=True)) for x in (greedily, searched)
    ]
    print(f"{language}: greedily {greedily[language][1]}, {exact[0]} of {len(said)} phrases right")
    print(f"    searched {searched[language][1]}, {exact[1]} of {len(said)} phrases right")

# %% [markdown]
# In English the model mends nearly all of it: what the ear gets half right, spelling makes whole. In Chinese it does
# not help; it makes things a little worse. Its two knobs were chosen on English recordings, where a step is a letter.
# A Chinese character carries as much as a word, and the recogniser is already sure of most of them; probably a bonus
# for each is too much. A language model is not good by itself: it is weighed against an ear, and the weights have to
# be found for *this* ear. (We leave them as they are; to choose them now, on the test phrases, would be to read the
# answers.)
#
# ### What it hears, when

# %%
language, index = "en", 0
sound, said = recordings[language][0][index], recordings[language][1][index]
listener = listeners[language]
gamma = ctc.posteriors(listener.log_probs(sound).astype(float), listener.alphabet.encode(said))
letters = gamma[:, 1::2]
fig = show.listening(front_end.log_mel(sound), letters, list(said), len(sound) / 8000, said, (9, 6))
show.sound(sound, front_end.RATE, f"A synthetic voice says: {said}.")
show.figure(
    fig, "The letters of the phrase, each at its moments, from the top left to the bottom right."
)

# %% [markdown]
# ### Getting used to a voice
#
# One voice was kept aside for this, and it is a hard one: eSpeak's **whisper**, which has no pitch at all. It is in no
# training and no test set. How well is it understood? And how well after the network has heard twenty-four of its
# sentences, with their texts, for a hundred steps more?

# %% tags=["nbval-ignore-output"] ignore_reason="a bar with the time it took"
used_to_it = fitting.tuned(listeners["en"], *clips.recordings("en", "fine_tune"))

# %%
strange, said = clips.recordings("en", "fine_tune_test")
search = recognisers.search("en")
for name, listener in (("before", listeners["en"]), ("after", used_to_it)):
    for how, decode in (("greedy", None), ("searched", search)):
        heard = listener.transcribe_all(strange, decode=decode)
        print(f"{name:7s} {how:9s} words wrong: {rate_with_interval(said, heard, 'words')}")

# %%
sounds, said = recordings["en"]
for name, listener in (("before", listeners["en"]), ("after", used_to_it)):
    errors = rate_with_interval(said, listener.transcribe_all(sounds), "words")
    print(f"the other voices, {name:7s} words wrong: {errors}")

# %% [markdown]
# Two dozen sentences of one speaker, and most of the errors are gone. That is how dictation programs began their first
# day with you. But look at the last two lines: it understands the *other* voices less well than before. What is tuned
# on one voice alone **forgets**; whoever wants both must mix in some of the old.
#
# %% [markdown]
# ## And people?
#
# Everything so far was said by **synthetic** voices: the training, the test, the voices that were new. It would be
# easy to stop here and believe in one or two per cent. So take real people: six of them saying digits, 3,000
# recordings, the Free Spoken Digit Dataset. It is a download and not in the course, so the numbers come from a study;
# every row is the mean of three seeds.

# %%
from mmcourse.studies import real_digits

people = real_digits.table()
fig, ax = plt.subplots(figsize=(7, 2.8))
for y, row in enumerate(people.values()):
    each = row.exact.mean(0)  # of six people
    ax.plot(each, [y] * len(each), "o", color="#0072B2", alpha=0.5, markersize=5)
    ax.plot(row.exact.mean(), y, "|", color="black", markersize=22, markeredgewidth=2)
ax.set_yticks(range(len(people)), [row.title for row in people.values()])
ax.invert_yaxis()
ax.set(xlabel="digits of real people understood exactly", xlim=(0, 1))
alt = "For each way of training, the share understood of each of six people, and the mean."
show.figure(fig, alt)

# %%
for row in people.values():
    low, high = row.interval
    print(
        f"{row.title:30s} {row.exact.mean():.3f}   other people like these: {low:.2f} to {high:.2f}"
    )

# %% [markdown]
# (A dot is a person, a bar the mean, of the official test takes, fifty a person; "other people like these" is where
# the mean of further people may lie, as far as six can tell.) Three lessons.
#
# - Trained on synthetic voices alone, and as good as perfect on synthetic voices it never heard, the recogniser
#   understands **far less than half** of what people say. No test on synthetic voices could have told.
# - Augmentation helps; what helps most is a change in what the network *hears*. Subtracting each band's mean over the
#   clip takes away the microphone's colour, but in a single word the vowel's colour as well. Keeping half of it closes
#   much of the gap.
# - Real people close it, if they are **the same people**. Leave each person out in turn, and the last rows show what
#   remains: how different people are. Whoever splits such a set by recording, and not by person, measures the wrong
#   row. Synthetic voices beside the real ones help little, if at all: the intervals overlap. More people would be the
#   remedy.
#
# Settings of the first three rows were chosen on training takes of these people, so even "synthetic alone" has been
# helped by a look at them. The rows with people left out stay below what one would want of a product.

# %% [markdown]
# ## A ready-made listener beside ours
#
# How good is ours, as recognisers go? Two that anyone can install, on the very same recordings: **PocketSphinx**, of
# the generation before neural networks, with its general English or with a *grammar* that allows only captions of this
# world; and **Whisper** (tiny, English), a Transformer trained on hundreds of thousands of hours of people. What they
# wrote is kept by a study, so you need neither.

# %%
from mmcourse.studies import speech_engines

engines = speech_engines.results()
for (source, listener), line in engines.items():
    if source == "recordings":
        errors, (low, high) = speech_engines.error_rate(line)
        print(f"{listener:24s} words wrong {errors:6.1%} ({low:.1%} to {high:.1%})")

# %%
for listener in ("PocketSphinx", "Whisper tiny.en"):
    line = engines["recordings", listener]
    print(listener)
    for said, heard in list(zip(line["said"], line["heard"], strict=True))[:3]:
        print(f"   said:  {said}\n   heard: {heard}")

# %% [markdown]
# Do not read a victory into this. Ours has heard hardly anything but these phrases in this kind of voice, and knows no
# other words; the engines listen for all of English, from people, at twice the sampling rate. A robot's voice over a
# telephone is as foreign to them as people are to ours. The study also turned it round: a neural voice, Piper, said
# twenty-four captions.

# %%
for listener in ("course, searched", "PocketSphinx, grammar", "Whisper tiny.en"):
    errors, (low, high) = speech_engines.error_rate(engines["Piper", listener])
    print(f"Piper speaks, {listener:22s} words wrong {errors:6.1%} ({low:.1%} to {high:.1%})")

# %% [markdown]
# There the order is reversed. A recogniser is good *for* a kind of speech; a number without its kind says nothing.

# %% [markdown]
# ## Text to speech: from a spectrogram back to sound
#
# The other direction ends where this one began: a network writes a log-mel spectrogram, and somebody must turn it into
# pressure over time. Three steps lead to such a spectrogram; the first loses nothing, the other two do.
#
# | step | what is lost | how it comes back |
# |---|---|---|
# | $X = \mathrm{STFT}(x)$ | nothing: frames overlap | overlap-add, exactly |
# | $\lvert X \rvert$ | the phases | Griffin–Lim: search for phases that fit |
# | mel bands, $M \lvert X \rvert^2$ | 48 numbers are kept of 201 | a spectrum without negative numbers that fits |
#
# **The exact step.** Each frame is inverted, windowed once more, laid at its place and added up; where windows
# overlap, the sum is divided by the sum of their squares (Griffin & Lim 1984, equation 6). With the window $w$, the
# hop $H$ and the inverse transform $x_t$ of frame $t$:
#
# $$x(n) = \frac{\sum_t w(n - tH)\, x_t(n - tH)}{\sum_t w^2(n - tH)}$$
#
# (Speaking uses longer frames than listening, 50 ms, and they overlap more, since the next step lives on overlap. At
# the very ends too few windows overlap, so we compare inside.)

# %%
from mmcourse.synthesis import frames

sound, said = (kind[0] for kind in clips.recordings("en", "reference"))
window, hop = scratch.hann_window(frames.WINDOW), frames.HOP
spectrum, _ = scratch.stft(sound.astype(float), window, hop)
back, _ = scratch.istft(np.array(spectrum), window, hop)
inside = slice(frames.WINDOW, len(back) - frames.WINDOW)
print("largest difference:", f"{np.abs(back - sound[: len(back)])[inside].max():.0e}")

# %% [markdown]
# **The phases.** Not every array of complex numbers is the STFT of a sound: neighbouring frames share samples, so they
# constrain each other. Take the magnitudes $A$ that we want with any phases, go to sound, and back to an STFT. What
# comes out is *consistent*, but its magnitudes are off. Put the wanted magnitudes back, keep the new phases, and
# repeat:
#
# $$x \leftarrow \mathrm{STFT}^{-1}\bigl(A\, e^{i\varphi}\bigr), \qquad \varphi \leftarrow \arg \mathrm{STFT}(x)$$
#
# Each of the two steps goes to the nearest point of a set: two *projections* in turn. Griffin and Lim prove that the
# distance between $A$ and the magnitudes of the sound's own STFT, its *inconsistency*, never grows; but it may stop
# far from zero. The fast version (Perraudin et al. 2013) adds momentum, gives up the proof, and mostly gets further:


# %%
def rounds_of_griffin_lim(magnitude, rounds, momentum):
    phase, before = np.random.default_rng(0).uniform(-np.pi, np.pi, magnitude.shape), 0
    for _ in range(rounds):
        real_and_imaginary = magnitude * np.array([np.cos(phase), np.sin(phase)])
        x, _ = scratch.istft(real_and_imaginary, window, hop, least_cover=inversion.LEAST_COVER)
        own = np.array(scratch.stft(x, window, hop)[0])
        ahead = own + momentum * (own - before)
        phase, before = np.arctan2(ahead[1], ahead[0]), own
    return x


# %%
from mmcourse.speech import inversion

magnitude = np.hypot(*spectrum)
fig, ax = plt.subplots(figsize=(5.5, 2.6))
for momentum, name in ((0.0, "Griffin–Lim 1984"), (0.99, "with momentum, 2013")):
    steps = inversion.griffin_lim_steps(
        magnitude, window, hop, 60, momentum, rng=np.random.default_rng(0)
    )
    ax.plot(range(1, 61), [float(gap) for _, gap in steps], label=name)
ax.set(xlabel="iteration", ylabel="inconsistency", ylim=(0, None))
ax.legend()
show.figure(
    fig, "Both curves fall; without momentum the error stays at about twice what momentum reaches."
)

# %%
ours = rounds_of_griffin_lim(magnitude, 60, 0.99)
theirs = inversion.griffin_lim(magnitude, window, hop, 60, 0.99, rng=np.random.default_rng(0))
print("the package does the same:", np.allclose(ours, theirs))
one = rounds_of_griffin_lim(magnitude, 1, 0.0)
for x, name in ((sound, "as recorded"), (one, "random phases"), (ours, "after sixty rounds")):
    show.sound(np.float32(0.7 * x / np.abs(x).max()), front_end.RATE, f"{name}: {said}.")

# %% [markdown]
# With random phases the words can be heard, but from the bottom of a well: within a frame all is there, between frames
# nothing fits.
#
# **The mel bands.** 48 bands are left of 201 frequencies. Which spectra have these bands? Many; we want one without
# negative numbers. Start anywhere positive and *multiply* each frequency by how much the bands that it belongs to are
# too small (Lee & Seung 2001). What is positive stays positive, and the fit never gets worse, in the sense of a
# divergence (their theorem 2). The package puts it all in a row: `frames.to_sound(log_mel, rng)`.

# %%
log_mel = frames.log_mel(sound)
again = frames.to_sound(log_mel, np.random.default_rng(0))
show.sound(again, front_end.RATE, f"from {log_mel.shape[1]} mel bands: {said}.")
distortion = metrics.mel_cepstral_distortion(
    *(metrics.mel_cepstra(front_end.log_mel(x)) for x in (sound, again))
)
print(f"mel-cepstral distortion: {distortion:.1f} dB")

# %% [markdown]
# The last line measures how differently two sounds are *coloured*. Take the cosine transform of half the log-mel of
# each frame, its **cepstrum** $c$; the first coefficients hold its coarse shape, and $c_0$, the loudness, is left out.
# Pair the frames by dynamic time warping, so that tempo does not count, and average over the pairs
#
# $$\frac{10}{\ln 10} \sqrt{2 \textstyle\sum_{m=1}^{12} (c_m - c'_m)^2} \quad \text{decibels.}$$
#
# It knows nothing of words. Keep the number in mind: it is what a network would get that wrote every frame exactly
# right.
#
# ## The network that writes the spectrogram
#
# Letters in, frames out: an **attention sequence-to-sequence** network, like the captioner of chapter 05, with letters
# for regions and frames for words (Tacotron; Wang et al. 2017). What is special about it:
#
# - It writes **five frames at each step**, since neighbouring frames are alike; otherwise a phrase would take
#   hundreds.
# - Its attention knows **where it looked before**. The score of letter $j$ at step $n$ is additive, as in chapter 05,
#   with one more term: features $f$ of the last weights $a_{n-1}$ (Chorowski et al. 2015) and of the sum of all
#   weights so far (Shen et al. 2018). With the decoder's state $s_n$, the encoded letter $h_j$, and $*$ a convolution
#   along the letters:
#
# $$e_{nj} = v^\top \tanh\bigl(W s_n + V h_j + U f_{nj} + b\bigr), \qquad
#   f_n = F * \Bigl[a_{n-1},\ \textstyle\sum_{m<n} a_m\Bigr], \qquad a_n = \mathrm{softmax}(e_n)$$
#
# - It must know when to **stop**: a second output, the probability that this was the last step.
#
# The voice that ships learned from 2,000 recordings of a single synthetic voice.

# %%
from mmcourse.checkpoints import synthesiser as voices
from mmcourse.synthesis import alignment

voice = voices.load("en")
text = "a cat to the left of a bicycle on the snow"
log_mel, attention = voice.mel(text)
voiced = frames.to_sound(log_mel, np.random.default_rng(0))
show.sound(voiced, front_end.RATE, f"The network says: {text}.")
weights = np.repeat(attention, len(log_mel) // len(attention), 0)
fig = show.listening(log_mel, weights, [*text, "end"], len(voiced) / 8000, text, (9, 6))
show.figure(
    fig, "The attention walks down a diagonal: each letter is looked at while it is spoken."
)

# %% [markdown]
# There it is again, the diagonal that we got from CTC's posteriors. But there it was **built in**: a path cannot go
# back. Here nothing forbids the attention to jump, to repeat a word, or to leave one out. That it walks, it has
# *learned* (with help, as we shall see), and when it fails to, you hear it: stuttering, skipped words, babble without
# end. So the attention tells what the loss does not. Call it **monotone** if it begins within two letters of the
# beginning, comes within two of the end, and never goes back by more than one letter nor jumps by more than four (in
# Chinese: one, one, one and two characters).

# %%
print(
    "monotone:", alignment.is_monotone(attention), " faults:", alignment.faults(attention) or "none"
)
shuffled = attention[np.random.default_rng(0).permutation(len(attention))]
print("steps shuffled:", alignment.faults(shuffled))

# %% [markdown]
# ### How does it learn to walk?
#
# At first the attention looks everywhere, the frames come out as an average, and the average is a fair guess, so the
# gradient has little to say. Tachibana et al. (2018) help with one more term in the loss that charges for looking off
# the diagonal: of $J$ letters and $N$ steps, $a_{nj}$ costs $1 - e^{-(j/J - n/N)^2 / 2g^2}$ with $g = 0.2$. A study
# trains the same network with and without it, three seeds each:

# %%
from mmcourse.studies import guided_attention

runs = guided_attention.results()
fig, ax = plt.subplots(figsize=(6, 2.8))
colours = {"guided": "#0072B2", "not guided": "#D55E00"}
for (setting, seed), line in runs.items():
    label = setting if seed == 0 else None
    ax.plot(line["steps"], line["monotone"], color=colours[setting], alpha=0.7, label=label)
ax.set(xlabel="step", ylabel="phrases read monotonically", ylim=(-1, 31))
ax.legend()
alt = "Phrases read monotonically, of thirty, along the training: one line for each seed, with guidance and without."
show.figure(fig, alt)
print(guided_attention.as_text())

# %% [markdown]
# (*Focus* is the mean of each step's largest weight: 1 if every step looks at one letter.) With guidance all three
# seeds find the walk within a hundred steps. Without it none has found it after three hundred, although the frames are
# learned all the same: under teacher forcing the loss hardly needs the text. The term is a prior that says "speech
# reads forward", the same knowledge that CTC has built into its trellis.
#
# ## Judging a voice
#
# "Sounds good" is no measurement. Two numbers, both from phrases whose compositions training never showed: how much
# our **recogniser** gets wrong when it listens, and the **mel-cepstral distortion** against the recording of the same
# phrase. Neither means anything alone, so beside the network stand the recordings themselves, and the recordings sent
# through mel bands and Griffin–Lim: what a network without a fault would get.

# %%
from mmcourse import checkpoints

for language in ("en", "zh"):
    scores = checkpoints.load(f"synthesiser_{language}")[1]["scores on unseen phrases"]
    walk = scores["monotone"]
    low, high = walk["95 % interval"]
    print(
        f"{language}: {walk['share']:.0%} of {scores['phrases']} phrases monotone ({low:.1%} to {high:.1%})"
    )
    for what in scores["error rate"]["greedy"]:
        cells = [scores["error rate"][how][what] for how in ("greedy", "searched")]
        bands = ["{:5.1%} ({:.1%} to {:.1%})".format(c["mean"], *c["95 % interval"]) for c in cells]
        far = f"{scores['distortion'][what]['mean']:.1f} dB" if what in scores["distortion"] else ""
        print(f"   {what:26s} greedy {bands[0]}   searched {bands[1]}   {far}")

# %% [markdown]
# Read the *greedy* column first. The recogniser makes mistakes even on the recordings; the spectrogram and Griffin–Lim
# add a little, and the network a little more. Each difference is what one step loses. The *searched* column looks much
# better and says less: the listener's language model knows what captions are like, and mends what the voice slurs. And
# the judge is partial twice over: it grew up with eSpeak, of which our voice is a copy. What is shown is that *this*
# listener can read the voice back. Whether you can, your ears must say. The Chinese voice walks through all its texts
# as well, and yet one character in five is misheard: what fails there is not the reading but the sounds. It had more
# characters to learn, each from fewer examples.

# %% [markdown]
# ## Four stages
#
# Look back: the four translators that we now have did the same four things each.
#
# | stage | image → text | text → image | speech → text | text → speech |
# |---|---|---|---|---|
# | **preprocess** | is it a picture? | known words? | rate, silence, clipping | known characters? |
# | **extract** | regions of a frozen CNN | a bag of words | log-mel frames | characters as numbers |
# | **convert** | a decoder that has looked | noise becomes a picture | probabilities a frame | mel frames |
# | **generate** | search for a sentence | pixels | collapse, search | Griffin–Lim |
#
# In the package this is one small class, and all four directions are instances of it:

# %%
from mmcourse.translation import Translator

show.twins(
    [Translator.__call__, Translator.steps], [Translator.replace], ("run it", "swap a stage")
)

# %%
from mmcourse.translation.pipeline import describe

inputs = {"image → text": (see, image), "text → speech": (speak, written)}
inputs |= {
    "speech → text": (hear, (spoken, rate)),
    "text → image": (directions.text_to_image(), "a cat at night"),
}
for name, (translate, x) in inputs.items():
    print(f"{name}, given {describe(x)}")
    for stage, result in translate.steps(x)._asdict().items():
        print(f"   {stage:10s} {describe(result)}")

# %% [markdown]
# A stage is a function of one argument, so it is easily exchanged. Give the listener a better last stage, the search
# with the language model:

# %%
sounds, said = recordings["en"]
alphabet, search = listeners["en"].alphabet, recognisers.search("en")
careful = hear.replace(generate=lambda log_probs: alphabet.decode(search(log_probs)))
both = zip(greedily["en"][0], searched["en"][0], said, strict=True)
example = next(i for i, (h, better, true) in enumerate(both) if h != true == better)
sound = sounds[example]
print("true:    ", said[example])
print("greedy:  ", hear((sound, rate)))
print("searched:", careful((sound, rate)))

# %% [markdown]
# Bad input is refused at the border, with the stage that refused it and something to try:

# %%
bad = {
    "silence": (hear, (np.zeros(8000, np.float32), 8000)),
    "another rate": (hear, (spoken, 22050)),
    "a script it cannot read": (speak, "une pâtisserie"),
    "one colour": (see, np.full((64, 64, 3), 200, np.uint8)),
    "an unknown word": (directions.text_to_image(), "a unicorn on the grass"),
}
for name, (translate, x) in bad.items():
    try:
        translate(x)
    except ValueError as problem:
        print(f"{name}:\n   {textwrap.fill(str(problem), 110, subsequent_indent='   ')}")

# %% [markdown]
# ## The round trip, measured
#
# Now send held-out scenes all the way round, with the careful listener. What is lost, and where? Pixels cannot tell: a
# picture of the same sentence differs in every one. So count **facts**: which things, which place, how many, how
# large, in which relation. A scene puts three or four of them in question. First each step *alone*, given what is
# true. How to read the rows:
#
# - *speech to text* hears eSpeak's own recording of the true sentence; *text to speech to text* hears our voice. The
#   *greedy* rows leave the language model out.
# - The **judge** of chapter 04 names thing and place of each painted portrait. Number, size and relation are laid out
#   by rule from the text, so there it has nothing to find: those columns are no finding.
# - *Described by the captioner* asks chapter 05's captioner about the painted scene. It has never seen painted scenes,
#   so this row measures captioner and painter together.

# %%
from mmcourse.studies import round_trip

trips = round_trip.results()


def facts_table(column):
    """The share of facts that each step kept: alone (column 1) or going round (column 0)."""
    print(f"{'':44s}things  place number   size relation  everything (95 %)")
    for name, columns in round_trip.ROWS.items():
        if what := columns[column]:
            by_fact = [round_trip.share(trips, what, f) for f in round_trip.facts.NAMES]
            cells = "".join(f"{hits / n:7.0%}" for hits, n in by_fact)
            hits, n = round_trip.share(trips, what)
            low, high = metrics.wilson_interval(hits, n)
            print(f"{name:43s}{cells}   {hits / n:.0%} ({low:.0%} to {high:.0%})")


# %%
print(len(trips), "scenes")
facts_table(1)

# %% [markdown]
# And going round, each step given what the one before it made. All rows are compared with the *original* sentence, so
# losses add up downwards; below, what each step adds.

# %%
facts_table(0)
print()
names = ("true", *round_trip.ROUND)
for before, (after, (lost, (low, high))) in zip(
    names, round_trip.losses(trips).items(), strict=False
):
    print(
        f"facts lost from what is {before:8s} to what is {after:8s} {lost:5.1%} ({low:.1%} to {high:.1%})"
    )
print(
    sum(t["painted"] is None for t in trips),
    "sentences could not be painted: no thing was left in them",
)

# %% [markdown]
# Nearly everything that is lost is a **thing**: a noun said for another. Places, numbers, sizes and relations come
# through, since they are few and sound or look unlike each other. The describing network takes one thing for another
# that looks alike; voice and listener, for another that sounds alike. The painter loses nothing by itself, as far as
# the judge can tell; but where no thing is left in the sentence, it refuses.
#
# And the errors do **not** heal. A sentence is a narrow bridge: all that the picture held beside these few facts is
# gone after the first step, and each further step can only lose from what the one before it handed on. The careful
# listener helps, for its language model forces what it hears back into the language of captions. That is why its
# sentences read so well, also when they are wrong.

# %%
lost = {t["true"]: t for t in trips if t["heard"] != t["true"]}
for t in list(lost.values())[:6]:
    print(f"true:    {t['true']}\nwritten: {t['written']}\nheard:   {t['heard']}\n")

# %% [markdown]
# ## Let it speak
#
# Type something. Words of our world, in any order; then words that no caption has; then letters. Look at the attention
# when the voice gets lost.


# %%
def look(text):
    """Speak a text: how it was read, the sound, and what a listener writes down."""
    said = speak.steps(text)
    sound, rate = said.generate
    log_mel, attention, _ = said.convert
    weights = np.repeat(attention, len(log_mel) // len(attention), 0)
    letters = [*said.preprocess, "end"]
    fig = show.listening(log_mel, weights, letters, len(sound) / rate, size=(8, 5))
    description = f"How the voice reads {text!r}, letter by letter."
    return fig, description, sound, rate, careful((sound, rate))


# %%
show.voice_box(look, "two big dogs above a tree")

# %% [markdown]
# ## Pitfalls
#
# - **The blank is not silence.** It says *nothing new*; a blank may be loud, and silence may be a letter's tail.
# - **CTC's spikes are not boundaries**, and neither are its posteriors. If you need boundaries, train for them.
# - **Too few frames.** Pooling in time makes training quick, until a phrase has more letters (and doubled letters)
#   than frames. Then its loss is infinite. Mask it or pool less, but *count* such phrases.
# - **Lengths.** Padding that reaches the network's normalisation or its backward LSTM changes what it hears. Test that
#   a clip alone and the same clip in a batch give the same numbers.
# - **A language model that knows the test.** If its texts contain the test sentences, it will write them whatever is
#   said.
# - **Error rates averaged over sentences.** Sum the errors, sum the words, then divide.
# - **Log-mel of another front end.** Natural or decimal logarithm, power or magnitude, another floor: the network
#   hears a foreign language. Here each has one module, `speech.front_end` for listening and `synthesis.frames` for
#   speaking; do not mix them.
# - **Griffin–Lim on a logarithm.** Undo the standardisation and the logarithm first.
# - **Teacher forcing hides everything** in a speaking network. Look at what it says on its own, and at its attention.
# - **Judge and defendant from one school.** A recogniser that grew up with the same synthetic voice is a lenient
#   judge.
#
# ## Quiz
#
# Choose, and read why. The wrong choices have something to say as well.

# %%
show.quiz("06_cross_modal_translation", 1)

# %%
show.quiz("06_cross_modal_translation", 2)

# %%
show.quiz("06_cross_modal_translation", 3)

# %%
show.quiz("06_cross_modal_translation", 4)

# %%
show.quiz("06_cross_modal_translation", 5)

# %% [markdown]
# ## Exercise
#
# Open **`exercises/06_cross_modal_translation/06_cross_modal_translation.ipynb`**: 100 points, each question a
# variation of this chapter.
#
# ## References
#
# - Graves, Fernández, Gomez & Schmidhuber 2006, *Connectionist temporal classification*, ICML. Section 3.1: paths;
#   section 4.1: forward–backward; section 4.2: the gradient.
# - Hannun et al. 2014, *First-pass large vocabulary continuous speech recognition using bi-directional recurrent
#   DNNs*, arXiv:1408.2873. Algorithm 1: prefix beam search with a language model.
# - Griffin & Lim 1984, *Signal estimation from modified short-time Fourier transform*, IEEE Trans. ASSP 32. Equation
#   6: overlap-add; section III: the iteration.
# - Perraudin, Balazs & Søndergaard 2013, *A fast Griffin–Lim algorithm*, WASPAA.
# - Lee & Seung 2001, *Algorithms for non-negative matrix factorization*, NIPS 13. Theorem 2.
# - Chorowski et al. 2015, *Attention-based models for speech recognition*, arXiv:1506.07503. Equations 8 and 9.
# - Wang et al. 2017, *Tacotron*, arXiv:1703.10135. · Shen et al. 2018, *Natural TTS synthesis by conditioning WaveNet
#   on mel spectrogram predictions*, arXiv:1712.05884.
# - Tachibana, Uenoyama & Aihara 2018, *Efficiently trainable text-to-speech system … with guided attention*,
#   arXiv:1710.08969. Section 4.1.
# - Radford et al. 2022, *Robust speech recognition via large-scale weak supervision* (Whisper), arXiv:2212.04356.
# - Witten & Bell 1991, *The zero-frequency problem*, IEEE Trans. Information Theory 37.
# - Kubichek 1993, *Mel-cepstral distance measure for objective speech quality assessment*, PACRIM.
# - Baltrušaitis, Ahuja & Morency 2019, *Multimodal machine learning: a survey and taxonomy*, arXiv:1705.09406. Section
#   4: translation.
