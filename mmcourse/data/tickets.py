"""Support tickets of a shop: a few words and a screenshot, and the desk that should get them, which is known.

    train = tickets.load("train")
    train.images                    # (N, 48, 36, 3) uint8: the customer's phone
    train.records[0]                # Ticket(route="payment", kind="image", text="look at this", ...)
    train.labels                    # (N,) the number of the desk in ROUTES
    train.chances                   # (N, 6) float32: how likely each desk is, for one who reads and sees everything

Four kinds, so that each modality is needed in its way:

    text        the words say it; the screenshot shows the shop's front page
    image       the words are vague; the screenshot says it
    both        "I ordered a clock, and this is what came" beside a photograph: `returns` if it is another thing, and
                `thanks` if it is a clock. Neither words nor picture say anything about that alone
    neither     vague words, the front page. Nobody can know; the desk was drawn from PRIOR, and the right answer is to
                ask back

Screenshots are shaken, too dark or too bright, and noisy by `noise`. The test split has phrasings, and pairs of an
ordered and a shown thing, that training never shows. A ticket is a function of its seed.
"""

import importlib.resources
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from tqdm.auto import tqdm

from mmcourse.data import cache, compositions, stickers
from mmcourse.data.captions import LANGUAGES
from mmcourse.data.concepts import CONCEPTS

ROUTES = ("payment", "delivery", "account", "technical", "returns", "thanks")
KINDS = {"text": 30, "image": 30, "both": 25, "neither": 15}  # per cent
PRIOR = {"payment": 40, "delivery": 30, "account": 20, "technical": 10}  # per cent, of those of the kind "neither"
DEFAULT_COUNTS = {"train": 4000, "test": 1000}
HEIGHT, WIDTH = 48, 36
ITEMS = ("apple", "book", "clock", "umbrella", "guitar", "key", "football", "rose", "cactus", "pizza", "crown", "bell")
PHRASES = {  # the last of each is for the test split
    "en": {
        "payment": ("my card was declined", "I was charged twice", "the amount on my bill is wrong",
                    "you took too much money", "my card was charged twice"),
        "delivery": ("my parcel has not arrived", "the courier never came", "where is my order",
                     "it was to be here on Monday", "the parcel never came"),
        "account": ("I cannot log in", "I forgot my password", "somebody changed my address",
                    "please delete my account", "I cannot change my password"),
        "technical": ("the app crashes all the time", "the page stays white", "the button does nothing",
                      "it freezes when I search", "the app stays white"),
        "vague": ("this does not work", "please help me", "what am I to do now", "look at this",
                  "please look at this"),
        "item": ("I ordered {} and this is what came", "this is what I got, I wanted {}",
                 "my order was {}, see the picture", "this came today, I had asked for {}",
                 "I wanted {} and this is what came"),
    },
    "zh": {
        "payment": ("我的卡被拒了", "你们扣了两次钱", "账单上的金额不对", "钱扣多了", "我的卡被扣了两次"),
        "delivery": ("我的包裹还没到", "快递一直没来", "我的订单在哪里", "说好周一送到的", "包裹一直没来"),
        "account": ("我登录不了", "我忘了密码", "有人改了我的地址", "请删除我的账号", "我改不了密码"),
        "technical": ("应用总是闪退", "页面一直是白的", "按钮点了没反应", "一搜索就卡住", "应用一直是白的"),
        "vague": ("这个用不了", "请帮帮我", "我现在该怎么办", "请看一下", "请帮我看一下"),
        "item": ("我订了{}，收到的是这个", "今天到的是这个，我要的是{}", "我的订单是{}，请看图",
                 "我本来要{}，这是送来的", "我要{}，收到的是这个"),
    },
}  # fmt: skip
_SOURCES = ("compositions.py", "concepts.py", "stickers.py", "tickets.py")


class Ticket(NamedTuple):
    """The desk, the kind, the words, what the screenshot shows (a desk, "front", or a thing's id), the thing that was
    ordered ("" unless the kind is "both"), and the standard deviation of the screenshot's noise, of 255."""

    route: str
    kind: str
    text: str
    shown: str
    ordered: str
    noise: int


@dataclass(frozen=True)
class Tickets:
    """N tickets: `images` (N, 48, 36, 3) uint8 RGB and `records`, N times `Ticket`."""

    images: np.ndarray
    records: tuple[Ticket, ...]

    def __len__(self):
        return len(self.records)

    @property
    def texts(self):
        return tuple(record.text for record in self.records)

    @property
    def labels(self):
        """The number of each ticket's desk in `ROUTES`: (N,) int64."""
        return np.array([ROUTES.index(record.route) for record in self.records], np.int64)

    @property
    def kinds(self):
        """(N,) of strings, for tables by kind."""
        return np.array([record.kind for record in self.records])

    @property
    def chances(self):
        """How likely each desk is to one who reads and sees everything: (N, 6) float32, rows of sum 1."""
        known = np.eye(len(ROUTES), dtype=np.float32)[self.labels]
        prior = np.array([PRIOR.get(route, 0) / 100 for route in ROUTES], np.float32)
        return np.where((self.kinds == "neither")[:, None], prior, known)


def load(split, language="en", count=None, seed=0):
    """The first `count` tickets of a split, from the cache or drawn.

    split: "train" or "test".   language: "en" or "zh".   count: `DEFAULT_COUNTS[split]` unless told otherwise.
    seed: a whole number from 0.   Raises ValueError for anything else, stickers.ArtError if the art is missing.
    """
    for name, value, known in (("split", split, tuple(DEFAULT_COUNTS)), ("language", language, LANGUAGES)):
        if value not in known:
            raise ValueError(f"tickets: expected a {name} of {known}, came {value!r}")
    count = DEFAULT_COUNTS[split] if count is None else count
    for name, value, least in (("count", count, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise ValueError(f"tickets: expected {name} to be a whole number from {least}, came {value!r}")
    arrays, notes = cache.cached(
        f"tickets-{split}-{language}-{count}-{seed}",
        _stamp(),
        lambda: _collect(split, language, count, seed),
        lambda arrays, notes: _check(arrays, notes, count),
    )
    return Tickets(arrays["images"], tuple(Ticket(*fields) for fields in notes))


def is_held_out(ordered, shown):
    """Whether training never shows this pair of an ordered and a shown thing; two of the same are never held out."""
    return ordered != shown and compositions.is_held_out(f"ticket {ordered} {shown}")


def draw(rng, held_out, language="en", kind=None):
    """One ticket from a numpy Generator: (image (48, 36, 3) uint8, Ticket).   kind: one of `KINDS`, or drawn."""
    if kind is not None and kind not in KINDS:
        raise ValueError(f"tickets: expected a kind of {tuple(KINDS)}, came {kind!r}")
    kind = kind or _weighted(rng, KINDS)
    ordered, desk = "", _weighted(rng, PRIOR) if kind == "neither" else ROUTES[rng.integers(len(PRIOR))]
    shown, says = {
        "text": ("front", desk),
        "image": (desk, "vague"),
        "neither": ("front", "vague"),
        "both": ("", "item"),
    }[kind]
    if kind == "both":
        desk, ordered, shown = _order(rng, held_out)
    phrases = PHRASES[language][says]
    phrase = phrases[-1] if held_out else phrases[rng.integers(len(phrases) - 1)]
    noise = (0, 20, 40, 60)[rng.integers(4)]
    return screenshot(shown, rng, noise), Ticket(
        desk, kind, phrase.format(named(ordered, language)), shown, ordered, noise
    )


def named(concept, language):
    """A thing as an order names it: "an apple", "一个苹果"; "" for ""."""
    if not concept:
        return ""
    c = CONCEPTS[concept]
    if language == "zh":
        return f"一{c.measure}{c.noun}"
    return f"{'an' if c.singular[0] in 'aeiou' else 'a'} {c.singular}"


def screenshot(shown, rng, noise=0):
    """A phone's screen (48, 36, 3) uint8: "front", the page of one of the first four desks, or a thing's photograph.

    rng: a numpy Generator, for the shake, the brightness and the noise.   noise: standard deviation, of 255.
    """
    page = np.full((HEIGHT, WIDTH, 3), 248, np.uint8)
    page[:6] = (70, 110, 190)  # the shop's bar
    if shown in ITEMS:
        _paste(page, stickers.sticker(shown, 28), 12, 4)
    else:
        _PAGES[shown](page)
    shaken = np.roll(page, rng.integers(-2, 3, 2), (0, 1)).astype(float) + rng.integers(-40, 41)
    return np.clip(shaken + noise * rng.standard_normal(page.shape), 0, 255).astype(np.uint8)


def _order(rng, held_out):
    """(desk, ordered, shown): the same thing in half of the cases."""
    ordered = compositions.pick(rng, ITEMS)
    if rng.integers(2):
        return "thanks", ordered, ordered
    others = [item for item in ITEMS if item != ordered and is_held_out(ordered, item) == held_out]
    return ("returns", ordered, compositions.pick(rng, others)) if others else ("thanks", ordered, ordered)


def _weighted(rng, shares):
    return tuple(shares)[int(np.searchsorted(np.cumsum(list(shares.values())), rng.integers(100), side="right"))]


def _paste(page, sticker, y, x):
    region = page[y : y + len(sticker), x : x + len(sticker)]
    region[:] = sticker[..., :3] + (region * (255 - sticker[..., 3:].astype(np.uint16)) + 127) // 255


def _front(page):
    for y in (10, 28):
        for x in (4, 20):
            page[y : y + 14, x : x + 12] = (222, 226, 232)


def _payment(page):
    page[16:34, 5:31] = (120, 150, 210)  # a card with its stripe and its chip
    page[20:23, 5:31] = (40, 50, 80)
    page[27:31, 8:13] = (230, 200, 90)
    _cross(page, 36, 26)


def _delivery(page):
    page[16:29, 4:22] = (190, 140, 90)  # a truck: its load, its cabin, two wheels
    page[20:29, 22:31] = (150, 105, 65)
    for x in (8, 24):
        page[28:33, x : x + 5] = (50, 50, 50)
    _cross(page, 36, 26)


def _account(page):
    page[24:38, 9:27] = (210, 170, 60)  # a padlock
    page[14:24, 12:24] = (120, 120, 120)
    page[17:24, 15:21] = (248, 248, 248)
    page[28:34, 17:19] = (60, 50, 20)


def _technical(page):
    for row in range(18):  # a warning triangle on an empty page
        page[14 + row, 18 - row * 2 // 3 : 18 + row * 2 // 3 + 1] = (235, 170, 30)
    page[20:27, 17:19] = page[29:31, 17:19] = (40, 40, 40)


def _cross(page, y, x):
    for d in range(7):
        page[y + d, x + d : x + d + 2] = page[y + d, x + 6 - d : x + 8 - d] = (210, 40, 40)


_PAGES = {"front": _front, "payment": _payment, "delivery": _delivery, "account": _account, "technical": _technical}


def _collect(split, language, count, seed):
    rng = np.random.Generator(np.random.PCG64([seed, tuple(DEFAULT_COUNTS).index(split), LANGUAGES.index(language)]))
    images, notes = np.empty((count, HEIGHT, WIDTH, 3), np.uint8), []
    for i in tqdm(range(count), desc=f"drawing {split} tickets", leave=False, delay=2):
        images[i], ticket = draw(rng, split == "test", language)
        notes.append(list(ticket))
    return {"images": images}, notes


def _check(arrays, notes, count):
    if arrays["images"].shape != (count, HEIGHT, WIDTH, 3) or len(notes) != count:
        raise ValueError(f"expected {count} tickets, got {arrays['images'].shape} and {len(notes)} notes")


def _stamp():
    here = importlib.resources.files("mmcourse.data")
    return cache.fingerprint(*((here / name).read_bytes() for name in _SOURCES), *stickers.renderer())
