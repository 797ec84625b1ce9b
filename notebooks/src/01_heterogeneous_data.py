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
# # 01 · Heterogeneous data
#
# A picture, a sentence, a sound, a film and a wristwatch have nothing in common, until they are arrays. This chapter
# turns each of them into one that a model can read, and looks closely at what is lost on the way: most of what goes
# wrong in multimodal systems goes wrong before the first layer.
#
# **After this chapter you can**
#
# - say of any recording what its axes are, in which units, and how many numbers a second it has;
# - resize, crop and normalise a picture by hand, and explain each grey level by which a library differs;
# - see and hear aliasing, predict where a tone will land, and prevent it;
# - build a log-mel spectrogram from a sum of cosines up;
# - cut English and Chinese into tokens, learn byte-pair encoding, and give words vectors by counting and by learning.
#
# **Time**: two and a half hours of reading and running. The whole notebook runs in under a minute.
# **You need** NumPy, complex numbers for one section, and headphones if you like.

# %%
from mmcourse import show  # first: it asks NumPy and torch for one thread each

import numpy as np
from matplotlib import pyplot as plt

from mmcourse.data import clips, scenes, sensors, spoken_digits

show.setup()

# %% [markdown]
# ## The picture first
#
# One event, a horse that bounces on the sand, as the computer gets it. Beside it stands the only recording here that
# comes from somewhere else: the acceleration of a watch on the wrist of someone at exercise.

# %%
from mmcourse.speech import scratch as speech

frames, clip = clips.load("train", 40)[0]
sound = clip.sound()
watch, record = sensors.load("test")[0]
window = speech.hann_window(256)
bank = speech.mel_filter_bank(8000, 256, 40)
log_mel, _ = speech.log_mel_spectrogram(sound.astype(float), window, 64, bank)

# %%
fig, axes = plt.subplots(2, 3, figsize=(11, 4.6))
axes[0, 0].imshow(frames[5])
axes[0, 1].text(0.5, 0.5, f"{clip.en.text}\n\n{clip.zh.text}", ha="center", fontsize=11)
axes[0, 2].imshow(np.concatenate(frames[::3], 1))
axes[1, 0].plot(np.arange(len(sound)) / 8000, sound, linewidth=0.5)
axes[1, 0].set(title="a sound", xlabel="time (s)")
show.spectrogram(log_mel, 1.5, ax=axes[1, 1], title="its spectrogram", ylabel="mel band")
axes[1, 2].plot(np.arange(250) / 50, watch[500:750, :3], label=["x", "y", "z"])
axes[1, 2].set(title="a watch (g)", xlabel="time (s)")
for ax, title in zip(axes[0], ("a picture", "words", "every third frame"), strict=True):
    ax.set_axis_off()
    ax.set_title(title)
alt = "A horse on sand; its caption in two languages; four frames; sound; spectrogram; watch."
show.figure(fig, alt)

# %% [markdown]
# ## The idea: everything is an array, and its axes are not alike
#
# Here is what arrives, before any model. The last column is how many bytes each takes for a second of the world; of
# a caption, for the whole event.

# %%
caption = np.frombuffer(clip.zh.text.encode("utf8"), np.uint8)
arrived = {
    "picture": (frames[5], "row, column, colour", 1),
    "film": (frames, "frame, row, column, colour", 1.5),
    "caption": (caption, "byte of UTF-8", 1),
    "sound": ((sound * 32768).astype(np.int16), "sample", 1.5),
    "watch": (watch, "sample, axis", len(watch) / 50),
}
for name, (array, axes, seconds) in arrived.items():
    rate = array.nbytes / seconds
    print(f"{name:8s} {array.dtype!s:8s} {array.shape!s:18s} {axes:27s} {rate:8.0f} bytes")

# %% [markdown]
# The shapes say little; the *meaning of the axes* says what may be done. Shift a picture by one column and it shows
# the same thing; shift the bytes of a caption by one place and it says nothing. Two neighbouring pixels have nearly
# the same value; of two neighbouring bytes of a word, the smaller is not "less". Averaging neighbours makes sense for
# a sound and none for words. The rest of the chapter is about giving every modality axes along which arithmetic is
# meaningful.
#
# | modality | what arrives | what it becomes here | along its axes |
# |---|---|---|---|
# | picture | grey levels, whole numbers | (channel, row, column), mean 0 | neighbours are alike |
# | film | pictures at a fixed rate | (frame, channel, row, column) | as a picture, and time |
# | sound | pressure, thousands of times a second | (mel band, frame), logarithms | pitch and time |
# | text | bytes | (position, vector) | order matters, distance between vectors too |
# | sensors | physical units, 1 to 1000 Hz | (axis, sample), mean 0 and spread 1 | time; axes keep their units |

# %% [markdown]
# ## Pictures
#
# ### Resizing is averaging
#
# A model wants all pictures in one size. A new pixel sits somewhere between old ones: find its centre in the old
# picture, and take the average of what lies around it, near pixels weighing most. With a triangle as the weight this
# is **bilinear** resizing.
#
# How wide is the triangle? When the picture grows, two old pixels wide: from one neighbour's centre to the other's.
# When it shrinks by $s$, a new pixel covers $s$ old ones, and the triangle must grow with it or most pixels are never
# looked at. That widening is called **antialiasing**:
#
# $$w_{ij} \propto \max\!\Big(0,\; 1 - \frac{|\,j + \tfrac12 - (i + \tfrac12)\,s\,|}{\max(s, 1)}\Big),
#   \qquad \textstyle\sum_j w_{ij} = 1, \qquad s = \frac{\text{old size}}{\text{new size}} .$$
#
# (The halves are there because pixel $j$ covers the interval from $j$ to $j + 1$.) Rows and columns are independent,
# so the whole operation is two matrix products: $Y = W_{\text{rows}}\, X\, W_{\text{columns}}^\top$.


# %%
def triangle(size, new_size, antialias=True):
    scale = size / new_size
    reach = max(scale, 1) if antialias else 1
    centres = (np.arange(new_size)[:, None] + 0.5) * scale
    weights = np.maximum(0, 1 - np.abs(np.arange(size) + 0.5 - centres) / reach)
    return weights / weights.sum(1, keepdims=True)


def resize(x, height, width, antialias=True):
    """x (..., H, W), the channels in front."""
    rows, columns = (
        triangle(*sizes, antialias) for sizes in zip(x.shape[-2:], (height, width), strict=True)
    )
    return rows @ x @ columns.T


# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 2.4), sharey=True)
for ax, antialias in zip(axes, (False, True), strict=True):
    ax.plot(np.arange(16) + 0.5, triangle(16, 4, antialias).T, marker="o", markersize=3)
    title = "with" if antialias else "without"
    ax.set(title=f"16 pixels to 4, {title} antialiasing", xlabel="place in the old row")
axes[0].set_ylabel("weight")
show.figure(
    fig,
    "Weights of 16 pixels for 4 new ones: without antialiasing only 8 pixels count, with it all.",
)

# %% [markdown]
# ### What happens without
#
# These rings get finer towards the corner. The rightmost picture is the honest one: where the rings are too fine for
# the new pixels, it is grey. The other two show rings *that are not there*, as clear as the real ones.

# %%
side = np.arange(128)
rings = 0.5 + 0.5 * np.cos(np.pi * (side**2 + side[:, None] ** 2) / 256)
small = {
    "128 × 128": rings,
    "every fourth pixel": rings[::4, ::4],
    "bilinear to 32 × 32": resize(rings, 32, 32, antialias=False),
    "… antialiased": resize(rings, 32, 32),
}
fig, axes = plt.subplots(1, 4, figsize=(9, 2.5))
for ax, (title, picture) in zip(axes, small.items(), strict=True):
    ax.imshow(picture, cmap="gray", vmin=0, vmax=1)
    ax.set(title=title, xticks=[], yticks=[])
show.figure(
    fig, "Rings; shrunk without antialiasing, false rings appear in other places; with it, grey."
)

# %% [markdown]
# A network trained on antialiased pictures and fed with the others meets patterns that it has never seen. This is a
# frequent cause of "the same model is worse in production": two libraries, two defaults. Now compare ours with three
# that you know.

# %%
import torch
from PIL import Image

from mmcourse.images import scratch as images

# %%
picture = frames[5].transpose(2, 0, 1).astype(float)  # (3, 48, 48): channels first
ours = resize(picture, 20, 28)
package, _ = images.resize(picture, 20, 28)
theirs = torch.nn.functional.interpolate(
    torch.from_numpy(picture[None]), (20, 28), mode="bilinear", antialias=True
)[0]
bands = [Image.fromarray(band.astype(np.float32)) for band in picture]
pillow = np.stack([band.resize((28, 20), Image.Resampling.BILINEAR) for band in bands])
for name, other in (("the package", package), ("PyTorch", theirs.numpy()), ("Pillow", pillow)):
    print(
        f"{name:12s} largest difference below 1e-4 grey levels:", np.abs(ours - other).max() < 1e-4
    )

# %% [markdown]
# Equal. But that was Pillow on floating-point numbers. On the whole numbers that a file holds, it differs:

# %%
whole = np.asarray(Image.fromarray(frames[5]).resize((28, 20), Image.Resampling.BILINEAR))
whole = whole.transpose(2, 0, 1)


def rounded(x):
    return np.floor(x + 0.5 + 1e-9)


twice = rounded(resize(rounded(resize(picture, 48, 28)), 20, 28))  # columns first, as Pillow
for name, other in (("rounded at the end", rounded(ours)), ("rounded after each pass", twice)):
    gap = np.abs(other - whole)
    print(
        f"{name:24s} differs at {np.mean(gap > 0):5.1%} of the numbers, by at most {gap.max():.0f}"
    )

# %% [markdown]
# One grey level, and now we know why: Pillow keeps the result of its first pass in eight bits. The rule for the rest
# of the course: *equal, or the difference explained*.
#
# ### Crop and normalise
#
# Cropping keeps pixels as they are. Normalising subtracts a mean and divides by a standard deviation, per channel, so
# that the numbers are around 0 with a spread of 1, whatever the camera. The two constants come from the **training
# set** and are then part of the model.

# %%
train = scenes.load("train", 2000)
pixels = train.images[:500].transpose(0, 3, 1, 2) / 255  # (500, 3, 64, 64)
mean, std = pixels.mean((0, 2, 3)), pixels.std((0, 2, 3))
part, _ = images.center_crop(pixels, 48, 48)
ready, _ = images.normalize(part, mean, std)
print("mean", mean.round(3), " std", std.round(3))
print("before", part.dtype, f"{part.min():.2f} to {part.max():.2f}")
print("after ", ready.dtype, f"{ready.min():.2f} to {ready.max():.2f}, shape {ready.shape}")

# %% [markdown]
# ## Sampling: what may be forgotten between two samples
#
# The rings were a picture's version of something older. A sound is a pressure that changes continuously; the computer
# keeps a number every $1/r$ seconds. What happens to a tone of frequency $f$? Its samples are
# $\cos(2\pi f n / r)$, and since a cosine does not notice whole turns,
#
# $$\cos\!\Big(2\pi\,\frac{f}{r}\,n\Big) = \cos\!\Big(2\pi\,\frac{|f - k r|}{r}\,n\Big)
#   \qquad\text{for every whole number } k .$$
#
# A tone of frequency $f$ and one of $|f - kr|$ have *the same samples*. Nothing that is done afterwards can tell them
# apart. We take them for the lowest of all, which lies between 0 and $r/2$:
#
# $$f_{\text{heard}} = \big|\,f - r \cdot \mathrm{round}(f / r)\,\big| .$$
#
# Below $r/2$, the **Nyquist frequency**, a tone is heard as itself (Shannon 1949, theorem 1). Above, it becomes an
# **alias**.


# %%
def alias(frequency, rate):
    return np.abs(frequency - rate * np.round(frequency / rate))


n = np.arange(6)
for frequency in (100, 900, 1100, 1900):
    values = np.cos(2 * np.pi * frequency * n / 1000)
    print(
        f"{frequency:4d} Hz, 1000 a second: {values.round(3)}  alias {alias(frequency, 1000):.0f}"
    )

# %%
t = np.linspace(0, 20, 1001)  # ms
curves = {f"{f} Hz": np.cos(2 * np.pi * f * t / 1000) for f in (900, 100)}
dots = np.arange(21), np.cos(2 * np.pi * 900 * np.arange(21) / 1000)
fig = show.samples(t, curves, dots)
show.figure(
    fig, "A tone of 900 Hz and one of 100 Hz go through the same 21 samples, one every millisecond."
)

# %% [markdown]
# ### Hear it
#
# A chirp rises from 100 to 3900 Hz within a second, 8000 samples a second. Then we keep every fourth sample: 2000 a
# second, so the Nyquist frequency is 1000 Hz. (To play it we fill the gaps again; that adds nothing new.)

# %%
from scipy import signal

time = np.arange(8000) / 8000
chirp = 0.3 * np.sin(2 * np.pi * (100 * time + 1900 * time**2))
skipped = chirp[::4]
averaged = images.resize(chirp[None], 1, 2000)[0][0]  # the triangle of the pictures, on a sound
filtered = signal.resample_poly(chirp, 1, 4)  # SciPy: a longer, better filter
kinds = {"every fourth sample": skipped, "triangle first": averaged, "SciPy": filtered}

# %%
fig, axes = plt.subplots(1, 4, figsize=(12, 2.6), sharey=True)
played = {"the chirp": chirp} | {k: signal.resample_poly(x, 4, 1) for k, x in kinds.items()}
for ax, (title, x) in zip(axes, played.items(), strict=True):
    power, _ = speech.power_spectrogram(x, window, 32)
    show.spectrogram(np.log(power + 1e-3), 1, 4000, ax, title, "kHz" if ax is axes[0] else None)
show.figure(
    fig,
    "A chirp rises to 4 kHz; every fourth sample zigzags below 1 kHz; filtered, it ends there.",
)

# %%
show.sound(chirp, 8000, "The chirp: one second, rising from 100 to 3900 Hz.")

# %%
show.sound(played["every fourth sample"], 8000, "Every fourth sample: up and down, twice.")

# %%
show.sound(played["SciPy"], 8000, "Filtered first: it rises to 1000 Hz and is gone.")

# %% [markdown]
# The zigzag is the formula: at 1500 Hz the chirp sounds like 500 Hz. The remedy is the same as for pictures, and can
# be the same function: **average before you skip**. The triangle lets a faint ghost through; SciPy's filter is longer
# and does better. No filter after the skipping can help.
#
# Wheels that turn backwards in films are the same in time; a watch that samples at 50 Hz has the same trouble with a
# tremor of 45 Hz. Every change of rate, of any modality, is a place to check.

# %% [markdown]
# ## Sound: from pressure to pitch
#
# ### A dictionary of cosines
#
# Samples of speech tell little by themselves: the same vowel said again differs in nearly every sample. What stays is
# *which frequencies* it holds. To measure how much of frequency $f$ is in $L$ samples, multiply them by a wave of
# that frequency and add up; a complex wave catches both phases at once:
#
# $$X[f] = \sum_{l=0}^{L-1} w[l]\,x[l]\,e^{-2\pi i f l/L}, \qquad f = 0, \dots, L/2 .$$
#
# That is the discrete Fourier transform of one **frame**. Row $f$ stands for $f \cdot r/L$ Hz. The window $w$ fades
# the frame in and out, for a reason that the next picture shows.

# %%
digits = spoken_digits.load()
three = digits.sound(643) / 32768  # "three"; (4800,) samples, 0.6 s
L = 200  # 25 ms
waves = np.exp(-2j * np.pi * np.outer(np.arange(L // 2 + 1), np.arange(L)) / L)  # (F, L)
frame = three[1000 : 1000 + L]
print("as np.fft.rfft:", np.allclose(waves @ frame, np.fft.rfft(frame)))

# %%
tone = np.cos(2 * np.pi * 1020 * np.arange(L) / 8000)  # half way between two rows of 40 Hz
hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(L) / L)
fig, ax = plt.subplots(figsize=(6, 2.6))
for name, w in (("cut out", np.ones(L)), ("Hann window", hann)):
    level = 20 * np.log10(np.abs(waves @ (w * tone)) / w.sum())
    ax.plot(np.arange(L // 2 + 1) * 40, level, label=name)
ax.set(xlabel="frequency (Hz)", ylabel="level (dB)", ylim=(-120, 0))
ax.legend()
show.figure(
    fig,
    "One tone between two rows: cut out, it leaks over all frequencies; windowed, it stays local.",
)

# %% [markdown]
# A frame that is simply cut out begins and ends with a jump, and a jump holds all frequencies. The Hann window pays
# for its quiet surroundings with a slightly wider peak (Harris 1978, table 1).
#
# ### All frames: the short-time Fourier transform
#
# Slide the frame on by a **hop**, again and again. This is all there is to it:


# %%
def stft(x, window, hop):
    starts = range(0, len(x) - len(window) + 1, hop)
    frames = np.stack([x[s : s + len(window)] for s in starts])  # (N, L)
    f = np.arange(len(window) // 2 + 1)
    waves = np.exp(-2j * np.pi * np.outer(f, np.arange(len(window))) / len(window))
    return waves @ (frames * window).T  # (F, N)


def package_stft(x, window, hop):
    (real, imaginary), _ = speech.stft(x, window, hop)
    return real + 1j * imaginary


# %%
ours = stft(three, hann, 80)
transform = signal.ShortTimeFFT(hann.copy(), 80, fs=8000, phase_shift=None)  # it locks its window
centred = torch.stft(
    torch.from_numpy(three), L, 80, window=torch.from_numpy(hann), return_complex=True
)
others = {
    "the package": package_stft(three, hann, 80),
    "SciPy": transform.stft(three, p0=0, p1=ours.shape[1], k_offset=transform.m_num_mid),
    "PyTorch, center=True": centred.numpy(),
}
for name, other in others.items():
    same = ours.shape == other.shape and np.allclose(ours, other)
    print(f"{name:21s} {other.shape}  equal: {same}")

# %% [markdown]
# PyTorch gives three columns more. Its default puts the *middle* of frame 0 at sample 0, and to do so reflects the
# sound at both ends (librosa likewise). Do the same, and nothing is left to explain:

# %%
reflected = np.pad(three, L // 2, mode="reflect")
print("with reflected ends:", np.allclose(stft(reflected, hann, 80), centred.numpy()))

# %% [markdown]
# SciPy needed a word as well: `k_offset` moves its first frame, which is centred too, and `phase_shift=None` counts
# phases from the frame's start. Three libraries, three conventions, one sum.
#
# ### What the length of the window decides
#
# A frame of $L/r$ seconds cannot tell apart frequencies closer than about $r/L$: short frames know *when*, long ones
# know *what*. Nothing has both (Gabor 1946). Here is the same word three times:

# %%
fig, axes = plt.subplots(1, 3, figsize=(11, 2.6), sharey=True)
for ax, length in zip(axes, (40, 200, 800), strict=True):
    power, _ = speech.power_spectrogram(three, speech.hann_window(length), 20)
    level = 10 * np.log10(power / power.max() + 1e-6)
    title = f"frames of {length / 8:.0f} ms"
    show.spectrogram(level, 0.6, 4000, ax, title, "kHz" if ax is axes[0] else None)
show.figure(
    fig,
    "The word three with frames of 5, 25 and 100 ms: sharp in time, in between, sharp in pitch.",
)

# %%
show.sound(three, 8000, "A synthetic voice says: three.")

# %% [markdown]
# ### The mel scale, and the logarithm
#
# Ears resolve low tones finely and high ones coarsely. The **mel** scale bends frequency accordingly (O'Shaughnessy
# 1987):
#
# $$m = 2595\,\log_{10}\!\Big(1 + \frac{f}{700}\Big).$$
#
# Triangles of equal width *in mel* sum up the power of 101 frequencies in 24 bands (Davis & Mermelstein 1980). And
# since we hear ratios of loudness, not differences, a logarithm follows; a small floor keeps silence finite.


# %%
def mel_bank(rate, length, bands, low):
    ends = 2595 * np.log10(1 + np.array([low, rate / 2]) / 700)
    corners = 700 * (10 ** (np.linspace(*ends, bands + 2) / 2595) - 1)  # Hz
    left, peak, right = (c[:, None] for c in (corners[:-2], corners[1:-1], corners[2:]))
    f = np.arange(length // 2 + 1) * rate / length
    return np.maximum(0, np.minimum((f - left) / (peak - left), (right - f) / (right - peak)))


bank = mel_bank(8000, L, 24, 100)
print("as the package:", np.allclose(bank, speech.mel_filter_bank(8000, L, 24, low=100)))
log_mel = np.log(np.maximum(bank @ np.abs(ours) ** 2, 1e-4))
package, _ = speech.log_mel_spectrogram(three, hann, 80, bank, floor=1e-4)
print("log-mel", log_mel.shape, "as the package:", np.allclose(log_mel, package))

# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 2.6))
axes[0].plot(np.arange(L // 2 + 1) * 0.04, bank.T, linewidth=1)
axes[0].set(xlabel="frequency (kHz)", ylabel="weight", title="24 mel bands")
show.spectrogram(log_mel, 0.6, ax=axes[1], title="three, log-mel", ylabel="mel band")
show.figure(
    fig, "Mel triangles, narrow at low and wide at high frequencies; the word three in 24 bands."
)

# %% [markdown]
# From 4800 numbers to 24 × 58, and the phase is gone. Was anything gained? Take 480 clips of digits by many voices, all
# pairs in which two voices say the same word, and all pairs in which one voice says two words. How alike are they?

# %%
english = digits.of("en", "train")
word, voice = digits.digits[english], digits.speakers[english]
same_word, same_voice = word[:, None] == word, voice[:, None] == voice
waveforms = np.stack([digits.sound(i) for i in english]) / 32768
mels, _ = speech.log_mel_spectrogram(waveforms, hann, 80, bank, 1e-4)
for name, arrays in (("samples", waveforms), ("log-mel", mels.reshape(len(mels), -1))):
    table = np.corrcoef(arrays)
    alike, unlike = table[same_word & ~same_voice].mean(), table[~same_word & same_voice].mean()
    print(f"{name}: same word, two voices {alike:+.2f};  two words, same voice {unlike:+.2f}")

# %% [markdown]
# As samples, two voices that say one word are strangers; as log-mels they are related, and more so than two words of
# one voice. (Clips end in silence, which lifts all correlations of log-mels.) That is what a representation is for. The
# experiment below measures how much it is worth.
#
# ### The whole caption, spoken
#
# If the extra `speech` is installed, this says what the film shows. The engine never says a thing twice in quite the
# same way, so your clip is your own.

# %% tags=["nbval-ignore-output"] ignore_reason="the speech engine never says a thing twice alike"
from mmcourse.data import speech as engine

if engine.available():
    for language in ("en", "zh"):
        samples, rate = engine.caption(clip, language)
        show.sound(signal.resample_poly(samples, 160, 441), 8000, clip.caption(language).text)
else:
    print('To hear it: pip install -c constraints.txt -e ".[speech]" in the course folder')

# %% [markdown]
# ## Text
#
# ### Tokens
#
# A text arrives as bytes. Three ways to cut it:

# %%
from mmcourse.text import bpe, counts, tokens

for text in (clip.en.text, clip.zh.text):
    print("bytes     ", len(text.encode("utf8")))
    print("characters", tokens.characters(text))
    print("words     ", tokens.words(text))

# %% [markdown]
# Chinese is written without gaps, so a rule that looks for gaps finds two "words" round a comma. Single characters
# are the usual, simple answer. (Our captions also know their true segmentation, because the program that writes them
# does: `clip.zh.words`.)
#
# Whole words have the opposite trouble: a word that was not in the training set has no number. A vocabulary maps it
# to *unknown*, and whatever it said is lost.

# %%
captions = [record.en.text for record in train.records]
ids = tokens.vocabulary([tokens.words(text) for text in captions])
numbers = tokens.encode(tokens.words("two seahorses above a horse"), ids)
print(len(ids), "words;", numbers, "→", tokens.decode(numbers, ids))

# %% [markdown]
# ### Byte-pair encoding
#
# Between characters (never unknown, but long) and words (short, but often unknown) lie **subwords**. Byte-pair
# encoding *learns* them by counting (Sennrich et al. 2016, algorithm 1): spell every word in characters, with a mark
# at its end; find the most frequent pair of neighbours; make it one symbol; repeat.

# %%
from collections import Counter
from itertools import pairwise


# %%
def learn(counts, merges):
    spelled = {tuple(word + "▁"): count for word, count in counts.items()}
    done = []
    for _ in range(merges):
        pairs = Counter()
        for symbols, count in spelled.items():
            for pair in pairwise(symbols):
                pairs[pair] += count
        best = min(pairs, key=lambda p: (-pairs[p], len("".join(p)), "".join(p), p))
        spelled = {bpe.merge(symbols, best): count for symbols, count in spelled.items()}
        done.append(best)
    return done


# %%
words = Counter(word for text in captions for word in text.split())
merges = learn(words, 250)
print("as the package:", merges == bpe.learn(words, 250))
print("first:", *("".join(pair) for pair in merges[:12]))
print("last: ", *("".join(pair) for pair in merges[-8:]))
print(bpe.encode("two seahorses above a horse", merges))

# %% [markdown]
# *the*, *on*, *left* become one symbol early; *seahorses*, which was never seen, is spelled from pieces that were.
# Beside it the library: SentencePiece, on the same captions.

# %%
import io

import sentencepiece

# %%
model = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter(captions),
    model_writer=model,
    model_type="bpe",
    vocab_size=1 + 250 + len(set("".join(words) + "▁")),  # <unk>, the merges, the alphabet
    treat_whitespace_as_suffix=True,  # the mark stands at the end of a word, as in the paper
    bos_id=-1,
    eos_id=-1,
    minloglevel=2,
)
library = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())

# %%
theirs = [library.id_to_piece(1 + i) for i in range(250)]
print("the same 250 merges, in the same order:", theirs == ["".join(pair) for pair in merges])
unseen = [record.en.text for record in scenes.load("test").records]
same = [library.encode(text, out_type=str) == bpe.encode(text, merges) for text in unseen]
print(f"{sum(same)} of {len(same)} unseen captions are cut alike")

# %% [markdown]
# The order among equally frequent pairs is a convention: the paper leaves it open, SentencePiece takes the shorter,
# then the alphabetically first, and so do we. Change that line of `learn`, and see how little depends on it.
#
# How many merges? Each makes the texts shorter and the table of vectors longer:

# %%
steps = [0, 10, 25, 50, 100, 150, 200, 250]
lengths = [np.mean([len(bpe.encode(text, merges[:m])) for text in unseen[:200]]) for m in steps]
whole_words = np.mean([len(text.split()) for text in unseen[:200]])
print(f"{lengths[0]:.1f} characters, {lengths[-1]:.1f} subwords, {whole_words:.1f} words a caption")

# %%
fig, ax = plt.subplots(figsize=(5.5, 2.6))
ax.plot(steps, lengths, marker="o", label="subwords")
ax.axhline(whole_words, linestyle=":", color=show.COLOURS[1], label="words")
ax.set(xlabel="merges", ylabel="tokens a caption", ylim=0)
ax.legend()
show.figure(
    fig, "Tokens a caption fall, quickly at first, from characters towards the number of words."
)

# %% [markdown]
# ## Words as vectors, by counting
#
# The numbers of a vocabulary are names, not amounts: word 7 is not more than word 6. To compute with words we need
# vectors in which near means alike. Alike in what? In the company they keep.
#
# Count how often word $w$ stands within two places of word $c$, and compare with chance: the **positive pointwise
# mutual information**,
#
# $$\mathrm{PPMI}(w, c) = \max\!\Big(0,\; \log\frac{\#(w, c)\,|D|}{\#(w)\,\#(c)}\Big),$$
#
# where $|D|$ is the number of pairs. Then keep the best short summary of that table: with the singular value
# decomposition $M \approx U_d \Sigma_d V_d^\top$, the rows of $U_d\sqrt{\Sigma_d}$ (Levy & Goldberg 2014). We take the
# Chinese captions, in true words.

# %%
sentences = [record.zh.words for record in train.records]
ids = tokens.vocabulary(sentences)
encoded = [tokens.encode(sentence, ids) for sentence in sentences]
near, context = counts.pairs(encoded, window=2)
table = np.zeros((len(ids), len(ids)))
np.add.at(table, (near, context), 1)

with np.errstate(divide="ignore", invalid="ignore"):
    chance = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    ppmi = np.nan_to_num(np.maximum(0, np.log(table / chance)))
u, s, _ = np.linalg.svd(ppmi)
counted = u[:, :16] * np.sqrt(s[:16])
same = np.allclose(ppmi, counts.ppmi(table))
print(table.shape, int(table.sum()), "pairs; PPMI as the package:", same)

# %%
from mmcourse.data.concepts import CONCEPTS

measure = {c.noun: c.measure for c in CONCEPTS.values()}  # 只 for most animals, 辆 for cars …
nouns = [noun for noun in measure if noun in ids]
rows = [ids[noun] for noun in nouns]


def neighbours(vectors, noun, count=5):
    """The nouns nearest to one of them, the nearest first."""
    order, _ = counts.nearest(vectors[rows], nouns.index(noun), count)
    return [nouns[i] for i in order]


for noun in ("猫", "汽车", "玉米", "苹果"):
    print(noun, "→", *neighbours(counted, noun))

# %% [markdown]
# A cat (猫) is nearest to a ladybug, a turtle, a duck: animals. A car (汽车) to the bicycle and the bus, corn (玉米) to
# the carrot and the banana. It looks as if the vectors knew what these things *are*. Do they? Nobody showed them a
# picture. What they have seen is the word before the noun: Chinese counts animals with 只, vehicles with 辆, long thin
# things with 根. The vectors know *grammar*; that grammar knows a little about the world is the luck of this language.
# English makes the point, where the company of a noun is *a*, *an*, *two* and a background:

# %%
english = [record.en.words for record in train.records]
names = tokens.vocabulary(english)
pairs = counts.pairs([tokens.encode(sentence, names) for sentence in english], window=2)
vectors = counts.svd_vectors(counts.ppmi(counts.co_occurrence(*pairs, len(names))), 16)
listed = list(names)
for word in ("cat", "dogs", "two", "grass"):
    print(f"{word:6s}", *(listed[i] for i in counts.nearest(vectors, names[word], 5)[0]))

# %% [markdown]
# *dogs* is next to crabs and trees: plurals. A word is known by the company it keeps, and here the company says
# "singular", "plural" or "place", and nothing about fur. With real texts it says more; it is the same mechanism.
#
# ## Words as vectors, by learning
#
# **Skip-gram with negative sampling** (Mikolov et al. 2013, equation 4) gets there by a game: given word $w$ and a
# word $c$, say whether $c$ was its neighbour or was drawn at random. Each word has two vectors, $u$ as itself and $v$
# as a neighbour. For one true pair and $K$ random words, with scores $s = v \cdot u_w$:
#
# $$\mathcal L = -\log\sigma(s_c) - \sum_{k=1}^{K} \log\sigma(-s_k),
#   \qquad \frac{\partial\mathcal L}{\partial s_c} = \sigma(s_c) - 1,
#   \qquad \frac{\partial\mathcal L}{\partial s_k} = \sigma(s_k),$$
#
# because the derivative of $-\log\sigma(s)$ is $-\sigma(-s) = \sigma(s) - 1$. From scores to vectors it is one product
# each: $\partial\mathcal L/\partial u_w = \sum_j (\partial\mathcal L/\partial s_j)\,v_j$, and the same with the roles
# exchanged. Words that occur several times in a batch *add up* their gradients.


# %%
def skip_gram(u, v, words, contexts, negatives):
    """Loss, du, dv; words and contexts (B,), negatives (B, K)."""
    rows = np.column_stack([contexts, negatives])  # (B, 1 + K)
    sign = np.where(np.arange(rows.shape[1]) == 0, -1, 1)  # the true one should score high
    scores = np.einsum("bd,bkd->bk", u[words], v[rows])
    loss = np.logaddexp(0, sign * scores).sum() / len(words)
    ds = sign / (1 + np.exp(-sign * scores)) / len(words)
    du, dv = np.zeros_like(u), np.zeros_like(v)
    np.add.at(du, words, np.einsum("bk,bkd->bd", ds, v[rows]))
    np.add.at(dv, rows, ds[..., None] * u[words][:, None])
    return loss, du, dv


# %%
from mmcourse.text import pytorch as embed_torch
from mmcourse.text import scratch as embed

rng = np.random.default_rng(0)
u, v = rng.standard_normal((2, 7, 3))
draw = rng.integers(0, 7, 11), rng.integers(0, 7, 11), rng.integers(0, 7, (11, 5))

# %%
loss, du, dv = skip_gram(u, v, *draw)
y, cache = embed.skip_gram(u, v, *draw)
leaves = [torch.from_numpy(a).requires_grad_() for a in (u, v)]
value = embed_torch.skip_gram(*leaves, *map(torch.from_numpy, draw))
value.backward()
for name, other in (
    ("the package", (y, *embed.skip_gram_backward(1.0, cache))),
    ("PyTorch", (value.item(), *(leaf.grad.numpy() for leaf in leaves))),
):
    same = [np.allclose(a, b) for a, b in zip((loss, du, dv), other, strict=True)]
    print(f"{name:12s} loss and both gradients equal:", all(same))

# %% [markdown]
# Train it on the Chinese pairs. The negatives are drawn by word frequency to the power ¾, which lifts rare words.

# %%
from mmcourse.layers import scratch as layers

K, noise = 5, counts.noise_distribution(context, len(ids))
names = "in_vectors", "out_vectors"
params, state = {name: 0.1 * rng.standard_normal((len(ids), 16)) for name in names}, {}

# %%
losses = []
for _ in range(1500):
    batch = rng.integers(0, len(near), 512)
    negatives = rng.choice(len(ids), (512, K), p=noise)
    loss, cache = embed.skip_gram(
        **params, words=near[batch], contexts=context[batch], negatives=negatives
    )
    gradients = dict(zip(names, embed.skip_gram_backward(1.0, cache), strict=True))
    params, state = layers.adam(params, gradients, state, lr=0.02)
    losses.append(loss)
print(f"loss: first {losses[0]:.2f}, last hundred {np.mean(losses[-100:]):.2f}")
print("猫 →", *neighbours(params["in_vectors"], "猫"))

# %% [markdown]
# ### The two ways are one
#
# Set the derivative of the expected loss to zero, and each score can be solved for by itself (Levy & Goldberg 2014):
#
# $$s_{wc} = \log\frac{\#(w, c)}{K\,\#(w)\,P_{\text{noise}}(c)},$$
#
# which for negatives drawn by plain frequency is exactly $\mathrm{PMI}(w, c) - \log K$. So skip-gram factorises,
# without ever building it, the table that we counted. Does ours?

# %%
met = table > 0
target = np.log(table / (K * table.sum(1, keepdims=True) * noise + 1e-12) + 1e-12)[met]
learned = (params["in_vectors"] @ params["out_vectors"].T)[met]
fig, ax = plt.subplots(figsize=(4, 3.2))
ax.scatter(target, learned, s=6, alpha=0.4)
ax.plot([-6, 5], [-6, 5], color="black", linewidth=1)
ax.set(xlabel="counted: log-ratio", ylabel="learned: score")
show.figure(
    fig,
    "Learned scores against counted log-ratios of all pairs that met: they lie along the diagonal.",
)
print(f"correlation {np.corrcoef(target, learned)[0, 1]:.2f}")

# %% [markdown]
# And how good are both at what they turned out to know? For each noun: does its nearest noun share its measure word?
# Some nouns are the only one with theirs, and cannot win.

# %%
from mmcourse.metrics import wilson_interval

sharing = Counter(measure[noun] for noun in nouns)
possible = sum(sharing[measure[noun]] > 1 for noun in nouns)
by_chance = np.mean([(sharing[measure[noun]] - 1) / (len(nouns) - 1) for noun in nouns])
print(f"by chance {by_chance:.0%}, at best {possible} of {len(nouns)}")
for name, vectors in (("counted", counted), ("learned", params["in_vectors"])):
    hits = sum(measure[neighbours(vectors, noun, 1)[0]] == measure[noun] for noun in nouns)
    low, high = wilson_interval(hits, len(nouns))
    print(f"{name}: {hits} of {len(nouns)} ({low:.0%} to {high:.0%})")

# %% [markdown]
# ## Films and sensors: several clocks
#
# A film is a stack of pictures, a watch a stack of physical quantities; all that you know about pictures and sounds
# applies along their axes. What is new is **time shared with others**. Our clip has 8 frames a second, its sound 8000
# samples a second, the watch 50 a second. To put them side by side, choose one clock and bring all to it, each by
# averaging over the new, longer step: never by picking.

# %%
power, _ = speech.mel_spectrogram(sound.astype(float), hann, 100, bank)
by_frame, _ = images.resize(power, 24, len(frames))  # (24, 12): pitch, and the clock of the film
seconds = 20
motion = watch[: seconds * 50].T.astype(float)  # (6, 1000)
slow, _ = images.resize(motion, 6, seconds * 8)  # (6, 160): the same clock
print("film", frames.shape, " sound", by_frame.T.shape, " watch", slow.T.shape)
each = {
    axis: f"{motion[i].mean():+.2f} ± {motion[i].std():.2f}" for i, axis in enumerate(sensors.AXES)
}
print(each)

# %%
change = np.abs(np.diff(frames.astype(float), axis=0)).mean((1, 2, 3))
fig, axes = plt.subplots(1, 3, figsize=(11, 2.4))
axes[0].plot(np.arange(1, 12) / 8, change, marker="o")
axes[0].set(title="how much the picture changes", xlabel="time (s)")
axes[1].plot(np.arange(12) / 8, by_frame.sum(0), marker="o", color=show.COLOURS[1])
axes[1].set(title="power of the sound, by frame", xlabel="time (s)")
axes[2].plot(np.arange(1000) / 50, motion[1], linewidth=0.6, label="50 a second")
axes[2].plot((np.arange(160) + 0.5) / 8, slow[1], linewidth=1.2, label="8 a second")
axes[2].set(title="watch, y (g)", xlabel="time (s)", ylim=(-0.6, 1.1))
axes[2].legend()
show.figure(
    fig, "Change of the picture and power of the sound, frame by frame; the watch at two rates."
)

# %% [markdown]
# The six axes of the watch have two units and different spreads: normalise each by itself, as you did with colours,
# with constants from the training people. A mean over all six would add *g* to radians.
#
# ## The twins
#
# Each function of the rooms `images`, `speech` and `text` stands twice, with its way back, so that a gradient can
# travel from a loss to a pixel or a sample. (Chapter 03 derives one such way back in full.) Side by side:

# %%
from mmcourse.images import pytorch as images_torch
from mmcourse.speech import pytorch as speech_torch

show.twins(
    [images.resize, images.resize_backward, speech.power_spectrogram, embed.skip_gram_backward],
    [images_torch.resize, speech_torch.power_spectrogram, embed_torch.skip_gram],
)


# %%
def gradients_agree(numpy_half, torch_half, name, x, *rest):
    y, cache = getattr(numpy_half, name)(x, *rest)
    dy = rng.standard_normal(y.shape)  # a random slope
    leaf = torch.from_numpy(x).requires_grad_()
    others = [torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in rest]
    value = getattr(torch_half, name)(leaf, *others)
    value.backward(torch.from_numpy(dy))
    ours = getattr(numpy_half, name + "_backward")(dy, cache)
    return np.allclose(y, value.detach()) and np.allclose(ours, leaf.grad)


x = rng.standard_normal((2, 3, 13, 17))
print("resize  ", gradients_agree(images, images_torch, "resize", x, 5, 7))
x = rng.standard_normal((2, 1000))
print("log-mel ", gradients_agree(speech, speech_torch, "log_mel_spectrogram", x, hann, 80, bank))

# %% [markdown]
# ## Experiment: what is a representation worth?
#
# The simplest reader there is: a linear map from the numbers to ten scores, fitted by least squares with a penalty
# (ridge regression; one line of algebra). If *it* can read a digit, the representation has done the work.
#
# Ten spoken digits, 480 clips to learn from and 160 to test, by voices that the training set does not hold. Four ways
# to present a clip: its samples, averaged in pairs; how often each of the 256 byte values occurs in it (a "bag of
# bytes"); how long the word is, alone; and the log-mel spectrogram.


# %%
def ridge(x, labels, penalty=300.0):
    x = np.column_stack([x, np.ones(len(x))])
    return np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ np.eye(10)[labels])


def reads(weights, x, labels):
    return (np.column_stack([x, np.ones(len(x))]) @ weights).argmax(1) == labels


def fit_and_score(learn_from, test_on, learn, test):
    """How many test clips are read; the two arrays, often the same one, hold a clip in a row."""
    mean, std = learn_from[learn].mean(0), learn_from[learn].std(0) + 1e-6
    weights = ridge((learn_from[learn] - mean) / std, digits.digits[learn])
    return int(reads(weights, (test_on[test] - mean) / std, digits.digits[test]).sum())


# %%
learn, test = digits.of("en", "train"), digits.of("en", "test")
heard = np.stack([digits.sound(i) for i in range(len(digits))])  # int16
spoken = heard / 32768
log_mels, _ = speech.log_mel_spectrogram(spoken, hann, 160, bank, 1e-4)
ways = {
    "samples": spoken.reshape(len(spoken), 2400, 2).mean(-1),
    "bag of bytes": np.sqrt([np.bincount(x.view(np.uint8), minlength=256) for x in heard]),
    "length alone": digits.lengths[:, None].astype(float),
    "log-mel": log_mels.reshape(len(digits), -1),
}
for name, x in ways.items():
    right = fit_and_score(x, x, learn, test)
    low, high = wilson_interval(right, len(test))
    print(f"{name:13s} {x.shape[1]:5d} numbers: {right / len(test):4.0%} ({low:.0%} to {high:.0%})")

# %% [markdown]
# Samples are of little use to this reader, log-mels make the task easy: one engine spoke all clips, so it is easier
# than real speech. Look at the bag of bytes, though. It has forgotten the order of everything, and still reads most
# digits; the length of the word, which it could have guessed from the silence, explains only a little of that. A word
# with a long, faint *s* has a different histogram of pressures from one with an open vowel. Such **shortcuts** are why
# "far above chance" is not yet understanding: always ask what the cheapest representation reaches.
#
# (The intervals treat clips as independent. They come from eight voices, so the truth is somewhat wider.)
#
# ### What aliasing does to a reader
#
# Now halve the rate twice, to 2000 samples a second, in three ways. Each reader learns *and* is tested on sounds that
# were shrunk its own way. Then somebody whistles while the test clips are recorded: a tone between 2500 and 3500 Hz,
# which a rate of 2000 cannot even represent.

# %%
rng = np.random.default_rng(0)
pitch = rng.uniform(2500, 3500, (len(digits), 1))
whistle = 0.13 * np.sin(2 * np.pi * pitch * np.arange(4800) / 8000)  # as loud as the words
slow_bank, slow_hann = speech.mel_filter_bank(2000, 50, 10, low=50), speech.hann_window(50)


def read_at_2000(shrink):
    """Share of test clips read: as they are, and with the whistle."""
    x = []
    for sounds in (spoken, spoken + whistle):
        small = np.ascontiguousarray(shrink(sounds))
        mels, _ = speech.log_mel_spectrogram(small, slow_hann, 40, slow_bank, 1e-4)
        x.append(mels.reshape(len(digits), -1))
    return [fit_and_score(x[0], test_on, learn, test) for test_on in x]


# %%
shrinkers = {
    "every fourth sample": lambda x: x[:, ::4],
    "triangle first": lambda x: images.resize(x, len(x), 1200)[0],
    "SciPy": lambda x: signal.resample_poly(x, 1, 4, axis=1),
}
print(f"{'':20s} {'as they are':>20s} {'with the whistle':>20s}")
for name, shrink in shrinkers.items():
    cells = []
    for right in read_at_2000(shrink):
        low, high = wilson_interval(right, len(test))
        cells.append(f"{right / len(test):4.0%} ({low:.0%} to {high:.0%})")
    print(f"{name:20s} {cells[0]:>20s} {cells[1]:>20s}")

# %% [markdown]
# On clean clips the careless way looks nearly as good, and would pass any test that was recorded in the same quiet
# room. The whistle, which lies outside everything that the reader can hear, is folded into the middle of what it
# listens to. Filtered properly it is gone, as if nobody had whistled. **Aliasing does not show in the average; it shows
# when the world changes.**

# %% [markdown]
# ## Play with it
#
# Choose a tone and a rate. Find a rate at which 1000 Hz seems to stand still; then one at which it seems to be 100 Hz.
# What happens at exactly half the rate?


# %%
def look(frequency, rate):
    t = np.linspace(0, 10, 1001)  # ms
    heard = alias(frequency, rate)
    dots = np.arange(0, 10.001, 1000 / rate)
    curves = {
        f"tone, {frequency} Hz": np.cos(2 * np.pi * frequency * t / 1000),
        f"heard, {heard:.0f} Hz": np.cos(2 * np.pi * heard * t / 1000),
    }
    verdict = "is heard as itself" if heard == frequency else f"is heard as {heard:.0f} Hz"
    sentence = f"A tone of {frequency} Hz, sampled {rate} times a second, {verdict}."
    return t, curves, (dots, np.cos(2 * np.pi * frequency * dots / 1000)), sentence


# %%
show.sampler(look, frequencies=(50, 2000, 50, 900), rates=(200, 4000, 50, 1000))

# %% [markdown]
# Without a running kernel, here is where every tone up to 2000 Hz lands at three rates:

# %%
tones = np.arange(0, 2001, 5)
fig, ax = plt.subplots(figsize=(6, 2.8))
for rate, line in ((4000, "-"), (1500, "--"), (1000, ":")):
    ax.plot(tones, alias(tones, rate), line, label=f"{rate} samples a second")
ax.set(xlabel="tone (Hz)", ylabel="heard as (Hz)")
ax.legend()
show.figure(
    fig,
    "Tone heard against tone played: a straight line at 4000 a second, zigzags at 1500 and 1000.",
)

# %% [markdown]
# ## Pitfalls
#
# - **Skipping without averaging**, in any modality and under any name: `x[::2]`, `interpolate` without `antialias`,
#   every tenth row of a sensor's file.
# - **Two libraries, two defaults.** Antialiased or not, centred frames or not, normalised windows or not, mel scale of
#   one school or the other (`htk=True` in librosa is ours). Compare arrays once, before you compare accuracies.
# - **Channels first or last, rows or columns first.** Pillow's size is (width, height), an array's is (height, width).
#   A square test picture hides the mistake.
# - **Whole numbers that wrap.** `uint8` arithmetic turns 250 + 10 into 4. Convert first.
# - **Statistics from the test set.** Mean, deviation, vocabulary and merges belong to the training set.
# - **Logarithms of zero.** Silence has no power. Choose the floor on purpose: it decides how loud silence is.
# - **Splitting at random what belongs together.** Windows of one recording, or clips of one voice, in both training and
#   test sets measure memory.
# - **Vectors that "know" things.** They know their company. Ask what it could have told them.

# %% [markdown]
# ## Quiz
#
# Choose, and read why. The wrong choices have something to say as well: try them.

# %%
show.quiz("01_heterogeneous_data", 1)

# %%
show.quiz("01_heterogeneous_data", 2)

# %%
show.quiz("01_heterogeneous_data", 3)

# %%
show.quiz("01_heterogeneous_data", 4)

# %%
show.quiz("01_heterogeneous_data", 5)

# %% [markdown]
# ## Exercise
#
# Open **`exercises/01_heterogeneous_data/01_heterogeneous_data.ipynb`**: seven questions, 100 points, each a variation
# of this chapter: shrink a picture by averaging, crop and normalise, predict wheels that turn backwards in a film,
# frame a sound, put a clock with gaps on a grid, cut text by merges, and weigh counted words. Every answer is checked
# at once.

# %% [markdown]
# ## References
#
# - Shannon 1949, *Communication in the presence of noise*, Proc. IRE 37. Theorem 1: what a rate of samples can hold.
# - Heckbert 1989, *Fundamentals of texture mapping and image warping*, UC Berkeley. Section 3: filter, then resample.
# - Allen & Rabiner 1977, *A unified approach to short-time Fourier analysis and synthesis*, Proc. IEEE 65.
# - Harris 1978, *On the use of windows for harmonic analysis with the discrete Fourier transform*, Proc. IEEE 66.
#   Table 1: what each window costs and buys.
# - Gabor 1946, *Theory of communication*, J. IEE 93. Part 1: time and frequency cannot both be sharp.
# - Davis & Mermelstein 1980, *Comparison of parametric representations for monosyllabic word recognition in
#   continuously spoken sentences*, IEEE Trans. ASSP 28: triangular filters on the mel scale.
# - O'Shaughnessy 1987, *Speech communication: human and machine*, Addison-Wesley: the formula of the scale.
# - Sennrich, Haddow & Birch 2016, *Neural machine translation of rare words with subword units*, arXiv:1508.07909.
#   Algorithm 1.
# - Kudo & Richardson 2018, *SentencePiece*, arXiv:1808.06226.
# - Mikolov et al. 2013, *Distributed representations of words and phrases and their compositionality*,
#   arXiv:1310.4546. Equation 4, and the power ¾ below it.
# - Levy & Goldberg 2014, *Neural word embedding as implicit matrix factorization*, NIPS 27. Section 3.1 derives the
#   scores, section 4 shifted PPMI and its decomposition.
