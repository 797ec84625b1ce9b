"""Two streams and an ear that tell what happens in a clip: a `mmcourse.video.watcher.Watcher`.

    watcher = watcher.load()
    watcher.actions(clips.load("test").frames)      # ["appear", "spin", …]

    python -m mmcourse.checkpoints.watcher          trains, scores and writes it, in a minute on one core

Training is that of `mmcourse.studies.video`, on clips without habits, so that it has no prejudice about who does what.
"""

import hashlib
import json
import time
from pathlib import Path

import numpy as np
import torch

from mmcourse import checkpoints
from mmcourse.metrics import wilson_interval
from mmcourse.video.network import FlowStream, FrameStream, SoundStream
from mmcourse.video.watcher import Watcher

NAME = "watcher"
STREAMS = {"frames": FrameStream, "flow": FlowStream, "sound": SoundStream}


def load():
    """The `Watcher`, its streams frozen. Raises ValueError if the file is damaged or of another model."""
    arrays, card = checkpoints.load(NAME)
    streams = torch.nn.ModuleDict({name: make(len(card["actions"])) for name, make in STREAMS.items()})
    try:
        streams.load_state_dict({n: torch.from_numpy(a) for n, a in arrays.items()})
    except RuntimeError as mismatch:
        told = " ".join(str(mismatch).split())
        raise ValueError(f"checkpoint {NAME} holds another model: {told} Try: {card['command']}") from mismatch
    return Watcher(dict(streams.eval().requires_grad_(False).items()), card["actions"])


def main(seed=0):
    from mmcourse.data.actions import ACTIONS
    from mmcourse.studies import video as study

    torch.set_num_threads(1)
    train, started = study.data("train", 0), time.process_time()
    streams = torch.nn.ModuleDict({name: study.trained(name, train, seed, progress=True) for name in STREAMS})
    path = Path(__file__).with_name(f"{NAME}.npz")
    np.savez_compressed(path, **{n: t.numpy().astype(np.float16) for n, t in streams.state_dict().items()})
    card = {
        "command": f"python -m mmcourse.checkpoints.{NAME}",
        "seed": seed,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "CPU-seconds": round(time.process_time() - started, 1),
        "parameters": sum(p.numel() for p in streams.parameters()),
        "actions": list(ACTIONS),
    }
    write(path, card)
    write(path, card | {"scores on held-out clips": scored(load())})
    print(path.with_suffix(".json").read_text(encoding="utf8"))


def scored(watcher):
    """Hits of how many test clips, and 95 % intervals, by what there is."""
    from mmcourse.data import clips

    test = clips.load("test")
    sounds = [clip.sound() for clip in test.records]
    given = {
        "frames and sound": (test.frames, sounds),
        "frames": (test.frames, None),
        "half of the frames": (test.frames[:, 3:9], None),
        "one frame": (test.frames[:, 5:6], None),
        "one frame and sound": (test.frames[:, 5:6], sounds),
    }
    found = {}
    for name, (frames, heard) in given.items():
        hits = int((watcher(frames, heard).argmax(1) == test.labels).sum())
        found[name] = [hits, len(test)]
    found["95 % intervals"] = {n: [round(e, 4) for e in wilson_interval(*pair)] for n, pair in found.items()}
    return found


def write(path, card):
    path.with_suffix(".json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
