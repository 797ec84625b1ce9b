"""Translation: from one modality to another in four stages that all directions share.

    see = directions.image_to_text()
    see(image)                              # "two small cats on the grass"
    see.steps(image).extract                # what each stage gave: here the regions that the captioner looks at
    see.replace(generate=...)               # another translator, with one stage swapped
    directions.text_to_speech("en")("a cat at night")       # (sound, rate)

Each stage is a function of one argument, what the stage before it gave:

    preprocess  checks what comes from outside and brings it into one form, still in its own modality
    extract     features: what of it matters, as numbers
    convert     from the source's representation to the target's: here one modality becomes another
    generate    the target itself: a sentence, a picture, a sound

    pipeline    the `Translator`; it knows no modality
    directions  image to text, text to image, speech to text, text to speech, from what the course has trained
    facts       what a sentence of the sticker world says: things, place, number, size, relation
    painting    scenes of several things from a painter who paints one at a time
    round_trip  image to text to speech to text to image, each step alone and all in a row

Axis letters: H, W height and width of a picture, T samples of a sound, N its frames or the pictures of a scene, M mel
bands, C characters and the blank, V words, R regions, D their width.

Baltrušaitis, Ahuja & Morency 2019, "Multimodal machine learning: a survey and taxonomy", IEEE TPAMI 41,
arXiv:1705.09406, section 4, divides such translations into example-based and generative ones; all here are generative.
"""

from mmcourse.translation.pipeline import STAGES, StageError, Steps, Translator

__all__ = ["STAGES", "StageError", "Steps", "Translator"]
