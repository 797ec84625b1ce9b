"""The captioners as torch modules, for training. Their parameters bear the names that `scratch` and `pytorch` take.

    model = Captioner("attention", rng, V=150, D=112, I=128, H=256, A=128)
    train(model, (regions, captions), lambda model, *batch: model(*batch), optimiser=...)
    hypotheses = pytorch.beam_search(*model.stepper(regions), begin, end, width=3, max_length=20)
    loss, cache = scratch.attention_captioner(regions, captions, **model.arrays())
"""

from torch import from_numpy, nn

from mmcourse.captioning import pytorch
from mmcourse.captioning.parameters import attention_shapes, draw, lstm_shapes

KINDS = {
    "lstm": (lstm_shapes, pytorch.lstm_captioner, pytorch.lstm_stepper),
    "attention": (attention_shapes, pytorch.attention_captioner, pytorch.attention_stepper),
}


class Captioner(nn.Module):
    """kind: 'lstm', for images as features (B, D), or 'attention', for regions (B, P, D).

    rng: a NumPy Generator for the first parameters; sizes: V, D, I, H and, for attention, A. options: `pad`, and for
    attention `penalty`, for the loss.
    """

    def __init__(self, kind, rng, *, options=None, **sizes):
        super().__init__()
        if kind not in KINDS:
            raise ValueError(f"Captioner: expected a kind of {tuple(KINDS)}, came {kind!r}")
        shapes, self._loss, self._stepper = KINDS[kind]
        self.options = options or {}
        for name, array in draw(rng, shapes(**sizes)).items():
            self.register_parameter(name, nn.Parameter(from_numpy(array)))

    def forward(self, images, captions):
        """The mean loss of a word under teacher forcing; captions (B, T + 1)."""
        return self._loss(images, captions, **self.options, **dict(self.named_parameters()))

    def stepper(self, images):
        """(step, start_state) for a search of `pytorch`."""
        return self._stepper(images, **dict(self.named_parameters()))

    def arrays(self):
        """The parameters for the NumPy half, by name."""
        return {name: parameter.detach().cpu().numpy() for name, parameter in self.named_parameters()}
