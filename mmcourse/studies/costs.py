"""What Transformers over several modalities cost, measured, beside what `mmcourse.transformer.costs` says beforehand.

    python -m mmcourse.studies.costs            measures what is missing, then prints the tables; safe to stop
    python -m mmcourse.studies.costs --again    measures everything anew; counts come out the same, seconds do not

Parameters are counted; operations by PyTorch's own counter, which does not know the fused attention kernel of CPUs and
so watches the plain one; kept bytes by what autograd saves, each storage once; held bytes by PyTorch's profiler.
Seconds are those of the processor, so that other work on the machine, which makes all wait, counts little.
"""

import functools
import inspect
import time

import numpy as np
import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from mmcourse.studies import kept
from mmcourse.studies.digits import RESULTS as DIGITS
from mmcourse.transformer import costs, pytorch

COUNTS, SECONDS = (DIGITS.with_name(name + ".jsonl") for name in ("costs", "costs_seconds"))
COUNT_NAMES, SECOND_NAMES = ("blocks", "fusion", "tokens"), ("fusion", "tokens", "round")
WIDTH, LAYERS, HEADS, MLP, BATCH, BOTTLENECK = 64, 2, 4, 4, 2, 4
EACH = 128  # tokens of a modality, where the number of modalities grows
FITTED = {"tokens": (16, 32, 64, 128, 256, 512), "modalities": (2, 3, 4, 5)}
BEYOND = {"tokens": (1024, 2048), "modalities": (8,)}  # not fitted: what the fit says of these is the test
ROUNDS = range(12)
BLOCKS = ("PyTorch's", "the room's")
COUNTED = [("joint", (61,)), ("joint", (251,)), *((f, t) for t in ((61, 31), (97, 61, 17)) for f in costs.FUSIONS)]


class Block(nn.Module):
    """The room's `encoder_block` or `decoder_block` with parameters of its own, called as PyTorch's layers are."""

    def __init__(self, function, width, heads, mlp):
        super().__init__()
        self.function, self.heads = function, heads
        names = [n for n in inspect.signature(function).parameters if n not in ("x", "memory", "heads", "mask")]
        self.own = nn.ParameterDict({n: 0.1 * torch.randn(_shape(n, width, mlp)) for n in names})

    def forward(self, *inputs):
        return self.function(*inputs, **self.own, heads=self.heads)


def _shape(name, width, mlp):
    wide = {"w_in": (mlp * width, width), "b_in": (mlp * width,), "w_out": (width, mlp * width)}
    return wide.get(name, (width, width) if "w_" in name and "norm" not in name else (width,))


class Fusion(nn.Module):
    """Stacks of blocks as `costs.FUSIONS` describes them: from tokens (B, T, width) of each modality to the same."""

    def __init__(self, fusion, modalities, blocks=BLOCKS[0], width=WIDTH, layers=LAYERS, heads=HEADS, mlp=MLP):
        super().__init__()
        self.fusion = fusion
        cross, same = fusion == "cross", {"dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": True}
        if blocks == BLOCKS[0]:
            kind = nn.TransformerDecoderLayer if cross else nn.TransformerEncoderLayer
            make = functools.partial(kind, width, heads, mlp * width, **same)
        else:
            make = functools.partial(
                Block, pytorch.decoder_block if cross else pytorch.encoder_block, width, heads, mlp
            )
        stacks = 1 if fusion == "joint" else modalities
        self.stacks = nn.ModuleList(nn.ModuleList(make() for _ in range(layers)) for _ in range(stacks))
        if fusion == "bottleneck":
            self.shared = nn.Parameter(0.02 * torch.randn(BOTTLENECK, width))

    def forward(self, *sequences):
        if self.fusion == "bottleneck":
            shared = self.shared.expand(len(sequences[0]), -1, -1)
        lengths = [x.shape[1] for x in sequences]
        if self.fusion == "joint":
            sequences = [torch.cat(sequences, 1)]
        for blocks in zip(*self.stacks, strict=True):
            if self.fusion == "cross":
                sequences = [
                    block(x, torch.cat([*sequences[:i], *sequences[i + 1 :]], 1))
                    for i, (block, x) in enumerate(zip(blocks, sequences, strict=True))
                ]
            elif self.fusion == "bottleneck":
                y = [block(torch.cat([x, shared], 1)) for block, x in zip(blocks, sequences, strict=True)]
                shared = sum(s[:, n:] for s, n in zip(y, lengths, strict=True)) / len(y)
                sequences = [s[:, :n] for s, n in zip(y, lengths, strict=True)]
            else:
                sequences = [block(x) for block, x in zip(blocks, sequences, strict=True)]
        return sequences[0].split(lengths, 1) if self.fusion == "joint" else sequences


def made(fusion, tokens, blocks=BLOCKS[0], batch=BATCH):
    """(a `Fusion`, its inputs), drawn from one seed; the inputs want gradients, as projected tokens do."""
    torch.manual_seed(0)
    model = Fusion(fusion, len(tokens), blocks)
    return model, [torch.randn(batch, T, WIDTH, requires_grad=True) for T in tokens]


def step(model, inputs):
    sum(y.square().mean() for y in model(*inputs)).backward()


def counted_flops(run):
    """Of a call of run(), by PyTorch's counter. A fused kernel of the CPU would count as nothing."""
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def kept_bytes(model, inputs):
    """What autograd keeps for the way back, each storage once, without the parameters."""
    storages = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes(), tensor  # the tensor is held: no address comes twice
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model(*inputs)
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    return sum(size for address, (size, _) in storages.items() if address not in own)


def held_bytes(model, inputs):
    """The most that a way there holds at once, beside inputs and parameters."""
    with torch.inference_mode(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        model(*inputs)
    events = [e for e in seen.profiler.kineto_results.events() if e.name() == "[memory]"]
    return int(np.cumsum([e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())]).max())


def count(blocks, fusion, tokens):
    """A line of counts. tokens: "61 31", say. flops: there; there and back. kept, held: fused; with plain attention."""
    model, inputs = made(fusion, _numbers(tokens), blocks)
    line = {"blocks": blocks, "fusion": fusion, "tokens": tokens}
    line["parameters"] = sum(p.numel() for p in model.parameters())
    line["flops"] = [counted_flops(lambda: model(*inputs)), counted_flops(lambda: step(model, inputs))]
    for name, measure in (("kept", kept_bytes), ("held", held_bytes)):
        line[name] = []
        for kernel in (SDPBackend.FLASH_ATTENTION, SDPBackend.MATH):
            with sdpa_kernel(kernel):
                line[name].append(measure(model, inputs))
    return line


def told(fusion, tokens):
    """What `costs.costs` says of a line of counts before anything is measured, under the same names."""

    def say(training, fused=True):
        return costs.costs(fusion, _numbers(tokens), WIDTH, LAYERS, HEADS, MLP, bottleneck=BOTTLENECK, batch=BATCH,
                           training=training, fused=fused)  # fmt: skip

    line = {"parameters": say(True).parameters, "flops": [say(training).flops for training in (False, True)]}
    for name, training in (("kept", True), ("held", False)):
        line[name] = [say(training, fused).activations for fused in (True, False)]
    return line


def clock(fusion, tokens, round_, least=0.05):
    """A line of seconds of the processor, the mean of as many calls as take `least` seconds: there, and a step."""
    model, inputs = made(fusion, _numbers(tokens), batch=1)
    line = {"fusion": fusion, "tokens": tokens, "round": round_}
    for name, run in (("there", _there), ("step", step)):
        run(model, inputs)
        calls, start = 0, time.process_time()
        while calls == 0 or time.process_time() - start < least:
            run(model, inputs)
            calls += 1
        line[name] = round((time.process_time() - start) / calls, 7)
    return line


@torch.inference_mode()
def _there(model, inputs):
    model(*inputs)


def _numbers(tokens):
    return tuple(map(int, tokens.split()))


def sizes(what):
    """{number: tokens} of a curve: "tokens" of one modality, or "modalities" of EACH tokens; the fitted ones first."""
    numbers = FITTED[what] + BEYOND[what]
    return {n: " ".join([str(n)] if what == "tokens" else [str(EACH)] * n) for n in numbers}


CURVES = [("joint", "tokens"), *((fusion, "modalities") for fusion in costs.FUSIONS)]
CLOCKED = [(fusion, tokens, r) for r in ROUNDS for fusion, what in CURVES for tokens in sizes(what).values()]


def counts():
    """The lines of counts by (blocks, fusion, tokens)."""
    return kept.read(COUNTS, *COUNT_NAMES)


def seconds(fusion, what, name="step"):
    """(numbers, seconds) of a curve: the least of all rounds, since other work on a machine only ever adds."""
    found = kept.read(SECONDS, *SECOND_NAMES)
    return tuple(
        np.array(column)
        for column in zip(
            *((n, min(found[fusion, tokens, r][name] for r in ROUNDS)) for n, tokens in sizes(what).items()),
            strict=True,
        )
    )


def extrapolated(fusion, what, name="step"):
    """(fit, {number beyond: what the fit says over what was measured}), the fit being of FITTED alone."""
    numbers, measured = seconds(fusion, what, name)
    known = np.isin(numbers, FITTED[what])
    fit = costs.fit_seconds(numbers[known], measured[known])
    ratios = costs.seconds_of(numbers[~known], fit) / measured[~known]
    return fit, dict(zip(numbers[~known].tolist(), ratios.tolist(), strict=True))


def curve(fusion, what, name="step"):
    """What `show.cost_curves` draws: numbers, milliseconds, which of them are fitted, and the fit's line."""
    numbers, measured = seconds(fusion, what, name)
    line = np.geomspace(numbers[0], numbers[-1], 50)
    fit, _ = extrapolated(fusion, what, name)
    return numbers, 1000 * measured, np.isin(numbers, FITTED[what]), line, 1000 * costs.seconds_of(line, fit)


def beside_joint(modalities, name="step"):
    """{fusion: (flops told, seconds measured)} of so many modalities, both over those of "joint"."""
    tokens, found = sizes("modalities")[modalities], {}
    for fusion in costs.FUSIONS:
        measured = dict(zip(*seconds(fusion, "modalities", name), strict=True))[modalities]
        found[fusion] = told(fusion, tokens)["flops"][name == "step"], float(measured)
    return {fusion: tuple(a / b for a, b in zip(found[fusion], found["joint"], strict=True)) for fusion in found}


def counts_as_text():
    """Measured over told, for each line of counts; flops of a step, bytes kept and held, fused and by the formula."""
    heads = ("parameters", "flops", "kept", "kept, plain", "held", "held, plain")
    rows = [f"{'blocks':12s}{'fusion':12s}{'tokens':10s}" + "".join(f"{head:>13s}" for head in heads)]
    for (blocks, fusion, tokens), line in counts().items():
        say = told(fusion, tokens)
        pairs = [(line["parameters"], say["parameters"]), (line["flops"][1], say["flops"][1]),
                 *((line[n][i], say[n][i]) for n in ("kept", "held") for i in (0, 1))]  # fmt: skip
        rows.append(f"{blocks:12s}{fusion:12s}{tokens:10s}" + "".join(f"{a / b:13.3f}" for a, b in pairs))
    return "\n".join(rows)


def seconds_as_text(name="step"):
    """The fit of each curve in milliseconds, and what it says of sizes beyond, over what they took."""
    rows = [f"{'fusion':12s}{'grows in':12s}{'a':>9s}{'b':>9s}{'c':>11s}   fit / measured beyond"]
    for fusion, what in CURVES:
        fit, ratios = extrapolated(fusion, what, name)
        a, b, c = 1000 * fit
        beyond = "   ".join(f"{n}: {ratio:.2f}" for n, ratio in ratios.items())
        rows.append(f"{fusion:12s}{what:12s}{a:9.3f}{b:9.4f}{c:11.6f}   {beyond}")
    return "\n".join(rows)


def main():
    torch.set_num_threads(1)
    lines = [(blocks, fusion, " ".join(map(str, t))) for blocks in BLOCKS for fusion, t in COUNTED]
    kept.complete(COUNTS, COUNT_NAMES, lines, count, "counts")
    kept.complete(SECONDS, SECOND_NAMES, CLOCKED, clock, "seconds")
    print(counts_as_text(), seconds_as_text(), sep="\n\n")


if __name__ == "__main__":
    main()
