"""Recognition: from a recording to what is said in it, by convolutions, an LSTM and the loss of CTC.

    network = fitting.untrained(alphabet.classes)
    fitting.fit(network, alphabet, sounds, texts, steps=600)
    Recogniser(network, alphabet).transcribe(sound, rate)

A room of torch alone. By hand, in NumPy, stand the parts it is made of: `convolution`, `recurrent` (the LSTM), `layers`
and `speech` (the log-mel, the loss of CTC and its decoding).

Axis letters: B clips, N frames of 10 ms, M mel bands, T frames behind the strided convolutions, C classes (the blank
and the characters), H width of the LSTM. In `augment` and of sounds, T is samples, as in `speech`.

Papers:
    Graves et al. 2006, "Connectionist temporal classification: labelling unsegmented sequence data with recurrent
        neural networks", ICML: the loss, eq. 5 to 8.
    Amodei et al. 2016, "Deep Speech 2: end-to-end speech recognition in English and Mandarin", ICML, arXiv:1512.02595:
        strided convolutions, bidirectional recurrence, characters of either language by one recipe.
    Park et al. 2019, "SpecAugment", INTERSPEECH, arXiv:1904.08779: `augment.masked`.
"""

from mmcourse.recognition.alphabet import BLANK, Alphabet
from mmcourse.recognition.network import Network
from mmcourse.recognition.recogniser import Recogniser

__all__ = ["BLANK", "Alphabet", "Network", "Recogniser"]
