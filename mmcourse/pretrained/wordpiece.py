"""WordPiece (Wu et al. 2016, arXiv:1609.08144), as in BERT: words in lower case, cut into the longest known pieces.

    tokenize = WordPiece(vocabulary)        # the pieces in the order of their numbers
    tokenize.pieces("unaffordable")         # ["una", "##fford", "##able"]
    tokenize("unaffordable", 256)           # their numbers, between those of [CLS] and [SEP]

`##` marks a piece that goes on with a word. Nothing in a text can become a special token: "[SEP]" is three words.
"""

import re
import unicodedata

CLS, SEP, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_LONGEST_WORD = 100  # characters; a longer one is unknown
_IDEOGRAPH = re.compile(
    "([\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002ceaf\U0002f800-\U0002fa1f])"
)


class WordPiece:
    """Cuts a text into numbered pieces. Raises ValueError if the vocabulary lacks a special token."""

    def __init__(self, vocabulary):
        self.ids = {piece: number for number, piece in enumerate(vocabulary)}
        if missing := [token for token in (CLS, SEP, UNKNOWN) if token not in self.ids]:
            raise ValueError(f"expected a vocabulary with {CLS}, {SEP} and {UNKNOWN}, but it lacks {missing}")

    def __call__(self, text, most):
        """The numbers of the text's pieces between [CLS] and [SEP], at most `most` in all: the rest is not read."""
        numbers = [self.ids[piece] for piece in self.pieces(text)]
        return [self.ids[CLS], *numbers[: most - 2], self.ids[SEP]]

    def pieces(self, text):
        return [piece for word in words(text) for piece in self._cut(word)]

    def _cut(self, word):
        if len(word) > _LONGEST_WORD:
            return [UNKNOWN]
        pieces, start = [], 0
        while start < len(word):
            mark = "##" if start else ""
            for end in range(len(word), start, -1):
                if (piece := mark + word[start:end]) in self.ids:
                    break
            else:
                return [UNKNOWN]
            pieces.append(piece)
            start = end
        return pieces


def words(text):
    """Words in lower case without accents, and punctuation marks and ideographs one by one."""
    text = _IDEOGRAPH.sub(r" \1 ", "".join(_clean(c) for c in text))
    text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    return "".join(f" {c} " if _is_punctuation(c) else c for c in text.lower()).split()


def _clean(character):
    """White space as a blank; nothing for what no one sees."""
    if character.isspace():
        return " "
    return "" if character == "\ufffd" or unicodedata.category(character).startswith("C") else character


def _is_punctuation(character):
    """Every sign of ASCII, such as + and $, but only true punctuation beyond."""
    if character.isascii():
        return character.isprintable() and not character.isalnum() and character != " "
    return unicodedata.category(character).startswith("P")
