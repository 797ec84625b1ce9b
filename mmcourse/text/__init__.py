"""Text: from a string to tokens, from tokens to vectors.

    tokens      words, characters, and the numbers that stand for them
    bpe         byte-pair encoding: subwords learned by counting
    counts      word vectors by counting: co-occurrence, PPMI, SVD
    scratch     word vectors by learning: skip-gram with negative sampling (`pytorch` is its twin)

Axis letters: V entries of the vocabulary, D width of a vector, B examples, K negatives of an example.

Papers:
    Sennrich, Haddow & Birch 2016, "Neural machine translation of rare words with subword units", arXiv:1508.07909:
        algorithm 1 is `bpe.learn`.
    Mikolov et al. 2013, "Distributed representations of words and phrases and their compositionality",
        arXiv:1310.4546: eq. 4 is `skip_gram`; the power 3/4 of section 2.2 is `counts.noise_distribution`.
    Levy & Goldberg 2014, "Neural word embedding as implicit matrix factorization", NIPS: PPMI, its shift by log k
        and the symmetric split of the SVD, `counts.ppmi` and `counts.svd_vectors`. Their k is our K.
"""
