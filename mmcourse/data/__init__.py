"""The world: the data of the course, made here from a seed, as NumPy arrays and plain records.

    scenes        sticker scenes with captions in English and Chinese, boxes and a held-out split: start here
    compositions  what a scene can show, and which compositions are held out
    captions      the words for it in both languages, and which words name which objects
    concepts      the table of concepts and backgrounds
    stickers      the drawings: OpenMoji, rasterised
    cache         files that spare the second rendering, and never give a broken or stale one
    portraits     one sticker on one background, 32 × 32, with its caption: what generators learn to draw
    clips         stickers that do things, with sound and captions; `actions` are what they can do
    episodes      films of many clips, with the truth of what happens in them
    films         a real film with sound, and a reader for films of your own
    photos        photographs that come with two packages
    posts         a spoilt picture and the words that came with it, which may be wrong
    changes       "like this, but at night": a scene, a change in words, and which scenes are right
    prompts       what to find in a scene, in words
    requests      what to ask an assistant for; `request_words` the words, `request_facts` the right answers
    spoken_requests   requests spoken by strange voices: recordings that ship
    tickets       words and a screenshot, and the desk that should get them
    emotions      a face, a tone of voice and words that may disagree; `faces` and `tones` draw them
    pulses        what a wrist sensor would say in those moments, simulated
    physiology    a real pulse
    tumours       measurements of cells, in two views
    markets       twenty years of two stock indexes, and invented headlines
    digits        digits, seen and heard, with knobs; `digit_tasks` and `information` say what the label needs
    speech        any caption spoken, in two languages and several voices; `espeak` is the engine
    phrases       captions spoken by voices strange to the training ones: recordings that ship
    spoken_digits digits spoken by many voices: recordings that ship; `digit_strings` joins them
    sensors       motion and heart recordings of people
    packaged      files that come with pip packages: pinned, and with another way if the package vanishes
    fsdd, mnist, coco    real sets, fetched by `download` and read by `archives`

Each set has a data card in `cards/`. Nothing here imports torch, matplotlib, `mmcourse.show` or `mmcourse.grading`.
"""
