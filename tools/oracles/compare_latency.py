"""Alternates onnxruntime and `deixis profile` on one file with equal threads; prints medians and their ratio.

Alternation spreads what else the machine does over both sides: read the ratio, not the milliseconds.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime

from cases import inputs_of, run


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--runtime", default=os.environ.get("DEIXIS", ".build/release/deixis"), help="path of deixis")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=20, help="inferences a side and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--length", type=int, default=20, help="tokens of the expression")
    a = parser.parse_args()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = a.threads
    session = onnxruntime.InferenceSession(a.model, options, providers=["CPUExecutionProvider"])
    inputs = inputs_of(session, 1, a.length, a.length, 0)
    session.run(None, inputs)
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        command = [a.runtime, "profile", str(a.model), "--runs", str(a.runs), "--threads", str(a.threads),
                   "--json", f"{folder}/profile.json"]
        for name, value in inputs.items():
            np.save(f"{folder}/{name}.npy", value)
            command += ["--input", f"{name}={folder}/{name}.npy"]
        for _ in range(a.rounds):
            run(command)
            ours.append(json.loads(Path(folder, "profile.json").read_text())["p50_ms"])
            times = []
            for _ in range(a.runs):
                start = time.perf_counter()
                session.run(None, inputs)
                times.append(1e3 * (time.perf_counter() - start))
            theirs.append(statistics.median(times))
    ratio = statistics.median(o / t for o, t in zip(ours, theirs))
    print(f"{a.model}, {a.threads} threads: deixis {statistics.median(ours):.2f} ms, onnxruntime "
          f"{onnxruntime.__version__} {statistics.median(theirs):.2f} ms, ratio {ratio:.3f} (median of {a.rounds})")


if __name__ == "__main__":
    main()
