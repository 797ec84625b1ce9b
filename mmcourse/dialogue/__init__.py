"""Dialogue: what a request means, and what to answer.

    scratch         a linear-chain conditional random field by hand in NumPy (`pytorch`: the twin)
    hearing         what may be said, as a language model of words and of classes of words
    frames          from the tags of words to slots, and what a request was taken to mean
    understanding   words or characters to an intent and slots: a bidirectional LSTM with that field on top
    fitting         train it, with words left out and misheard
    rules           the same by keywords, without learning: the baseline
    seeing          what was seen in a picture, in the form of what is true of one
    skills          what the assistant can do: from what was understood and seen to an answer
    sentences       how it says that, in English and in Chinese
    assistant       stages in a row, from a sound to a spoken answer, and what is remembered between turns
    stages          these stages, of what the course has trained

Axis letters: B sequences, T steps (words or characters), K tags, I width of an embedding, H width of a state,
N intents.

Papers:
    Lafferty, McCallum & Pereira 2001, "Conditional random fields: probabilistic models for segmenting and labeling
        sequence data", ICML: the model; a chain, with scores that do not depend on the place for neighbouring tags.
    Rabiner 1989, "A tutorial on hidden Markov models and selected applications in speech recognition", Proc. IEEE 77:
        section III, the recursions forward, backward and of Viterbi, which serve a field as well.
    Ramshaw & Marcus 1995, "Text chunking using transformation-based learning", arXiv:cmp-lg/9505040: tags that say
        where a piece begins, goes on, and that a word is in none.
    Brown et al. 1992, "Class-based n-gram models of natural language", Computational Linguistics 18: `hearing`.
    Huang, Xu & Yu 2015, "Bidirectional LSTM-CRF models for sequence tagging", arXiv:1508.01991: the network.
"""
