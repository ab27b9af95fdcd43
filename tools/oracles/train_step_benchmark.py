"""Alternates whole training steps of PyTorch and `deixis-train benchmark --interactive`; prints ratio and peak memory.

A step is forward, loss, backward, AdamW on made-up data, float32. Each side runs one step while the other waits, so what
else the machine does falls on both: read the ratio.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import time

import torch

from network import CONFIGURATIONS, Network, SelfPacedLoss


def torch_step(configuration, batch, length):
    """A closure that runs one step and returns its milliseconds."""
    network, loss = Network(configuration).train(), SelfPacedLoss(configuration)
    weights = [p for p in [*network.parameters(), *loss.parameters()] if p.requires_grad]
    optimizer = torch.optim.AdamW(weights, 1e-5)
    side = configuration.image_side
    images = torch.randint(0, 256, (batch, side, side, 3), dtype=torch.uint8)
    ids = torch.randint(0, configuration.vocabulary, (batch, length))
    mask, truth = torch.ones_like(ids), torch.tensor([[0.5, 0.4, 0.3, 0.2]]).repeat(batch, 1)

    def step():
        start = time.perf_counter()
        optimizer.zero_grad()
        loss(network(images, ids, mask), truth)[0].backward()
        optimizer.step()
        return 1e3 * (time.perf_counter() - start)

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configuration", choices=CONFIGURATIONS)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--steps", type=int, default=5, help="timed steps a side, after two that warm up")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--length", type=int, help="tokens of the expressions; default: the configuration's most")
    parser.add_argument("--trainer", default=os.environ.get("DEIXIS_TRAIN", ".build/release/deixis-train"))
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    configuration = CONFIGURATIONS[a.configuration]
    length = a.length or configuration.maximum_length
    command = [a.trainer, "benchmark", a.configuration, "--batch", str(a.batch), "--threads", str(a.threads),
               "--length", str(length), "--warm-up", "2", "--interactive"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as trainer:
        json.loads(trainer.stdout.readline())  # ready: its two steps that warm up are done
        theirs = torch_step(configuration, a.batch, length)
        theirs(), theirs()
        ours, peers = [], []
        for _ in range(a.steps):
            trainer.stdin.write("\n")
            trainer.stdin.flush()
            ours.append(json.loads(trainer.stdout.readline())["step_ms"])
            peers.append(theirs())
        trainer.stdin.close()
        summary = json.loads(trainer.stdout.readline())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ratio = statistics.median(o / p for o, p in zip(ours, peers))
    print(f"{a.configuration}, batch {a.batch}, {length} tokens, {a.threads} threads: deixis-train {statistics.median(ours):.0f} ms, "
          f"{summary['peak_rss_mb']} MB; PyTorch {torch.__version__} {statistics.median(peers):.0f} ms, {peak:.0f} MB; "
          f"ratio {ratio:.3f} (median of {a.steps})")


if __name__ == "__main__":
    main()
