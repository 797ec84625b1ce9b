"""Studies: experiments too long for a notebook, each one command, resumable, with its results kept in `results/`.

    digits      every fusion method on digits that are seen and heard: `python -m mmcourse.studies.digits`
    ring        a GAN on eight Gaussians, steady and collapsing: `python -m mmcourse.studies.ring`
    text_to_image  GAN, VAE and flow matching draw from words: `python -m mmcourse.studies.text_to_image`
    captions    three captioners, two languages: `python -m mmcourse.studies.captions`
    retrieval   two towers into one space, retrieval both ways: `python -m mmcourse.studies.retrieval`
    aligned_captions  captioners that read the space: `python -m mmcourse.studies.aligned_captions`
    vgg_nouns   a narrow VGG-16 names what sticker scenes show: `python -m mmcourse.studies.vgg_nouns`
    saliency    does a heat map lie on the thing, and on what was learned: `python -m mmcourse.studies.saliency`
    posts       pictures with texts that may be wrong: `python -m mmcourse.studies.posts`
    detection   detectors and finders with one piece exchanged: `python -m mmcourse.studies.detection`
    composed    like this, but at night: `python -m mmcourse.studies.composed`
    video       streams, pooling, and what joins them: `python -m mmcourse.studies.video`
    summaries   key frames of films: `python -m mmcourse.studies.summaries`
    described_shots  shots in sentences, part by part: `python -m mmcourse.studies.described_shots`
    assistant   spoken requests, stage by stage: `python -m mmcourse.studies.assistant`
    tickets     which desk, and when to ask back: `python -m mmcourse.studies.tickets`
    emotions    face, voice and words that disagree: `python -m mmcourse.studies.emotions`
    tools       one captioner by five tools, and what each costs: `python -m mmcourse.studies.tools`
    depth       deep Transformers, normalised first or after: `python -m mmcourse.studies.depth`
    senses      four senses in one Transformer: `python -m mmcourse.studies.senses`
    domains     medicine, education, finance, and the caveat of each: `python -m mmcourse.studies.domains`
    costs       what fusion by Transformers costs, told and measured: `python -m mmcourse.studies.costs`
    choosing    every fusion over every task, its knobs, and advice: `python -m mmcourse.studies.choosing`
"""
