"""Random graphs by our references against onnxruntime without optimizations.

    .venv/bin/python tools/oracles/differential.py PROGRAM [--graphs N] [--seed S] [--from F]

PROGRAM is deixis-differential, which writes the graphs, their inputs, what the references make of them and how far another runtime may be from
that (Tests/DifferentialGraphs/Bounds.swift; here ten times as much, for onnxruntime's functions round more). Graphs that onnxruntime refuses are
counted, and left out where it is known to leave the standard: it measures aligned corners by whole extents, whatever the scales.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

TYPES = {"float32": np.float32, "float64": np.float64, "float16": np.float16, "int16": np.int16, "uint16": np.uint16, "int64": np.int64, "int32": np.int32, "int8": np.int8, "uint8": np.uint8, "bool": np.bool_}


def tensors(path):
    inputs, outputs = [], []
    for line in open(path):
        kind, element, shape, allowed, *values = line.rstrip("\n").split(" ")
        extents = [int(x) for x in shape[1:-1].split(",") if x]
        array = np.array([float(v) for v in values if v], dtype=np.float64).astype(TYPES[element]).reshape(extents)
        (inputs if kind == "in" else outputs).append((array, float(allowed)))
    return inputs, outputs


def leaves_the_standard(path):
    for node in onnx.load(path + ".onnx").graph.node:
        names = [onnx.helper.get_attribute_value(a) for a in node.attribute]
        if node.op_type == "Resize" and b"align_corners" in names and len(node.input) == 3:
            return True
    return False


def difference(path):
    """None, or what is wrong; raises what onnxruntime refuses."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path + ".onnx", options)
    inputs, outputs = tensors(path + ".txt")
    is_half = any(array.dtype == np.float16 for array, _ in inputs + outputs)
    rounds_to_steps = is_half and any(node.op_type == "QuantizeLinear" for node in onnx.load(path + ".onnx").graph.node)
    found = session.run(None, {i.name: array for i, (array, _) in zip(session.get_inputs(), inputs)})
    for k, ((want, allowed), got) in enumerate(zip(outputs, found)):
        if got.shape != want.shape or got.dtype != want.dtype:
            return f"output {k} is {got.dtype}{list(got.shape)}, ours {want.dtype}{list(want.shape)}"
        if want.size == 0 or not np.isfinite(allowed) or (is_half and rounds_to_steps):
            continue
        a, b = got.astype(np.float64), want.astype(np.float64)
        finite = np.isfinite(b)
        # Bytes: as many steps as allowed; real numbers: ten times the bound, and what float32 leaves of the largest.
        # Our bound for other reals is that our own ways agree to the bit; another runtime rounds them in other places.
        relative = {np.dtype(np.float32): 4e-6, np.dtype(np.float64): 1e-12, np.dtype(np.float16): 2**-7}.get(want.dtype)
        slack = allowed if relative is None else 10 * allowed + relative * (np.abs(b[finite]).max() if finite.any() else 0)
        worst = np.abs(a - b)[finite].max() if finite.any() else 0
        if not worst <= slack:
            return f"output {k} is {worst:.6g} off, at most {slack:.6g} allowed"
    return None


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", type=int, default=0, dest="first")
    arguments, _ = parser.parse_known_args()
    counts, refused, wrong = {"agree": 0, "differ": 0, "refused": 0}, {}, []
    with tempfile.TemporaryDirectory() as folder:
        for start in range(arguments.first, arguments.first + arguments.graphs, 500):
            count = min(500, arguments.first + arguments.graphs - start)
            subprocess.run([arguments.program, "--graphs", str(count), "--seed", str(arguments.seed), "--from", str(start), "--export", folder],
                           check=True, stdout=subprocess.DEVNULL)
            for number in range(start, start + count):
                path = os.path.join(folder, str(number))
                if not os.path.exists(path + ".txt") or leaves_the_standard(path):
                    continue
                try:
                    reason = difference(path)
                except Exception as error:  # whatever onnxruntime says
                    counts["refused"] += 1
                    text = str(error).splitlines()[0][:110]
                    refused[text] = refused.get(text, 0) + 1
                    continue
                counts["differ" if reason else "agree"] += 1
                if reason:
                    wrong.append(number)
                    print(f"graph {number} of seed {arguments.seed}: {reason}", flush=True)
            for name in os.listdir(folder):
                os.remove(os.path.join(folder, name))
    print(f"onnxruntime {onnxruntime.__version__}: {counts['agree']} agree, {counts['differ']} differ, {counts['refused']} refused by it")
    for text, count in sorted(refused.items(), key=lambda x: -x[1])[:8]:
        print(f"  {count} refused: {text}")
    sys.exit(1 if wrong else 0)
