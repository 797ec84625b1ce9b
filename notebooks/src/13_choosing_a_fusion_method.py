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
# # 13 · Choosing a fusion method
#
# "Which fusion should I take?" is the question that everyone asks, and most answers are of the kind "it depends".
# This chapter says on what. It puts every fusion method of chapter 02 on seven paired tasks of the course, gives
# each the same tuning, and looks at what the test can tell apart and what it cannot. The advice that one reads,
# *attention for images with text, two streams for speech with text*, goes in as a hypothesis and comes out as
# whatever it turns out to be.
#
# **After this chapter you can**
#
# - set up a comparison that could come out either way: equal budgets, honest splits, seeds, paired intervals;
# - say how much of a difference is luck: of tuning, of seeds, of test examples, of having looked often;
# - choose a fusion method for data of your own, and say which experiments speak for the choice;
# - defend it, and say what would change your mind.
#
# **Time**: two and a half hours of reading and running. The notebook runs in about a minute: the experiments took
# most of an hour of processor time, and their results lie beside the course, with the command that makes them anew.
# **You need** chapter [02](02_fusion.ipynb); the tasks come from chapters [01](01_heterogeneous_data.ipynb),
# [08](08_image_understanding.ipynb), [09](09_video_analysis.ipynb) and [10](10_human_computer_interaction.ipynb).

# %%
from mmcourse import show  # first: it asks NumPy and torch for one thread each

import numpy as np

show.setup()
rng = np.random.default_rng(0)

# %% [markdown]
# ## Three ways to fool yourself
#
# Before any experiment, three ways in which one finds a winner among equals. Each has a cure of a few lines, and all
# three are used below.
#
# ### The best of many
#
# Suppose that two methods are **equally good**: whatever settings one tries, the accuracy is .80 give or take .02.
# One is your favourite, so you try thirty settings; the other gets three. Report the best of each:


# %%
def best_of(n, trials=100_000):
    """The mean of the best of n accuracies, when settings change nothing but luck."""
    return rng.normal(0.80, 0.02, (trials, n)).max(1).mean()


for n in (1, 3, 6, 30):
    print(f"best of {n:2d} settings: {best_of(n):.3f}")

# %% [markdown]
# The favourite wins by more than two points, and nothing was ever better. The expected maximum of $n$ draws grows
# with $n$: for draws with the distribution function $F$ it is
#
# $$E[\max] = \int x\;\mathrm{d}\big(F(x)^n\big)$$
#
# since all $n$ stay below $x$ with the probability $F(x)^n$. So a result is worth nothing without its **budget**
# (Dodge et al. 2019), and a comparison needs the same one for all. The formula can be estimated from settings that
# were tried: sort the $N$ scores, $s_1 \le \dots \le s_N$; the best of $n$ draws (with replacement) is $s_i$ with
# the probability $(i/N)^n - ((i-1)/N)^n$.


# %%
def expected_best(scores, n):
    """The expected best of n draws from these scores."""
    s = np.sort(scores)
    up_to = (np.arange(len(s) + 1) / len(s)) ** n
    return (s * np.diff(up_to)).sum()


tried = rng.normal(0.80, 0.02, 30)
for n in (1, 3, 6, 30):
    print(f"from thirty tries, best of {n:2d}: {expected_best(tried, n):.3f}")

# %% [markdown]
# There is a second sting. The best of thirty on the *validation* set is chosen partly for its luck there, so it does
# worse on the test set. Hence the rule: **choose on validation, report on test, and look at test once**.
#
# ### The pair and the crowd
#
# Two methods, a thousand test examples, two points between them. Are they different? Each has a standard error of
# one point, so the two intervals overlap, and many people stop there. But both answered **the same** examples. What
# counts is where they *differ*:

# %%
both = rng.random(1000) < 0.85  # both are right
a = both | (rng.random(1000) < 0.20)  # a fifth of the rest only a
b = both | (~a & (rng.random(1000) < 0.10))  # and a tenth of what is left only b
alone = 1.96 * np.sqrt(a.var() / 1000 + b.var() / 1000)
paired = 1.96 * (a * 1.0 - b).std() / np.sqrt(1000)
print(f"a {a.mean():.3f}   b {b.mean():.3f}   difference {a.mean() - b.mean():+.3f}")
print(f"as two crowds ± {alone:.3f}     in pairs ± {paired:.3f}")

# %% [markdown]
# In pairs, everything that is hard for both or easy for both drops out of the difference, and so does its noise. The
# interval becomes half as wide without a single new example: as two crowds the difference says nothing, in pairs it
# excludes 0.
#
# ### Looking often
#
# Compare eight methods on seven tasks, every pair: that is 196 intervals. Of 95 % intervals around nothing, one in
# twenty excludes 0, so ten "significant" wins come for free. **Holm's** cure (1979) is to be strict first and milder
# after: sort the $m$ p-values; to keep the chance of even one false alarm below $\alpha$, the smallest must be below
# $\alpha/m$, the next below $\alpha/(m-1)$, and so on; stop at the first that is not.


# %%
def holm(p, alpha=0.05):
    """Which of m p-values stay significant when the chance of even one false alarm shall be below alpha."""
    order = np.argsort(p)
    fails = p[order] > alpha / np.arange(len(p), 0, -1)
    kept = np.arange(len(p)) < (np.argmax(fails) if fails.any() else len(p))
    return kept[np.argsort(order)]


nothing = rng.random((2000, 196))  # p-values of comparisons in which nothing differs
print(f"false wins a study, 5 % each: {(nothing < 0.05).sum(1).mean():.1f}")
print(f"studies with a false win after Holm: {np.mean([holm(p).any() for p in nothing]):.1%}")

# %% [markdown]
# ## The hypotheses, before the experiment
#
# The survey article that this course follows gives two pieces of advice: for **images with text** take attention,
# for **speech with text** take two streams. So the study was given two hypotheses (the first on two versions of its
# task), written into its code before it ran. (Not quite before everything: a pilot of one seed, on other features,
# had been seen. That is said there as well.) Where the advice can be read in several ways, it is read in its favour:
# attention over modalities *or* over tokens, streams that learn alone *or* together, whichever does better on
# validation.

# %%
from mmcourse.studies import choosing

for hypothesis in choosing.ARTICLE:
    print(f"{hypothesis.says}, on {hypothesis.task}: best of {' and '.join(hypothesis.methods)}")

# %% [markdown]
# ## The experiment
#
# Seven tasks, each with fixed features (patches, words, frames, windows) so that nobody gets a better eye than
# others:
#
# | task | modalities | asked for | test differs from training by |
# |---|---|---|---|
# | image + text | a scene and a text, a fifth of them empty talk (chapter 08) | which of 24 things | new texts |
# | image + wrong texts | the same, and some of the texts are wrong | which of 24 things | new texts |
# | speech + text | a tone of voice and words (chapter 10) | which of 6 emotions | new sentences |
# | audio + video | motion and sound of a clip (chapter 09) | which of 10 actions | new clips |
# | face + voice + words | the moments of chapter 10 | which of 6 emotions | new sentences |
# | two sensors | accelerometer and gyroscope (real) | which of 7 exercises | new people |
# | digits | written and said (chapter 02; real hands) | which of 10 digits | new hands and voices |
#
# Eleven ways of fusing, with the same tiny towers: those of chapter 02, **cross-attention** (tokens of each modality
# look at those of the others; Tsai et al. 2019), and two readings of late fusion: **two streams** (after Simonyan &
# Zisserman 2014), each of which learns by itself before their chances are averaged, and **late**, which learns the
# streams together. Each method gets the same six settings, drawn at random (Bergstra & Bengio 2012), chooses one on
# validation (with one seed), and then meets the test with five. Not equal, and to be remembered: heads are linear in
# late fusion and deep elsewhere, as in chapter 02; and the advice's two methods meet the best of nine others.

# %%
for settings in choosing.SETTINGS:
    print(settings)

# %% [markdown]
# The whole study is one command, `python -m mmcourse.studies.choosing`, which takes under an hour on one core, may
# be stopped, and goes on where it stopped. Here are its results, after Holm's correction:

# %%
from mmcourse.studies import choosing_tables as tables
from mmcourse.studies.choosing_models import METHODS
from mmcourse.studies.choosing_tasks import MODALITIES

rows = tables.as_text().split("\n\n")
print(rows[0])

# %%
fig = show.method_map(*tables.as_arrays(), METHODS, tuple(MODALITIES), "minus concatenation")
show.figure(
    fig,
    "How much more each method is right than concatenation, by task; in brackets: not told apart.",
)

# %% [markdown]
# A difference counts if it survives other examples *and* other seeds: p is the larger of the two, corrected by Holm
# for all comparisons. (Of the 85, fifteen are of single modalities, which the map leaves out.) The first thing to
# see is how much is **not told apart**: with five seeds and so many comparisons even ten points can go unseen where
# seeds differ. *Not told apart* is not *equal*. The second: nobody wins everywhere.
#
# ### The advice, as it comes out

# %%
print(tables.hypotheses_as_text())

# %% [markdown]
# **The opposite, each time.** On images with text, two streams beat the better kind of attention by eight points and
# the other by seventeen or more; on speech with text, a joint method beats the streams by three.
#
# (The first two share their pictures, so they are not quite two.) Do not turn this around and make it the next
# advice. Why does it come out so? One guess is the **relation** between the modalities: in the first task, text and
# image are *independent witnesses* of one thing, whose chances one would multiply, and to average them is close; in
# speech with text, what one means depends on the other (sarcasm, masks), and a sum of verdicts has no word for that.
# But the second line speaks against the guess: with wrong texts the two contradict each other as well, and streams
# win by more still. And *late*, which averages too but learns its streams together, is no better than concatenation.
# So the names of the modalities do not decide; what does, this table alone cannot say.
#
# ### How fragile is it?
#
# An experiment has knobs that nobody would call part of the question. Two of them were turned, with five seeds: four
# times as many steps, and the *head*, which in chapter 02 is linear for streams and deep for joints, so that what
# looked like equal treatment was not (± is the 95 % interval over seeds):

# %%
from mmcourse.studies import choosing_knobs as knobs

parts = knobs.as_text().splitlines()
cut = next(i for i, row in enumerate(parts) if row.startswith("both tell"))
print("\n".join(parts[:cut]))

# %%
from mmcourse.metrics import over_seeds

image, speech, long = "image + text", "speech + text", knobs.LONG
linear = tables.share(image, "two streams"), knobs.share(image, 400, "cross-attention, linear head")
deep = knobs.share(image, 400, "two streams, deep heads"), tables.share(image, "cross-attention")
longer = knobs.share(image, long, "two streams"), knobs.share(image, long, "cross-attention")
said = knobs.share(speech, long, "two streams"), knobs.share(speech, long, "low-rank tensor")
for title, (a, b) in {
    "images, streams − cross-attention, linear heads": linear,
    "images, streams − cross-attention, deep heads": deep,
    "images, streams − cross-attention, 1600 steps": longer,
    "speech, streams − low-rank tensor, 1600 steps": said,
}.items():
    print("{:48s}{:+.3f}   {:+.3f} to {:+.3f}".format(title, *over_seeds(a - b)))

# %% [markdown]
# Both refutations stand, for these towers: on images with text the streams lead whatever is turned, on speech with
# text they stay two points behind. But look at what the **head** does. A linear one is worth more than four points
# to concatenation, a deep one costs the streams four: about as much as the fusion itself. And the image *alone*
# reaches .734 with a linear head where the great table says .594, so its row "best modality alone" is too low, and
# what fusion seems to gain is too much. Without this check, the table would have looked just as certain.
#
# ## When one is missing, or noisy

# %%
print("\n\n".join(rows[1:]))

# %% [markdown]
# With one modality away, and no training for it, **two streams are first on every task**: a stream that never heard
# of the other does not miss it. A product falls to guessing, for nothing times something is nothing. With one
# *noisy*, all lose a few points, and nobody wins everywhere. Does training with gaps (modality dropout, chapter 02)
# help? On the digits of chapter 02, three seeds, one setting for all; guessing gives 0.1 in the first and the last
# block and 0.5 in the second:

# %%
print("\n".join(parts[cut:]))

# %% [markdown]
# Training with gaps helps the joint methods a lot; with 4,000 examples they still stay five points or more behind
# the streams, with 100 the best of them cannot be told apart from those. The same table answers two more questions.
# Where both tell the same and there are only **a hundred examples**, all but attention are about equally good, and
# better than one modality: take the simplest. And where **only both together tell** (an exclusive or),
# cross-attention learns it in 400 steps every time, the tensor in some runs; concatenation needs 1,600. For the
# streams it is not a matter of steps: a sum of two verdicts cannot say it, however long it trains.
#
# ## What does it cost?

# %%
print(tables.costs_as_text())

# %%
points, best = tables.front()
fig = show.pareto(
    points, best, "operations, times concatenation's", "more right than concatenation"
)
show.figure(
    fig, "Mean gain over concatenation against operations; those that nobody beats are joined."
)

# %% [markdown]
# Only three are on the line, and two of those differ by a thousandth: a front is made of means, too. (Operations
# count products of matrices only.) And if one had to name a single method for all tasks, unseen? Rank the methods on
# each task, and average (Demšar 2006):

# %%
print(tables.ranks_as_text())

# %% [markdown]
# Low-rank tensor and cross-attention lead, and two methods must differ by the critical difference to be told apart
# on seven tasks: most are not. By mean gain the streams led, by rank they are in the middle: the average that you
# take decides. "Which is best on average" is a question with hardly an answer; "which is best for data like mine"
# has one more often.
#
# ## A decision chart
#
# No line of it is typed in. Each experiment knows what its data were like (contradicting or not, one missing or not,
# few examples or many), and for each description the chart names the **cheapest** method whose mean is within a
# point of the best and that none of those experiments tells apart from it:

# %%
from mmcourse.studies import choosing_advice as advising

steps = [(step.question, step.advice.choice, step.advice.why) for step in advising.chart()]
fig = show.decision_chart(steps)
show.figure(
    fig, "Questions about your data from top to bottom, each with the method that is advised."
)

# %% [markdown]
# The chart is as good as its experiments. *Gated* rests on one of them, and is the worst joint method elsewhere; few
# examples rest on two, of which one is at chance. Where digits with a knob are among the experiments, only five
# methods were tried, so the chart can name no other. And the fourth question mixes two cases: on *image + wrong
# texts* alone it would be two streams. Behind each answer stand its experiments, with their numbers:

# %%
print(advising.advice_as_text(count=2, disagree=True))

# %% [markdown]
# Describe your own data, and see which experiments speak for which choice:


# %%
def look(*description):
    """What `show.choosing_box` shows: the three best choices, why, and their experiments."""
    return [(a.choice, a.why, a.experiments) for a in advising.advise(*description)[:3]]


show.choosing_box(look)

# %% [markdown]
# ## A way to choose, in seven steps
#
# 1. **Measure each modality alone.** If one is as good as you need, stop.
# 2. **Ask what they have to do with each other.** Only both together tell? Then nothing late. Else try streams and
#    one joint method; the experiment decides.
# 3. **Ask what will be missing** where it is used, and test it so.
# 4. **Take the two or three simplest** that fit, with the same budget each; choose on validation.
# 5. **Compare in pairs**, with seeds; say how many comparisons you made.
# 6. **Turn a knob that should not matter** (steps, head, features) before you believe the order.
# 7. **Take the cheapest** of those that you cannot tell apart, and write down what would change your mind.
#
# ## Pitfalls
#
# - **Unequal budgets**, also hidden ones: the method that you know best gets the better head, features and learning
#   rate.
# - **Choosing on the test set**, also by looking at it only once more.
# - **Two intervals that overlap** are not a test; pair them.
# - **Bold numbers**: the best of eleven is not better than the second for being best.
# - **Advice by modality.** Ask what the two have to do with each other, and then measure.
# - **Accuracy with everything there**, for a system whose camera will be covered.
# - **An average over tasks** that your task is not like.
# - **This chapter**: tiny towers, small and mostly synthetic sets, 400 steps. It shows how to find out; it does not
#   know your data.
#
# ## Quiz

# %%
show.quiz("13_choosing_a_fusion_method", 1)

# %%
show.quiz("13_choosing_a_fusion_method", 2)

# %%
show.quiz("13_choosing_a_fusion_method", 3)

# %%
show.quiz("13_choosing_a_fusion_method", 4)

# %%
show.quiz("13_choosing_a_fusion_method", 5)

# %% [markdown]
# ## Exercise, and the capstone
#
# Open **`exercises/13_choosing_a_fusion_method/13_choosing_a_fusion_method.ipynb`**: 100 points.
#
# Then the last one, which nobody can check for you: **`capstone/README.md`**. Two modalities of your own, a system,
# an experiment that could come out either way, and a defence.
#
# ## References
#
# - Dodge et al. 2019, *Show your work: improved reporting of experimental results*, arXiv:1909.03004. Budgets.
# - Bergstra & Bengio 2012, *Random search for hyper-parameter optimization*, JMLR 13.
# - Holm 1979, *A simple sequentially rejective multiple test procedure*, Scandinavian Journal of Statistics 6.
# - Demšar 2006, *Statistical comparisons of classifiers over multiple data sets*, JMLR 7. Ranks, critical
#   difference.
# - Simonyan & Zisserman 2014, *Two-stream convolutional networks for action recognition*, arXiv:1406.2199.
# - Tsai et al. 2019, *Multimodal Transformer for unaligned multimodal language sequences*, arXiv:1906.00295.
# - To read on: Liang et al. 2021, *MultiBench*, arXiv:2107.07502; Wang, Tran & Feiszli 2020, *What makes training
#   multi-modal classification networks hard?*, arXiv:1905.12681.
# - The papers of chapter [02](02_fusion.ipynb) for each fusion.
