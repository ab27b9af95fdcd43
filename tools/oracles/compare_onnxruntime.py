"""Runs onnxruntime and `deixis run` on the same random images and expressions; fails above --tolerance."""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime

from cases import deixis_run, inputs_of

CASES = [(1, 12, 12), (1, 7, 7), (1, 20, 9), (1, 40, 40), (3, 16, 16), (2, 5, 4)]  # batch, padded length, real tokens


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--runtime", default=os.environ.get("DEIXIS", ".build/release/deixis"), help="path of deixis")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="of the boxes, absolute (default 1e-4)")
    parser.add_argument("--max-length", type=int, help="longest expression the model takes; default: what its metadata says, else 40")
    a = parser.parse_args()
    session = onnxruntime.InferenceSession(a.model, providers=["CPUExecutionProvider"])
    stated = session.get_modelmeta().custom_metadata_map.get("deixis.tokenizer.max_length", 40)
    longest = a.max_length or int(stated)
    worst = 0.0
    for seed, (batch, length, real) in enumerate(CASES):
        inputs = inputs_of(session, batch, min(length, longest), real, seed)
        expected = dict(zip([o.name for o in session.get_outputs()], session.run(None, inputs)))
        got = deixis_run(a.runtime, a.model, inputs)
        for name, value in expected.items():
            if name not in got or got[name].shape != value.shape:
                sys.exit(f"{a.model}: output {name} expected {value.shape}, got {got[name].shape if name in got else None}")
            difference = float(np.abs(got[name] - value).max())
            # A NaN must fail too, hence "not <=".
            if not difference <= a.tolerance:
                sys.exit(f"{a.model}: {name} differs by {difference:.3g} at {inputs['token_ids'].shape}, "
                         f"expected at most {a.tolerance:g}")
            worst = max(worst, difference)
    print(f"{a.model}: {len(CASES)} cases, largest difference {worst:.2e}")


if __name__ == "__main__":
    main()
