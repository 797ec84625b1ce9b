"""Studies: experiments too long for a notebook, each one command, resumable, with its results kept in `results/`.

    digits      every fusion method on digits that are seen and heard: `python -m mmcourse.studies.digits`
    ring        a GAN on eight Gaussians, steady and collapsing: `python -m mmcourse.studies.ring`
    text_to_image  GAN, VAE and flow matching draw from words: `python -m mmcourse.studies.text_to_image`
    captions    three captioners, two languages: `python -m mmcourse.studies.captions`
    retrieval   two towers into one space, retrieval both ways: `python -m mmcourse.studies.retrieval`
    aligned_captions  captioners that read the space: `python -m mmcourse.studies.aligned_captions`
    vgg_nouns   a narrow VGG-16 names what sticker scenes show: `python -m mmcourse.studies.vgg_nouns`
"""
