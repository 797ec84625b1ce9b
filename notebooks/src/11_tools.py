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
# # 11 · Tools
#
# TensorFlow, PyTorch, Keras, Hugging Face Transformers: whoever begins in this field is told to learn one of them,
# and soon needs the others, because the model that everybody talks about is always in the one that one does not
# know. This chapter takes **one** model, an image captioner, and writes it four times: in NumPy, in PyTorch, in
# Keras, and with the classes of Hugging Face Transformers. Then it carries the *same weights* into all four. If they
# are the same function, they give the same numbers, to the last digits; and where they do not, you learn what the
# documentation meant.
#
# **After this chapter you can**
#
# - carry weights from one framework into another, and prove that nothing went wrong on the way;
# - say what each framework hides from you, what it gives you, and what that costs in lines and in seconds;
# - store a model so that others can open it safely (safetensors), and so that it runs without any framework (ONNX);
# - read the documentation of a layer you do not know, and check by experiment what it says.
#
# **Time**: two hours of reading and running. The notebook runs in about a minute. **You need** chapter
# [03](03_attention.ipynb) (attention) and [05](05_image_captioning.ipynb) (captioning). Chapter
# [12](12_transformers_and_trends.ipynb) builds the block that is used here line by line; the two can be read in
# either order.

# %%
from mmcourse import show  # first: it asks NumPy and torch for one thread each

import numpy as np
from matplotlib import pyplot as plt

from IPython.display import display

show.setup()

# %% [markdown]
# ## The picture first
#
# Which of the tools are installed here? If one is missing, the cells that need it say so, and the rest of the
# chapter goes on.

# %%
from mmcourse import tools

for name, version in tools.available():
    print(f"{name:14s}{version}")

# %% [markdown]
# One set of trained weights, four programs, and three scenes that none of them has seen:

# %%
from mmcourse.checkpoints import captioner
from mmcourse.data import scenes
from mmcourse.tools import pytorch, scratch

shipped = captioner.load()
modules = {"NumPy": scratch, "PyTorch": pytorch}
if tools.optional("keras"):
    from mmcourse.tools import with_keras

    modules["Keras"] = with_keras
if tools.optional("transformers"):
    from mmcourse.tools import huggingface

    modules["Transformers"] = huggingface

# %% tags=["nbval-ignore-output"] ignore_reason="a bar shows the first time only, when nothing is cached"
world = scenes.load("test", 50)
seen = captioner.see(world.images)

# %%
models = {name: m.build(shipped.weights, shipped.sizes) for name, m in modules.items()}
rows = {name: module.captions(models[name], seen[:3]) for name, module in modules.items()}
fig, axes = plt.subplots(1, 3, figsize=(10, 3.2))
for i, ax in enumerate(axes):
    ax.imshow(world.images[i])
    ax.set_axis_off()
    for name in modules:
        print(f"{name:13s}", " ".join(shipped.words.decode(rows[name][i])))
show.figure(fig, "Three scenes of the test split, which all four programs describe.")

# %% [markdown]
# Four times the same sentence. That is a nice picture and a weak proof: a caption is a row of *largest* entries, and
# a program that is slightly wrong often has the same largest entries. So look at the numbers behind the words:


# %%
def apart(dtype, kinds, count=20):
    """The largest difference between each program's logits and NumPy's, on `count` scenes and their captions."""
    weights = {name: a.astype(dtype) for name, a in shipped.weights.items()}
    images = seen[:count].astype(dtype)
    words = shipped.words.encode([r.en.words for r in world.records[:count]])[:, :-1]
    found = {}
    for name in kinds:
        model = modules[name].build(weights, shipped.sizes)
        found[name] = modules[name].logits(model, images, words)
    return {name: np.abs(a - found["NumPy"]).max() for name, a in found.items()}, found["NumPy"]


# %%
for dtype, digits in ((np.float32, 1e-5), (np.float64, 1e-10)):
    kinds = [name for name in modules if dtype is np.float32 or name != "Keras"]
    differences, ours = apart(dtype, kinds)
    print(f"{dtype.__name__}: logits from {ours.min():.1f} to {ours.max():.1f}")
    for name, difference in list(differences.items())[1:]:
        print(f"   {name:13s} within {digits:.0e} of NumPy: {difference <= digits}")

# %% [markdown]
# What is left is rounding: each adds up in another order. (Keras is not asked in float64: on every backend but
# TensorFlow it brings such numbers down to float32, and says nothing. That is the first thing we learn about a tool
# by comparing numbers, and no caption would have told.) That is what "the same function" means for programs, and it
# is the goal of this chapter.
#
# ## What a framework is for
#
# Take away all names, and every framework for neural networks offers the same five things:
#
# | | NumPy | PyTorch | Keras 3 | Transformers |
# |---|---|---|---|---|
# | **arrays and arithmetic**, on CPU or GPU | CPU | yes | of its backend: PyTorch, TensorFlow or JAX | of PyTorch |
# | **the way back** | by hand | autograd | of its backend | autograd |
# | **layers** with parameters | dicts | `nn.Module` | `Layer`, shapes found at first use | whole models from a config |
# | **a training loop** | by hand | by hand | `compile` and `fit` | `Trainer` |
# | **weights** of others | – | `torchvision`, `torch.hub` | `keras.applications` and hubs | a large hub |
#
# The further to the right, the more is ready-made, and decided by others; whether it is shorter as well we shall
# count. None is better. But whoever has gone through the columns once from left to right knows what was decided.
#
# ## The captioner
#
# It is an encoder and a decoder, as in chapter 05, and both are Transformers:
#
# $$\begin{aligned}
# z^{(0)} &= [\,c;\; W_{\mathrm{patch}}\,x_1 + b;\; \dots;\; W_{\mathrm{patch}}\,x_P + b\,] + p^{\mathrm{image}}, &
# \quad m &= \mathrm{LN}(\mathrm{encoder}(z^{(0)})) \\
# h^{(0)}_t &= E_{w_t} + p^{\mathrm{word}}_t, & \ell_t &= E\;\mathrm{LN}(\mathrm{decoder}(h^{(0)}, m))_t
# \end{aligned}$$
#
# The picture is cut into **patches** $x_i$; each becomes a token by one linear map, and a learned token $c$ is put
# in front (Dosovitskiy et al. 2021). Here a patch is not a square of pixels but one of the 8 × 8 regions that
# chapter 05's frozen EfficientNet-Lite0 sees, 112 numbers each: for the encoder that is a picture of 112 channels,
# and it learns in minutes (594 of 600 held-out captions are right, says its card; from the pixels themselves, 700
# steps got 273). The encoder's blocks let the tokens look at each other; its output $m$ is the **memory**. The
# decoder's blocks let each word look back at the words before it and then at the memory (Vaswani et al. 2017). The
# logits $\ell_t$ of the next word are the products with every row of the word table $E$, which is thus used twice
# (**tied** weights; Press & Wolf 2017). $P$ counts the patches, $p$ are learned positions, $w_t$ is the $t$-th word,
# LN layer norm (Ba et al. 2016). Below, V counts the words, T at most those of a sentence, D the numbers of a token,
# M those inside the MLP, C those of a patch. Each block normalises first, and its GELU is the tanh form (Hendrycks &
# Gimpel 2016).
#
# ### In NumPy
#
# Nothing is hidden in a library here. The blocks come from the room of chapter 12; around them it is this:

# %%
show.twins(scratch.Captioner.encode, pytorch.Captioner.encode)

# %% [markdown]
# On the left every step calls a function of our own, whose products chapter 12 writes out; on the right `nn.Conv2d`
# makes the tokens (a linear map of patches *is* a convolution whose stride is the size of its kernel), and
# `nn.TransformerEncoderLayer` is the block. What PyTorch hides is the way back; what it gives is the GPU.
#
# ### In Keras
#
# Keras describes a graph of layers. A layer learns its shapes when it first sees an input, so one writes the widths
# that go *out*, never those that come in. It runs on one of three backends, chosen before the import; here it is
# PyTorch, so that nothing else has to be installed.

# %%
if tools.optional("keras"):
    display(show.listing(with_keras.captioner))

# %% [markdown]
# ### With the classes of Transformers
#
# Here nothing is built. One *configures*: the encoder is a ViT, the decoder a GPT-2 with cross-attention, both tiny,
# and a class that exists puts them together.

# %%
if tools.optional("transformers"):
    display(show.listing(huggingface.configuration))

# %% [markdown]
# ## The same weights in four places
#
# Our weights are one dict of arrays. Each framework wants other names, and, what is worse, other **layouts**:

# %%
from mmcourse.tools.weights import Sizes, carry, carry_back, draw

sizes = shipped.sizes
print(
    f"V {sizes.V} words   D {sizes.D}   M {sizes.M}   {sizes.heads} heads   {sizes.P} patches of {sizes.C} numbers"
)
ours = {n: shipped.weights[n] for n in ("encoder.0.w_q", "encoder.0.w_k", "encoder.0.w_v")}
print("ours:", {name: a.shape for name, a in ours.items()})
for tool in ("pytorch", "keras", "huggingface"):
    carried = carry(shipped.weights, sizes, tool)
    print(f"\n{tool}: {len(carried)} arrays, among them")
    some = [n for n in carried if "0" in n and ("attn" in n or "attention" in n)][:3]
    some += [n for n in carried if n.endswith("h.0.attn.c_attn.weight")]  # of GPT-2
    print("\n".join(f"   {name:48s}{carried[name].shape}" for name in some))

# %% [markdown]
# Why do they differ? PyTorch's `Linear` keeps (out, in), as one writes $Wx$; Keras' `Dense` and GPT-2's `Conv1D`
# keep (in, out), as one writes $xW$. PyTorch and GPT-2 (not the ViT) keep queries, keys and values in **one**
# matrix, because one large product is quicker than three small ones; and they stack them along different axes. Keras
# gives the heads an axis of their own. Convolutions have the channels first in PyTorch and last in Keras.
#
# So carrying weights is a table of pairs, *there* and *back*, and a rule for what can go wrong: a missing, a
# superfluous or a wrongly shaped weight is refused. (*There and back* says that nothing is lost, not that it is
# right: for that, logits.)

# %%
small = Sizes(V=23, T=9, C=3, side=21, patch=7, D=20, M=17, encoder=1, decoder=2, heads=4)
random = draw(np.random.default_rng(1), small, np.float64)
for tool in ("pytorch", "keras", "huggingface"):
    back = carry_back(carry(random, small, tool), small, tool)
    print(f"{tool:12s} there and back:", all(np.array_equal(back[n], random[n]) for n in random))
broken = {name: a for name, a in random.items() if name != "word_table"}
try:
    carry(broken, small, "keras")
except ValueError as refusal:
    print(refusal)

# %% [markdown]
# ### A mistake that nobody notices
#
# The dangerous mistakes are those that do **not** stop. A square matrix may be transposed or not; queries and keys
# have the same shape; the GELU has two versions, and layer norm an epsilon with three different defaults. Here is
# how far each moves the logits, as a share of the largest, and what share of fifty captions stays as it was:

# %%
from mmcourse.tools import faults

words = shipped.words.encode([r.en.words for r in world.records])[:, :-1]
print(f"{'mistake':46s}{'logits move by':>15s}{'captions the same':>19s}")
for fault, move, same in faults.table(shipped.weights, shipped.sizes, seen, words):
    print(f"{fault:46s}{move:15.0e}{same:19.0%}")

# %% [markdown]
# Look at the right column alone, and four of the eleven are *no* mistakes, two more hardly any. Patches read column
# by column move the logits by a twentieth of the largest, and not one of fifty captions changes. Without a causal
# mask every word sees the words after it; a greedy search reads only the newest word, which has none after it
# (though the words it looks back at have), so nearly all captions stay, while the logits of a whole given caption,
# which is what training and scoring use, move by as much as the largest of them. The middle column sees every one of
# them. And a captioner that is so sure of its words hides more than another would.
#
# So two rules for whoever carries weights, and for whoever tests anything that is to equal something else:
#
# 1. **Compare logits, not answers**, with a tolerance that belongs to the number type: of the largest logit, 1e-5 in
#    float32 and 1e-10 in float64. More is no rounding.
# 2. **Compare with sizes that all differ, and with random weights.** Then a forgotten transpose of an oblong matrix
#    stops. Attention's matrices are square at any size: there random weights make the logits tell.

# %%
images = np.random.default_rng(2).standard_normal((6, small.C, small.side, small.side))
ids = np.random.default_rng(3).integers(3, small.V, (6, 8))
wanted = scratch.logits(scratch.build(random, small), images, ids)
for name in (n for n in modules if n not in ("NumPy", "Keras")):
    logits = modules[name].logits(modules[name].build(random, small), images, ids)
    print(f"{name:13s} random weights: within 1e-10 {np.abs(logits - wanted).max() < 1e-10}")
found = faults.table(random, small, images, ids)
print(
    f"mistakes that move these logits by more than 1e-6: {sum(m > 1e-6 for _, m, _ in found)} of {len(found)}"
)

# %% [markdown]
# ## How to read another's documentation
#
# Documentation says what a layer does to somebody who knows already. Six questions make it useful:
#
# 1. **Shapes**: which axis is what? Is the batch first? Are channels last?
# 2. **Defaults**: which numbers are in there that you did not choose?
# 3. **Conventions**: does True in a mask mean *look* or *do not look*? Is it a probability or a logit? Mean or sum?
# 4. **State**: what changes when it is called (running means, dropout, a cache)?
# 5. **First weights**: drawn how?
# 6. **Edge cases**: an empty row, a sequence of one, a value of zero.
#
# And then do not believe it, but *ask the function*. Defaults first; Python knows them:


# %%
import inspect

from torch import nn


def default(function, name):
    return inspect.signature(function).parameters[name].default


print(f"torch.nn.LayerNorm   eps = {default(nn.LayerNorm, 'eps')}")
print(f"torch.nn.GELU        approximate = {default(nn.GELU, 'approximate')!r}")
print(f"torch.nn.BatchNorm2d momentum = {default(nn.BatchNorm2d, 'momentum')}")

# %%
if tools.optional("keras"):
    import keras

    print(
        f"keras LayerNormalization epsilon = {default(keras.layers.LayerNormalization, 'epsilon')}"
    )
    print(
        f"keras gelu               approximate = {default(keras.activations.gelu, 'approximate')}"
    )
    print(
        f"keras BatchNormalization momentum = {default(keras.layers.BatchNormalization, 'momentum')}"
    )
# %% [markdown]
# A momentum of 0.1, said one page, and another says 0.99: PyTorch's is the share of the *new* mean, Keras' that of
# the *old* one. The same idea, two conventions, and a ported batch norm that remembers hardly more than the last
# batch.

# %%
if tools.optional("transformers"):
    from transformers import GPT2Config, ViTConfig

    print(f"ViTConfig  layer_norm_eps = {ViTConfig().layer_norm_eps}, {ViTConfig().hidden_act}")
    gpt2 = GPT2Config()
    print(f"GPT2Config layer_norm_epsilon = {gpt2.layer_norm_epsilon}, {gpt2.activation_function}")

# %% [markdown]
# Three epsilons and two GELUs. Now a convention that no signature tells: two tokens, the first of which may look at
# itself only. Three functions get the *same* mask:

# %%
import torch
from torch.nn import functional as F

x = torch.tensor(np.random.default_rng(0).standard_normal((1, 2, 4)), dtype=torch.float32)
mask = torch.tensor([[True, False], [True, True]])
y = F.scaled_dot_product_attention(x, x, x, attn_mask=mask)
print("torch's function: the first finds only itself:", torch.allclose(y[0, 0], x[0, 0]))
_, weights = nn.MultiheadAttention(4, 1, batch_first=True)(x, x, x, attn_mask=mask)
print("torch's layer:", weights[0].detach().numpy().round(2).tolist())

# %%
if tools.optional("keras"):
    layer = keras.layers.MultiHeadAttention(1, 4)
    _, weights = layer(
        x.numpy(), x.numpy(), attention_mask=mask[None].numpy(), return_attention_scores=True
    )
    first, second = keras.ops.convert_to_numpy(weights)[0, 0]
    print(
        "Keras' layer:  the first finds only itself:",
        first[0] == 1,
        "  the second both:",
        second.min() > 0,
    )

# %% [markdown]
# In PyTorch's *layer* True means "do not look", so the first token sees the second only, and the second, which may
# not look anywhere, gets NaN. In the *function* of the same library it is the other way round. Nobody remembers
# this; an experiment of two tokens takes a minute.

# %% [markdown]
# ## What each hides, and what each costs
#
# Four programs for one function, and a fifth, the ONNX file of the next section (our module for it also exports, so
# it imports PyTorch). How long is each, without docstrings, comments and blank lines? How long does one wait for the
# import, and how long for a batch of captions? (Measured by `python -m mmcourse.studies.tools`; seconds differ from
# machine to machine, so here they are ratios.)

# %%
from mmcourse.studies import tools as measured

print(measured.as_text())

# %% [markdown]
# `import` is how many times as long as importing NumPy it takes, `modules` how many modules of Python are loaded for
# it, `captions` the time of a batch of captions beside PyTorch's, `bytes a weight` what its own way of saving takes,
# and `largest difference` that from NumPy's logits, as a share of the largest logit.
#
# The shortest program is the NumPy one, since the blocks come from another chapter; it is also as quick as PyTorch
# here. Transformers is quickest, and not by its layers: while it writes, `generate` **keeps the keys and values** of
# the words before, where ours reads the whole sentence anew for every word. Keras is slowest; presumably since each
# of its layers checks, converts and dispatches, which counts when arrays are as small as ours. Saved, all are about
# four bytes a weight; the rest is names, and in ONNX the graph with the exporter's notes, a tenth. Is it really the
# kept keys and values? Leave them out, and time all in turn:

# %%
from mmcourse.timing import median_ratio, paired

if tools.optional("transformers"):
    regions, write = torch.tensor(seen[:16]), models["Transformers"].generate
    writers = {
        "kept": lambda: write(regions),
        "not kept": lambda: write(regions, use_cache=False),
        "ours": lambda: pytorch.captions(models["PyTorch"], seen[:16]),
    }
    seconds = paired(writers, 8)
    print("without them it takes longer:", median_ratio(seconds, "not kept", "kept") > 1.2)
    ratio = median_ratio(seconds, "not kept", "ours")
    print("and about as long as PyTorch's own layers:", 0.7 < ratio < 1.4)

# %% [markdown]
# ## Taking a model elsewhere
#
# A trained model has to leave the notebook in which it was made. Two things can be taken along: the **numbers**, or
# the numbers *and the computation*.
#
# ### Numbers: safetensors, and why not a pickle
#
# For years weights were stored as pickles, and a **pickle is a program**: a list of instructions for a small machine
# that builds objects, and one of them is "call this function". Here are the bytes of a file that claims to be a
# model:

# %%
import pickle
import pickletools


class Model:
    def __reduce__(self):
        return print, ("this could have been anything that you may do on this computer",)


file = pickle.dumps(Model())
pickle.loads(file)
calls = [
    op.name for op, _, _ in pickletools.genops(file) if "GLOBAL" in op.name or op.name == "REDUCE"
]
print("instructions in the file that fetch a function, and call it:", calls)

# %% [markdown]
# Nobody called anything; opening the file was enough. (`torch.load` therefore reads weights only, unless it is told
# otherwise: leave it that way.) A **safetensors** file cannot do this. It is eight bytes that tell the length of a
# header, the header, which is JSON (names, types, shapes, where the numbers are), and the numbers:

# %%
import json
from importlib import resources

path = resources.files("mmcourse.checkpoints") / "captioner.safetensors"
raw = path.read_bytes()
length = int.from_bytes(raw[:8], "little")
header = json.loads(raw[8 : 8 + length])
name = "encoder.0.w_q"
start, end = (8 + length + offset for offset in header[name]["data_offsets"])
by_hand = np.frombuffer(raw[start:end], np.float32).reshape(header[name]["shape"])
print(f"{len(raw):,} bytes, {len(header)} entries;  {name}: {header[name]}")
print("read by hand, equal:", np.array_equal(by_hand, shipped.weights[name]))

# %% [markdown]
# ### Numbers and computation: ONNX
#
# ONNX is a format for the *graph*: every operation, with its inputs and outputs, and the weights inside. A runtime
# executes it without PyTorch and without Python, on a phone or in a browser. The exporter follows an example through
# the model and writes down what happens; whatever it takes for a constant is one for ever. So say which sizes may
# change, and try the file with others than those of the example:

# %%
import tempfile
from collections import Counter
from pathlib import Path

if all(tools.optional(name) for name in ("onnx", "onnxscript", "onnxruntime")):
    from mmcourse.tools import with_onnx

    folder = tempfile.TemporaryDirectory()
    with_onnx.save(models["PyTorch"], folder.name)
    session = with_onnx.load(folder.name, shipped.sizes)
    for count in (1, 7):  # the example had two images and three words
        theirs = with_onnx.logits(session, seen[:count], words[:count])
        ours = pytorch.logits(models["PyTorch"], seen[:count], words[:count])
        print(f"images: {count}   within 1e-5: {np.abs(theirs - ours).max() < 1e-5}")

# %%
if onnx := tools.optional("onnx"):
    captions = with_onnx.captions(session, seen)
    same = [
        a == b for a, b in zip(captions, pytorch.captions(models["PyTorch"], seen), strict=True)
    ]
    print(f"captions the same: {np.mean(same):.0%}")
    graph = onnx.load(Path(folder.name) / "encoder.onnx").graph
    kinds = Counter(node.op_type for node in graph.node)
    print("the encoder as ONNX sees it:", dict(kinds.most_common(8)))

# %% [markdown]
# ### A folder that others can open
#
# The hub's format is a folder: a configuration, the weights, a tokenizer. Whoever has it loads it with the library's
# own two calls and knows nothing of us; only the regions that it reads must still come from `captioner.see`. Here it
# is written and read again, without a network:

# %%
if tools.optional("transformers"):
    from transformers import AutoTokenizer, VisionEncoderDecoderModel

    with tempfile.TemporaryDirectory() as place:
        huggingface.save(place, models["Transformers"], shipped.words)
        print(sorted(path.name for path in Path(place).iterdir()))
        again = VisionEncoderDecoderModel.from_pretrained(place)
        tokenizer = AutoTokenizer.from_pretrained(place)
    print(tokenizer.batch_decode(again.generate(torch.tensor(seen[:2])), skip_special_tokens=True))

# %% [markdown]
# ## Break it yourself
#
# Choose a mistake, a scene, and how much of its caption is given. The bars are the chances of the next word, once
# the beginning of the *true* caption has been read.


# %%
broken = {
    name: faults.build(name, shipped.weights, sizes)
    for name in (*faults.CARRYING, *faults.SETTINGS)
}


def look(mistake, scene, step):
    """What `show.mistake_box` shows: a picture, the likeliest words, both programs' chances, and both captions."""
    here, two = seen[scene : scene + 1], (models["PyTorch"], broken[mistake])
    logits = [pytorch.logits(m, here, words[scene : scene + 1, : step + 1])[0, -1] for m in two]
    chances = [torch.tensor(a).softmax(0).numpy() for a in logits]
    best = np.argsort(-np.maximum(*chances))[:5]
    captions = [" ".join(shipped.words.decode(pytorch.captions(m, here)[0])) for m in two]
    names = [shipped.words.entries[i] for i in best]
    return world.images[scene], names, chances[0][best], chances[1][best], " / ".join(captions)


# %%
*parts, sentence = look("queries and keys swapped", 1, 1)
show.figure(
    show.next_words(*parts), f"The next word by both programs, whose captions are: {sentence}."
)
print(sentence)

# %%
show.mistake_box(look, list(broken), scenes=len(world.images))

# %% [markdown]
# ## TensorFlow
#
# Keras chooses its backend when it is imported, so a notebook that runs cannot change it. Where TensorFlow is
# installed, start the course with it, and the Keras cells above run on TensorFlow, with the same weights and, within
# the same tolerance, the same logits:
#
# ```
# pip install -c constraints.txt -e ".[tensorflow]"
# KERAS_BACKEND=tensorflow mmcourse lab
# ```
#
# ## Pitfalls
#
# - **Comparing answers instead of numbers.** An argmax hides nearly everything.
# - **Square matrices.** Test with sizes that all differ.
# - **A default that nobody chose**: epsilon, GELU, momentum, dropout, the first weights, `max_length` of a
#   generation.
# - **True in a mask.** Try it with two tokens.
# - **Training mode.** Forget `eval()` and dropout is in your logits; the difference is never the same twice.
# - **Opening pickles of strangers.** Also `.pt`, `.pth`, `.bin`, `.npy` with objects, and notebooks.
# - **Exporting with one example** and using the file with another size.
# - **"from_pretrained" without a revision.** What is loaded today may be another thing tomorrow: pin it, as
#   everything here is pinned.
# - **Believing documentation**, this one included. Ask the function.
#
# ## Quiz

# %%
show.quiz("11_tools", 1)

# %%
show.quiz("11_tools", 2)

# %%
show.quiz("11_tools", 3)

# %%
show.quiz("11_tools", 4)

# %%
show.quiz("11_tools", 5)

# %% [markdown]
# ## Exercise
#
# Open **`exercises/11_tools/11_tools.ipynb`**: 100 points, each question a mistake of this kind.
#
# ## References
#
# - Vaswani et al. 2017, *Attention is all you need*, arXiv:1706.03762. Section 3.1 is the decoder.
# - Dosovitskiy et al. 2021, *An image is worth 16x16 words*, arXiv:2010.11929. Equations 1 to 3 are the encoder;
#   here its last norm is of all tokens.
# - Radford et al. 2019, *Language models are unsupervised multitask learners*. GPT-2.
# - Press & Wolf 2017, *Using the output embedding to improve language models*, arXiv:1608.05859. Tied weights.
# - Hendrycks & Gimpel 2016, *Gaussian error linear units*, arXiv:1606.08415. Section 2 has both forms.
# - Ba, Kiros & Hinton 2016, *Layer normalization*, arXiv:1607.06450.
# - Paszke et al. 2019, *PyTorch: an imperative style, high-performance deep learning library*, arXiv:1912.01703.
# - Abadi et al. 2016, *TensorFlow: a system for large-scale machine learning*, arXiv:1605.08695.
# - Wolf et al. 2020, *Transformers: state-of-the-art natural language processing*, EMNLP demonstrations.
# - The documentation of Keras 3, ONNX and safetensors, as of the versions printed above.
