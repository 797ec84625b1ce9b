"""Alignment: one space for two modalities, where an image and the text that describes it come to lie together.

    scratch     canonical correlation, unit vectors, InfoNCE and the modality gap in NumPy (`pytorch`: the twins)
    negatives   captions that are nearly right: order, relation, count or size swapped
    towers      two networks, one for each modality, into one space
    fitting     train the towers, with a bar; vectors of images and of texts
    space       a trained space: texts and regions to vectors, and the nearest
    composed    a picture and a change in words as one query
    zero_shot   name what an image shows by the nearest of some sentences

Axis letters: N examples, B images of a batch, K texts of a batch (the first B belong to the images, the others to
none), D width of the space, P and Q widths of two views, R regions of an image, C channels of a region, T words.

Papers:
    Hotelling 1936, "Relations between two sets of variates", Biometrika 28, p. 321: `cca`; with a ridge on both
        covariances as in Vinod 1976, J. Econometrics 4, p. 147.
    van den Oord et al. 2018, "Representation learning with contrastive predictive coding", arXiv:1807.03748: eq. 4 is
        InfoNCE.
    Radford et al. 2021, "Learning transferable visual models from natural language supervision" (CLIP),
        arXiv:2103.00020: figure 3 is `info_nce`, symmetric, with a learned temperature; section 3.1.4 is `zero_shot`.
    Yuksekgonul et al. 2023, "When and why vision-language models behave like bags-of-words", arXiv:2210.01936:
        section 4, captions with swapped words as further negatives.
    Vo et al. 2019, "Composing text and image for image retrieval", arXiv:1812.07119: section 3, `composed`.
    Liang et al. 2022, "Mind the gap", arXiv:2203.02053: section 4.2, `modality_gap`.
"""
