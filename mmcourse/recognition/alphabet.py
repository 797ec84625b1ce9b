"""The characters that a recogniser can write, as numbers; 0 is CTC's blank."""

BLANK = 0


class Alphabet:
    """C − 1 characters, sorted, numbered from 1.   characters: a string, each character once."""

    def __init__(self, characters):
        if not characters or sorted(set(characters)) != list(characters):
            raise ValueError(
                f"Alphabet: expected characters, sorted, each once, came {characters!r}. Try: Alphabet.of(texts)"
            )
        self.characters = "".join(characters)
        self._numbers = {character: number for number, character in enumerate(self.characters, 1)}

    @classmethod
    def of(cls, texts):
        """All characters of some texts."""
        return cls("".join(sorted(set("".join(texts)))))

    @property
    def classes(self):
        """C: the characters and the blank."""
        return len(self.characters) + 1

    def encode(self, text):
        """A list of numbers, none of them BLANK. Raises ValueError for characters that are not in the alphabet."""
        if unknown := sorted(set(text) - set(self._numbers)):
            raise ValueError(f"{text!r} has characters out of the alphabet: {unknown}. It has {self.characters!r}")
        return [self._numbers[character] for character in text]

    def decode(self, numbers):
        """The text of some numbers; raises ValueError for a blank or a number that stands for nothing."""
        if wrong := [int(n) for n in numbers if not 1 <= n < self.classes]:
            raise ValueError(f"decode: expected numbers from 1 to {self.classes - 1}, came {wrong}")
        return "".join(self.characters[n - 1] for n in numbers)
