"""Training a recogniser, from scratch or onward from a trained one, by the loss of CTC.

Graves et al. 2006, "Connectionist temporal classification", ICML: the loss is minus the logarithm of the summed
probability of all frame-by-frame spellings of the text; `mmcourse.speech.scratch.ctc_loss` computes it by hand.
"""

import copy

import numpy as np
import torch
from torch.nn.functional import ctc_loss
from torch.nn.utils import clip_grad_norm_

from mmcourse.recognition.alphabet import BLANK
from mmcourse.recognition.augment import masked
from mmcourse.recognition.network import Network, features, padded
from mmcourse.recognition.recogniser import Recogniser
from mmcourse.train import train

_STEEPEST = 2.0  # longest gradient; a longer one is cut to it
_POOL = 8  # batches drawn together, sorted by length and cut up, so that little of a batch is padding


def untrained(classes, seed=0, **sizes):
    """A `Network` whose first weights come from the seed alone."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return Network(classes, **sizes)


def fit(network, alphabet, sounds, texts, steps, *, batch=16, rate=3e-3, augment=None, seed=0, progress=True):
    """Train the network in place on recordings of texts; returns the `History` of `mmcourse.train`.

    sounds: N float32 arrays (T,) at 8,000 samples a second.   texts: what is said in each.
    augment: augment(sound, rng) changes each recording each time anew; None: as they are, and quicker.
    rate: the highest learning rate, which warms up over a tenth of the steps and falls to nothing at the end.
    The same seed gives the same network on one machine. Raises ValueError for texts or sounds that do not fit.
    """
    if len(sounds) != len(texts) or not len(texts):
        raise ValueError(f"fit: expected as many sounds as texts, came {len(sounds)} and {len(texts)}")
    if network.head.out_features != alphabet.classes:
        raise ValueError(
            f"fit: a network of {network.head.out_features} classes, the alphabet has {alphabet.classes}. "
            "Try: untrained(alphabet.classes)"
        )
    targets = [torch.tensor(alphabet.encode(text)) for text in texts]
    heard = [features(sound) for sound in sounds] if augment is None else None
    lengths = np.array([len(sound) for sound in sounds])

    def draw(rng):
        pool = rng.choice(len(texts), _POOL * batch)
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        start = batch * rng.integers(_POOL)
        ids = pool[start : start + batch]
        many = [masked(heard[i] if heard else features(augment(sounds[i], rng)), rng) for i in ids]
        wanted = [targets[i] for i in ids]
        return *padded(many), torch.cat(wanted), torch.tensor([len(w) for w in wanted])

    def loss(network, x, lengths, wanted, wanted_lengths):
        log_probs, lengths = network(x, lengths)
        # a text that was said in fewer frames than it has letters has no spelling: it teaches nothing
        return ctc_loss(log_probs, wanted, lengths, wanted_lengths, BLANK, zero_infinity=True)

    optimiser = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-2)
    optimiser.register_step_pre_hook(_cut_gradients)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps + 1, pct_start=0.1, cycle_momentum=False
    )
    return train(network, draw, loss, optimiser=optimiser, schedule=schedule, steps=steps, seed=seed, progress=progress)


def tuned(recogniser, sounds, texts, steps=100, *, rate=1e-3, **options):
    """The recogniser after some more training, on recordings of a voice or a room that it does not know; a new one.

    options: see `fit`. Its alphabet stays: raises ValueError for texts with other characters.
    """
    network = copy.deepcopy(recogniser.network).requires_grad_(True)
    fit(network, recogniser.alphabet, sounds, texts, steps, rate=rate, **options)
    return Recogniser(network, recogniser.alphabet)


def _cut_gradients(optimiser, *_):
    clip_grad_norm_([p for group in optimiser.param_groups for p in group["params"]], _STEEPEST)
