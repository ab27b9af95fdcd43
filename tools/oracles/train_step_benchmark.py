"""Alternates whole training steps of PyTorch and `deixis-train benchmark --interactive`; prints ratios and peak memory.

A step is forward, loss, backward, AdamW, float32: of a fresh network on made-up data, or, with --after-samples, of one that
`deixis-train` has trained on so many generated scenes, on those that follow; PyTorch gets the same weights and one of the batches.
PyTorch runs twice, with torch.set_flush_denormal on and off: a process each, since threads take the setting from the one that
makes them. Every side runs one step while the others wait, so what else the machine does falls on all: read the ratios.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def safetensors(path):
    import numpy
    import torch

    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header.pop("__metadata__", None)

    def tensor(entry):
        begin, stop = entry["data_offsets"]
        return torch.from_numpy(numpy.frombuffer(data[end + begin:end + stop], "<f4").reshape(entry["shape"]).copy())

    return {name: tensor(entry) for name, entry in header.items()}


def made_up(configuration, batch, length):
    import torch

    side = configuration.image_side
    ids = torch.randint(0, configuration.vocabulary, (batch, length))
    return (torch.randint(0, 256, (batch, side, side, 3), dtype=torch.uint8), ids, torch.ones_like(ids),
            torch.tensor([[0.5, 0.4, 0.3, 0.2]]).repeat(batch, 1))


def handed_over(folder):
    import numpy
    import torch

    shape = json.loads((folder / "batch.json").read_text())
    batch, side, length = shape["batch"], shape["side"], shape["length"]

    def read(name, kind, *extents):
        return torch.from_numpy(numpy.fromfile(folder / name, kind).reshape(extents))

    return shape["vocabulary"], (read("images", "u1", batch, side, side, 3), read("ids", "<i8", batch, length),
                                 read("mask", "<i8", batch, length), read("boxes", "<f4", batch, 4))


def peer(a):
    """PyTorch's side: answers each line of standard input with the milliseconds of one step."""
    from dataclasses import replace

    import torch

    # Before any thread is made.
    if a.flush and not torch.set_flush_denormal(True):
        sys.exit("this CPU cannot flush subnormal numbers")
    torch.set_num_threads(a.threads)
    from network import CONFIGURATIONS, Network, SelfPacedLoss

    configuration = CONFIGURATIONS[a.configuration]
    if a.handed:
        vocabulary, data = handed_over(Path(a.handed))
        configuration = replace(configuration, vocabulary=vocabulary)
    else:
        data = made_up(configuration, a.batch, a.length or configuration.maximum_length)
    network, loss = Network(configuration).train(), SelfPacedLoss(configuration)
    if a.handed:
        state = safetensors(Path(a.handed) / "weights.safetensors")
        loss.load_state_dict({"sigma": state.pop("loss.sigma")})
        unexpected = network.load_state_dict(state, strict=False)
        strangers = [n for n in unexpected.missing_keys if not n.endswith("num_batches_tracked")] + unexpected.unexpected_keys
        if strangers:
            sys.exit(f"weights that do not fit: {strangers}")
    weights = [p for p in [*network.parameters(), *loss.parameters()] if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, 1e-5)
    images, ids, mask, truth = data

    def step():
        start = time.perf_counter()
        optimizer.zero_grad()
        loss(network(images, ids, mask), truth)[0].backward()
        optimizer.step()
        return 1e3 * (time.perf_counter() - start)

    step(), step()
    print(json.dumps({"ready": torch.__version__, "length": ids.shape[1]}), flush=True)
    for _ in sys.stdin:
        print(json.dumps({"step_ms": step()}), flush=True)
    print(json.dumps({"peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}), flush=True)


class Side:
    """A process that runs a step for each line it gets."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ready = self.line()
        self.times = []

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            sys.exit(f"{self.process.args[0]} ended with {self.process.wait()}")
        return json.loads(text)

    def step(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.times.append(self.line()["step_ms"])

    def end(self):
        self.process.stdin.close()
        self.summary = self.line()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configuration", choices=["paper-r50", "paper-r101", "small", "tiny"])
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, default=5, help="timed steps a side, after two that warm up")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--length", type=int, help="tokens of the expressions, made-up data; default: the configuration's most")
    parser.add_argument("--after-samples", type=int, default=0, help="train on so many generated scenes first")
    parser.add_argument("--trainer", default=os.environ.get("DEIXIS_TRAIN", ".build/release/deixis-train"))
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--flush", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--handed", help=argparse.SUPPRESS)
    a = parser.parse_args()
    if a.peer:
        return peer(a)
    common = [a.configuration, "--batch", str(a.batch), "--threads", str(a.threads)]
    with tempfile.TemporaryDirectory() as folder:
        handed = []
        if a.after_samples:
            common_ours = [*common, "--after-samples", str(a.after_samples), "--hand-over", folder]
            handed = ["--handed", folder]
        else:
            common_ours = common + (["--length", str(a.length)] if a.length else [])
            handed = ["--length", str(a.length)] if a.length else []
        ours = Side([a.trainer, "benchmark", *common_ours, "--warm-up", "2", "--interactive"])
        peers = [Side([sys.executable, __file__, *common, *handed, "--peer", *flag]) for flag in (["--flush"], [])]
        for _ in range(a.steps):
            for side in [ours, *peers]:
                side.step()
        for side in [ours, *peers]:
            side.end()

    def text(side):
        time = statistics.median(side.times)
        return f"{time:.0f} ms, {1e3 * a.batch / time:.1f} samples/s, {side.summary['peak_rss_mb']} MB"

    state = f"after {a.after_samples} samples" if a.after_samples else "fresh"
    print(f"{a.configuration}, {state}, batch {a.batch}, {peers[0].ready['length']} tokens, {a.threads} threads, {a.steps} steps")
    print(f"  deixis-train: {text(ours)}")
    for name, side in zip(["subnormals flushed", "subnormals kept"], peers):
        ratio = statistics.median(o / p for o, p in zip(ours.times, side.times))
        print(f"  PyTorch {side.ready['ready']}, {name}: {text(side)}; ours / theirs {ratio:.3f}")


if __name__ == "__main__":
    main()
