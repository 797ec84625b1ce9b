"""Summaries of films: where shots begin, and a few frames that matter and do not repeat each other.

    scratch     histograms and shot boundaries; maximal marginal relevance, facility location, determinantal point
                processes, each with its greedy choice, in NumPy (`pytorch`: the twins)
    baselines   every n-th frame, any frames, the middles of clusters, the most relevant frames
    signals     what a frame has to offer: movement, sound, looks
    describing  the shots of a film, each in a sentence

A greedy choice is a list of indices: it jumps, and has no gradient. What it climbs has one, and so the similarities
(`rbf`), the value of a set (`facility_location`) and its probability (`log_probability`) come with their way back:
that is how a summariser is learned from summaries that people made.

Axis letters: T frames, D numbers a frame, H and W pixels, C bins of a colour, S frames of a summary.

Papers:
    Carbonell & Goldstein 1998, "The use of MMR, diversity-based reranking for reordering documents and producing
        summaries", SIGIR, p. 335: `maximal_marginal_relevance`.
    Nemhauser, Wolsey & Fisher 1978, "An analysis of approximations for maximizing submodular set functions I",
        Mathematical Programming 14, p. 265: greedily chosen sets are worth at least 1 - 1/e of the best ones.
    Gygli, Grabner & Van Gool 2015, "Video summarization by learning submodular mixtures of objectives", CVPR: summaries
        of films as such sets.
    Kulesza & Taskar 2012, "Determinantal point processes for machine learning", arXiv:1207.6083: section 2.2,
        L-ensembles.
    Chen, Zhang & Zhou 2018, "Fast greedy MAP inference for determinantal point process to improve recommendation
        diversity", arXiv:1709.05135: algorithm 1 is `greedy_dpp`.
    Gonzalez 1985, "Clustering to minimize the maximum intercluster distance", Theoretical Computer Science 38, p. 293:
        `farthest_first`.
"""
