"""Pictures from words: what the contract of the room does not say."""

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from mmcourse import generation
from mmcourse.data import portraits
from mmcourse.generation import fitting, flow, gan, parts, pytorch, scratch, vae
from mmcourse.generation.words import Sentences, Words

KINDS = tuple(generation.DEFAULTS)
CAPTIONS = ("a cat on the grass", "an owl at night", "a cat at night")


@pytest.fixture(scope="module")
def few():
    return portraits.load("train", portraits.SMALL[:3], 64)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def bags_and_pictures(n=5, words=7):
    bags = np.eye(words, dtype=np.float32)[np.arange(n) % words]
    x = np.random.default_rng(0).uniform(-1, 1, (n, 3, 32, 32)).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(bags)


# following a flow


@pytest.mark.parametrize(("solver", "order"), [("euler", 1), ("heun", 2)])
def test_the_order_of_the_solvers(solver, order):
    """dx/dt = (1 + cos 3t) x has the solution x e^(t + sin(3t) / 3)."""
    follow = getattr(scratch, solver)
    exact = 2 * np.exp(1 + np.sin(3.0) / 3)
    errors = [abs(follow(lambda x, t: (1 + np.cos(3 * t)) * x, np.array(2.0), n) - exact) for n in (40, 80, 160)]
    assert errors[0] / errors[1] == pytest.approx(2**order, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(2**order, rel=0.05)


@pytest.mark.parametrize("solver", ["euler", "heun"])
def test_a_straight_flow_arrives_in_one_step(solver):
    x, noise = np.random.default_rng(1).standard_normal((2, 5, 3))
    for steps in (1, 7):
        end = getattr(scratch, solver)(lambda x_t, t: x - noise, noise.copy(), steps)
        np.testing.assert_allclose(end, x, atol=1e-12)
        end = getattr(pytorch, solver)(lambda x_t, t: torch.from_numpy(x - noise), torch.from_numpy(noise), steps)
        np.testing.assert_allclose(end, x, atol=1e-12)


def test_heun_by_hand():
    """One step of dx/dt = x + t from 1: slopes 1 and 3, so 1 + 2 = 3; Euler gets to 2."""
    assert scratch.heun(lambda x, t: x + t, 1.0, 1) == 3
    assert scratch.euler(lambda x, t: x + t, 1.0, 1) == 2


def test_guidance_by_hand():
    assert [scratch.guided(3.0, 1.0, s) for s in (0, 1, 2)] == [1, 3, 5]


# words


def test_a_bag_holds_which_words_not_their_order():
    words = Words.of(CAPTIONS)
    assert words.words == ("a", "an", "at", "cat", "grass", "night", "on", "owl", "the")
    assert words.encode(["at night a cat", "A CAT at night", "the the owl"]).tolist() == [
        [1, 0, 1, 1, 0, 1, 0, 0, 0], [1, 0, 1, 1, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 1, 1]
    ]  # fmt: skip


def test_an_unknown_word_is_named_with_those_near_it():
    words = Words.of(CAPTIONS)
    with pytest.raises(ValueError, match=r"not learned the word 'nigth' of 'a cat at nigth'; near it: night"):
        words.encode(["a cat", "a cat at nigth"])
    with pytest.raises(ValueError, match=r"'zebra' of 'a zebra'; it knows a, an, at, cat"):
        words.encode(["a zebra"])
    with pytest.raises(ValueError, match=r"got one string. Try: \['a cat'\]"):
        words.encode("a cat")


def letters(texts):
    """A stand-in for a sentence encoder: how many a, b and c a text has, to length 1."""
    letters.asked += texts
    counts = np.array([[text.count(letter) for letter in "abc"] for text in texts], np.float32)
    return counts / np.linalg.norm(counts, axis=1, keepdims=True)


def test_sentence_vectors_are_standardised_over_the_training_captions(few):
    letters.asked = []
    captions = ["ab", "ac", "bc", "ab", "ab"]
    sentences = Sentences(letters, captions)
    assert letters.asked == ["ab", "ac", "bc"]  # each once
    standard = sentences.encode(["ab", "ac", "bc"])
    np.testing.assert_allclose(standard.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(standard.std(0), 1, rtol=1e-3)
    np.testing.assert_array_equal(sentences.encode(["bc", "ab", "bc"]), standard[[2, 0, 2]])
    raw = Sentences(letters, captions, standardise=False)
    np.testing.assert_allclose(raw.encode(["b", "ac"]), [[0, 1, 0], [0.5**0.5, 0, 0.5**0.5]], rtol=1e-6)
    assert len(raw) == len(sentences) == 3
    painter = generation.fit("vae", few, steps=1, progress=False, words=Sentences(letters, few.captions))
    assert painter.draw(["a cab"], np.random.default_rng(0)).shape == (1, 32, 32, 3)
    assert painter.network.decoder.words.in_features == 3


# networks and losses


@pytest.mark.parametrize("kind", KINDS)
def test_a_network_draws_and_every_weight_learns(kind):
    torch.manual_seed(0)
    network = fitting.NETWORKS[kind](7)
    with torch.no_grad():  # zeros at the start would hide what stands before them
        for p in network.parameters():
            p += 0.01 * torch.randn_like(p)
    x, bags = bags_and_pictures()
    network.loss(x, bags).backward()
    for name, p in network.named_parameters():
        assert p.grad is not None, name
        assert p.grad.abs().max() > 0, name
    drawn = network.draw(bags, torch.randn(5, *network.noise_shape))
    assert drawn.shape == (5, 3, 32, 32)
    other = network.draw(bags.roll(1, 1), torch.randn(5, *network.noise_shape))
    assert not torch.allclose(drawn, other)


def test_patches_are_put_together_again():
    x = torch.arange(2 * 3 * 32 * 32.0).view(2, 3, 32, 32)
    assert parts.patches(x).shape == (2, 12, 16, 16)
    assert torch.equal(parts.picture(parts.patches(x)), x)
    assert parts.patches(x)[0, :4, 5, 7].tolist() == x[0, 0, 10:12, 14:16].flatten().tolist()


def test_what_a_word_puts_where_adds_up():
    torch.manual_seed(1)
    vectors = parts.word_vectors(7)
    a, b = torch.eye(7)[[2]], torch.eye(7)[[5]]
    torch.testing.assert_close(vectors(a + b), vectors(a) + vectors(b))


def test_a_block_is_steered_by_scale_and_shift():
    """It must act as if the norm before its second convolution had these as its own gain and bias."""
    torch.manual_seed(0)
    block, x = parts.Block(16, 8, width=3), torch.randn(2, 16, 4, 4)
    with torch.no_grad():
        block.conv2.weight.normal_()
        block.steer.weight.zero_()
        block.steer.bias.normal_()
        found = block(x, torch.randn(2, 3))
        scale, shift = block.steer.bias[:8].clone(), block.steer.bias[8:].clone()
        block.steer.bias.zero_()
        block.norm2.weight.copy_(1 + scale)
        block.norm2.bias.copy_(shift)
        torch.testing.assert_close(block(x, torch.randn(2, 3)), found)


def test_each_player_of_the_gan_moves_its_own_weights():
    """The gradients of the joint loss are those of each player's own loss, written out here with autograd."""
    torch.manual_seed(2)
    network = gan.GAN(7).double().eval()  # in evaluation mode spectral normalisation does not iterate on
    x, bags = bags_and_pictures()
    x, bags = x.double(), bags.double()
    torch.manual_seed(3)
    network.loss(x, bags).backward()
    found = {n: p.grad.clone() for n, p in network.named_parameters()}
    torch.manual_seed(3)
    D, drawn = network.discriminator, network.generator(bags, torch.randn(5, gan.LATENT))
    real, fake, wrong = D(x, bags), D(drawn, bags), D(x, bags[[4, 0, 1, 2, 3]])
    value = (1 - real).relu().mean() + (1 + fake).relu().mean() / 2 + (1 + wrong).relu().mean() / 2
    theirs = dict(network.named_parameters())
    for player, own in (("discriminator", value), ("generator", -fake.mean())):
        names = [n for n in theirs if n.startswith(player)]
        for n, g in zip(names, torch.autograd.grad(own, [theirs[n] for n in names], retain_graph=True), strict=True):
            torch.testing.assert_close(found[n], g, msg=n)


def test_the_same_caption_is_no_mismatch():
    torch.manual_seed(4)
    network = gan.GAN(7)
    x, bags = bags_and_pictures(4)
    asked = []
    network.discriminator.register_forward_hook(lambda _, args, __: asked.append(args))
    network.loss(x, bags[[0, 0, 1, 1]])
    _, (pictures, captions), _ = asked
    assert torch.equal(pictures, x[[0, 2]])
    assert torch.equal(captions, bags[[1, 0]])


def test_the_vae_minimises_minus_the_elbo():
    torch.manual_seed(5)
    network = vae.VAE(7)
    network.encode.weight.data *= 100  # for latents that cost something
    x, bags = bags_and_pictures()
    torch.manual_seed(6)
    found = network.loss(x, bags).item()
    torch.manual_seed(6)
    with torch.no_grad():
        mean, log_variance = network.encode(torch.cat([network.look(parts.patches(x)), bags], 1)).chunk(2, 1)
        z = mean + (log_variance / 2).exp() * torch.randn_like(mean)
        prior, posterior = (torch.distributions.Normal(m, s) for m, s in ((0.0, 1.0), (mean, (log_variance / 2).exp())))
        kl = torch.distributions.kl_divergence(posterior, prior).sum(1)
        likelihood = torch.distributions.Normal(network.decoder(bags, z), vae.SIGMA).log_prob(x).sum((1, 2, 3))
        constant = 3072 * np.log(vae.SIGMA * np.sqrt(2 * np.pi))
    assert kl.mean() > 20
    assert found == pytest.approx(((kl - likelihood).mean().item() - constant) / 3072, rel=1e-4)


def test_a_flow_that_knows_the_picture_has_no_loss_and_arrives(monkeypatch):
    x, bags = bags_and_pictures()
    network = flow.Flow(7)
    monkeypatch.setattr(network, "forward", lambda x_t, t, bags: x)
    monkeypatch.setattr(torch.Tensor, "sigmoid", lambda t: torch.full_like(t, 0.6))
    assert network.loss(x, bags).item() < 1e-10
    for options in ({}, {"guidance": 1, "steps": 3}, {"guidance": 3, "steps": 20}):
        drawn = network.draw(bags, torch.randn(5, 3, 32, 32), **options)
        assert (drawn - x).abs().max() < 1e-4, options


def test_a_flow_forgets_words_in_training():
    torch.manual_seed(7)
    network, seen = flow.Flow(7), []
    network.register_forward_pre_hook(lambda _, args: seen.append(args[2]))
    x, _ = bags_and_pictures(1)
    network.loss(x.expand(400, -1, -1, -1), torch.ones(400, 7))
    kept = seen[0]
    assert (kept.sum(1) == 0).float().mean() == pytest.approx(flow.FORGET_ALL, abs=0.05)
    assert kept.mean() == pytest.approx((1 - flow.FORGET_ALL) * (1 - flow.FORGET_WORD), abs=0.04)


def test_guidance_of_one_follows_the_words_alone():
    torch.manual_seed(8)
    network, (_, bags) = flow.Flow(7), bags_and_pictures(2)
    with torch.no_grad():
        network.out[2].weight += 0.1 * torch.randn_like(network.out[2].weight)
        noise = torch.randn(2, 3, 32, 32)
        one, nearly, two = (network.draw(bags, noise, guidance=g, steps=2) for g in (1, 1 + 1e-6, 2))
    torch.testing.assert_close(one, nearly, atol=1e-3, rtol=0)
    assert (one - two).abs().max() > 1e-3


# training


@pytest.mark.parametrize("kind", KINDS)
def test_a_painter_is_a_function_of_its_seed(kind, few):
    first, again, other = (generation.fit(kind, few, steps=3, seed=s, progress=False) for s in (0, 0, 1))
    weights = [p.network.state_dict() for p in (first, again, other)]
    assert all(torch.equal(weights[0][n], weights[1][n]) for n in weights[0])
    assert max((weights[0][n] - weights[2][n]).abs().max() for n in weights[0]) > 0.5  # they started elsewhere
    assert first.losses == again.losses != other.losses
    assert len(first.losses) == 3
    captions = ["a cat on the grass"] * 4
    drawn = [p.draw(captions, np.random.default_rng(s)) for p, s in ((first, 0), (again, 0), (first, 1))]
    assert drawn[0].shape == (4, 32, 32, 3)
    assert drawn[0].dtype == np.uint8
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_training_leaves_torch_s_chance_alone(few):
    torch.manual_seed(9)
    expected = torch.rand(1)
    torch.manual_seed(9)
    generation.fit("vae", few, steps=1, progress=False)
    assert torch.equal(torch.rand(1), expected)


def test_what_was_learned_is_drawn():
    """Plain pictures: after a few steps of the VAE the colour asked for is the colour drawn."""
    images = np.stack([np.full((32, 32, 3), colour, np.uint8) for colour in (40, 220)] * 32)
    data = type("Pictures", (), {"images": images, "captions": ("dark", "light") * 32})
    painter = generation.fit("vae", data, steps=60, batch=16, progress=False)
    dark, light = painter.draw(["dark", "light"], np.random.default_rng(0)).reshape(2, -1).mean(1)
    assert dark < 80
    assert light > 180
    assert np.mean(painter.losses[-5:]) < np.mean(painter.losses[:5]) / 5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_no_weight_takes_on_nan(kind, where, few, monkeypatch):
    real = fitting.NETWORKS[kind]
    calls = []

    class Failing(real):
        def loss(self, x, bags):
            calls.append(1)
            value = super().loss(x, bags)
            if len(calls) < 3:
                return value
            if where == "loss":
                return value * float("nan")
            p = next(self.parameters())
            return value + 0 * (p - p.detach()).abs().sqrt().sum()  # finite, with a slope that is not

    monkeypatch.setitem(fitting.NETWORKS, kind, Failing)
    with pytest.raises(generation.Diverged, match=r"not finite at step 3; .* Try: a smaller rate than") as stop:
        generation.fit(kind, few, progress=False)
    calls.clear()
    good = generation.fit(kind, few, steps=2, progress=False, **{"cycle": False})
    kept = stop.value.painter
    assert all(p.isfinite().all() for p in kept.network.parameters())
    if not generation.DEFAULTS[kind]["cycle"]:
        for a, b in zip(kept.network.parameters(), good.network.parameters(), strict=True):
            assert torch.equal(a, b)
    assert kept.draw(["a cat at night"], np.random.default_rng(0)).shape == (1, 32, 32, 3)


def test_errors_that_are_no_divergence_stay_what_they_are(few, monkeypatch):
    monkeypatch.setattr(fitting.NETWORKS["vae"], "loss", lambda self, x, bags: self.encode(x))
    with pytest.raises(RuntimeError, match=r"shapes") as error:
        generation.fit("vae", few, steps=1, progress=False)
    assert not isinstance(error.value, generation.Diverged)


def test_what_cannot_be_done_is_said(few):
    with pytest.raises(ValueError, match=r"one of the kinds \('gan', 'vae', 'flow'\), got 'diffusion'"):
        generation.fit("diffusion", few)
    with pytest.raises(ValueError, match=r"settings among .*, got \['epochs'\]"):
        generation.fit("gan", few, epochs=3)
