"""Captioning: a network looks at an image and writes a sentence about it, word by word.

    scratch     captioners in NumPy: an LSTM started by the image, and one that looks at regions (`pytorch`: the twins)
    decoding    from a step function to sentences, in NumPy: greedy, sampling, beam search
    parameters  the shapes of the captioners' parameters by name, and a first draw of them
    models      the same parameters as torch modules, for training
    transformer a Transformer decoder that looks at regions
    words       captions as numbers, and the regions as a captioner looks at them
    faults      what is wrong with a caption of a sticker scene

Axis letters: B images, D width of an image's features, P regions of an image, T steps, V entries of the vocabulary,
I width of a word's embedding, H width of the state, A width of the hidden layer that scores a region.

A caption is a row of word numbers: begin, the words, end, and then padding up to the longest of the batch. Captions
(B, T + 1) give T steps: step t reads the true word t and is asked for word t + 1 (teacher forcing).

A step function says how a captioner goes on. step(state, words) takes the last word of each of N sentences and
returns (log_probs (N, V), new state). The state is a tuple of arrays with one row a sentence: what stands in row n
belongs to sentence n, so that a search can drop, copy and reorder sentences without knowing the captioner.

Papers:
    Vinyals et al. 2015, "Show and tell", arXiv:1411.4555: eqs 10 to 13 are `lstm_captioner`, but that the image starts
        the state instead of being the first word.
    Xu et al. 2015, "Show, attend and tell", arXiv:1502.03044: eqs 1 to 7 and 13 are `attention_decoder`, without the
        gating scalar of section 4.2.1; the penalty in eq. 14 is `doubly_stochastic_penalty`. Their m, n, L, D, C and K
        are our I, H, P, D, T and V.
    Bahdanau et al. 2015, "Neural machine translation by jointly learning to align and translate", arXiv:1409.0473:
        the alignment model of appendix A.1.2 is the score in `additive_attention`.
    Wu et al. 2016, "Google's neural machine translation system", arXiv:1609.08144: section 7, why a search needs a
        length penalty; ours is the simpler one that divides by a power of the length.
    Fan et al. 2018, "Hierarchical neural story generation", arXiv:1805.04833: section 5.4, sampling from the top k.
"""
