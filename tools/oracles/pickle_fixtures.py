"""Writes Tests/DeixisPickleTests/Fixtures: pickles of every protocol, and what torch.save writes, of made-up records.

Needs PyTorch (tools/oracles/requirements-torch.txt). The expected values are in PickleTests.swift and TorchFileTests.swift.
"""
import collections
import pickle
import sys
from pathlib import Path

import numpy
import torch

folder = Path(sys.argv[1] if len(sys.argv) > 1 else "Tests/DeixisPickleTests/Fixtures")
folder.mkdir(parents=True, exist_ok=True)

shared = "train"
record = {
    "ref_id": 7, "ann_id": 1719310, "image_id": 581857, "category_id": 1, "split": shared, "sent_ids": [0, 1],
    "sentences": [{"sent_id": 0, "raw": "THE LADY it's \u00e9\n", "sent": "the lady", "tokens": ["the", "lady"]}],
    "negative": -5, "large": 1 << 40, "larger": -(1 << 70), "half": 0.5, "yes": True, "no": False, "none": None,
    "pair": (1, 2), "triple": (1, 2, 3), "empty": (), "four": (1, 2, 3, 4), "split again": shared, "emoji": "\U0001F600",
    "bytes": b"\x00\xff", "set": {3},
}
record["itself"] = record
for protocol in range(6):
    (folder / f"record.protocol{protocol}.p").write_bytes(pickle.dumps([record], protocol))
(folder / "numpy.p").write_bytes(pickle.dumps(
    [numpy.float64(1.5), numpy.float32(-2.25), numpy.int64(-3), numpy.array([1.0, 2.5, 3.0, 4.0]), numpy.array([1, -2], numpy.int32)], 2))
# What a careless reader would run.
(folder / "hostile.p").write_bytes(b"cos\nsystem\n(S'echo hacked'\ntR.")

state = collections.OrderedDict()
base = torch.arange(12, dtype=torch.float32)
state["plain.weight"] = base.reshape(3, 4)
state["turned.weight"] = base.reshape(3, 4).t()
state["part.weight"] = base[4:8]
state["half"] = torch.tensor([0.5, -1.25], dtype=torch.float16)
state["brain"] = torch.tensor([0.5, -3.0], dtype=torch.bfloat16)
state["bn.num_batches_tracked"] = torch.tensor(5)
state["double"] = torch.tensor([[1.0 / 3.0]], dtype=torch.float64)
state["none"] = torch.zeros(0, 3)
state["repeated"] = torch.ones(1).expand(4)
torch.save(state, folder / "state.zip.pth")
torch.save(state, folder / "state.legacy.pth", _use_new_zipfile_serialization=False)
import argparse
torch.save({"model": {"a": torch.nn.Parameter(torch.tensor([2.0]))}, "args": argparse.Namespace(lr=1e-4), "epoch": 3}, folder / "checkpoint.zip.pth")
samples = [("COCO_train2014_000000000839.jpg", "482127.pth", [303.58, 69.03, 293.29, 425.79], "Guy flopping around", [("r1", ["guy"])])]
torch.save(samples, folder / "samples.zip.pth")
torch.save(samples, folder / "samples.legacy.pth", _use_new_zipfile_serialization=False)
