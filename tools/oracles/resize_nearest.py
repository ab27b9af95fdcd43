"""Which input pixel each output pixel of a nearest Resize is, by onnxruntime: writes Tests/DeixisRuntimeTests/Fixtures/resize-nearest.txt.

For each coordinate mode, nearest mode, and sizes or scales: one line with a checksum (FNV-1a, 64 bits) of the pixel numbers of every pair of
extents 1...40, smaller pairs first. The test computes the same from our tables. By scales only where the coordinates are ours to compare:
onnxruntime measures aligned corners by whole extents, and copies where a scale other than 1 leaves the extent as it was.

    .venv/bin/python tools/oracles/resize_nearest.py
"""
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

COORDINATES = ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"]
NEAREST = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
LARGEST = 40


def session(coordinates, nearest, by):
    """x [n], and sizes [1] or scales [1], to y."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])]
    if by == "sizes":
        inputs.append(helper.make_tensor_value_info("sizes", TensorProto.INT64, [1]))
        names = ["x", "roi", "", "sizes"]
    else:
        inputs.append(helper.make_tensor_value_info("scales", TensorProto.FLOAT, [1]))
        names = ["x", "roi", "scales"]
    roi = helper.make_tensor("roi", TensorProto.FLOAT, [2], [0.0, 1.0])
    node = helper.make_node("Resize", names, ["y"], mode="nearest", coordinate_transformation_mode=coordinates, nearest_mode=nearest)
    graph = helper.make_graph([node], "resize", inputs, [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["m"])], [roi])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def pixels(s, by, n, m):
    x = np.arange(n, dtype=np.float32)
    given = np.array([m], dtype=np.int64) if by == "sizes" else np.array([m], dtype=np.float32) / np.float32(n)
    return s.run(None, {"x": x, by: given})[0].astype(int)


def checksum(s, by):
    h = 0xCBF29CE484222325
    for n in range(1, LARGEST + 1):
        for m in range(1, LARGEST + 1):
            found = pixels(s, by, n, m)
            if by == "scales" and len(found) == n != m:
                continue
            for p in found:
                h = ((h ^ int(p)) * 0x100000001B3) & (2**64 - 1)
    return h


if __name__ == "__main__":
    here = os.path.dirname(os.path.abspath(__file__))
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "../../Tests/DeixisRuntimeTests/Fixtures/resize-nearest.txt")
    with open(path, "w") as out:
        for by in ["sizes", "scales"]:
            for coordinates in COORDINATES:
                if by == "scales" and coordinates in ["align_corners", "tf_crop_and_resize"]:
                    continue
                for nearest in NEAREST:
                    out.write(f"{by} {coordinates} {nearest} {checksum(session(coordinates, nearest, by), by):016x}\n")
