"""The world: the data of the course, made here from a seed, as NumPy arrays and plain records.

    scenes        sticker scenes with captions in English and Chinese, boxes and a held-out split: start here
    compositions  what a scene can show, and which compositions are held out
    captions      the words for it in both languages, and which words name which objects
    concepts      the table of concepts and backgrounds
    stickers      the drawings: OpenMoji, rasterised
    cache         files that spare the second rendering, and never give a broken or stale one
    portraits     one sticker on one background, 32 × 32, with its caption: what generators learn to draw
    clips         stickers that do things, with sound and captions; `actions` are what they can do
    digits        digits, seen and heard, with knobs; `digit_tasks` and `information` say what the label needs
    speech        any caption spoken, in two languages and several voices; `espeak` is the engine
    phrases       captions spoken by voices strange to the training ones: recordings that ship
    spoken_digits digits spoken by many voices: recordings that ship; `digit_strings` joins them
    sensors       motion and heart recordings of people
    packaged      files that come with pip packages: pinned, and with another way if the package vanishes
    fsdd, mnist, coco    real sets, fetched by `download` and read by `archives`

Each set has a data card in `cards/`. Nothing here imports torch, matplotlib, `mmcourse.show` or `mmcourse.grading`.
"""
