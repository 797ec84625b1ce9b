"""Draw docs/first_picture.png, the picture of the README: `python scripts/build_first_picture.py`."""

from notebook_tools import ROOT

from mmcourse import show
from mmcourse.checkpoints import grounding
from mmcourse.data import scenes

SCENE = 588  # of the held-out scenes: "a sailboat above a fish on the grass"
WORDS = {"en": ["sailboat", "above", "fish", "grass"], "zh": ["帆船", "上面", "鱼", "草地上"]}


def main():
    show.setup()
    model = grounding.load()
    image, scene = scenes.load("test")[SCENE]
    ids = [i for language, words in WORDS.items() for i in model.ids(language, words)]
    titles = [word for words in WORDS.values() for word in words]
    maps = model.maps(ids, model.regions(image[None])[0]).mean(0).reshape(-1, 8, 8)
    boxes = [[thing.box for thing in scene.objects]] * len(titles)
    fig = show.spotlights(image, titles, maps, boxes, columns=9)
    fig.savefig(ROOT / "docs" / "first_picture.png", dpi=120, metadata={"Software": None})


if __name__ == "__main__":
    main()
