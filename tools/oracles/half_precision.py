#!/usr/bin/env python3
"""How far fp16 would move the boxes: a model with every weight and every computed value rounded to half precision, sums still in fp32, against
itself. That is the most an fp16 path could hope for; one that sums in fp16 is worse.

    deixis-train scenes --count 400 --seed 1000001 --out unseen
    .venv/bin/python tools/oracles/half_precision.py Sources/DeixisModel/Bundled/small.onnx --data unseen

Sentences are split at spaces and looked up whole, which suffices for generated scenes.
"""
import argparse, json, pathlib
import numpy as np, onnx, onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

#: Operators whose outputs are inputs' values.
MOVES = {"Reshape", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Identity", "Concat", "Gather", "MaxPool"}
LARGEST = 65504

def rounded(model):
    """The model with casts to half and back after each operator, and how many."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    types = {value.name: value.type.tensor_type.elem_type for value in [*inferred.value_info, *inferred.output]}
    half = onnx.ModelProto()
    half.CopyFrom(model)
    for tensor in half.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            values = np.clip(numpy_helper.to_array(tensor), -LARGEST, LARGEST).astype(np.float16).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    outputs, nodes, count = {value.name for value in half.graph.output}, [], 0
    for node in list(half.graph.node):
        nodes.append(node)
        for k, name in enumerate(node.output):
            if name in outputs or types.get(name) != TensorProto.FLOAT or node.op_type in MOVES:
                continue
            node.output[k] = name + "/exact"
            nodes += [helper.make_node("Clip", [name + "/exact", "half/low", "half/high"], [name + "/within"]),
                      helper.make_node("Cast", [name + "/within"], [name + "/half"], to=TensorProto.FLOAT16),
                      helper.make_node("Cast", [name + "/half"], [name], to=TensorProto.FLOAT)]
            count += 1
    del half.graph.node[:]
    half.graph.node.extend(nodes)
    half.graph.initializer.extend([numpy_helper.from_array(np.float32(-LARGEST), "half/low"), numpy_helper.from_array(np.float32(LARGEST), "half/high")])
    return half, count

def square(path, side):
    image = Image.open(path).convert("RGB")
    long, short = max(image.size), min(image.size)
    fitted = max(1, (2 * short * side + long) // (2 * long))
    size = (side, fitted) if image.width >= image.height else (fitted, side)
    result = Image.new("RGB", (side, side), (124, 116, 104))
    result.paste(image.resize(size, Image.Resampling.BILINEAR), ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(result)[None]

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="a data set (formats/dataset.md)")
    parser.add_argument("--count", type=int, default=400)
    asked = parser.parse_args()
    model = onnx.load(asked.model)
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    index = {word: i for i, word in enumerate(metadata["deixis.vocabulary"].split("\n"))}
    half, count = rounded(model)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    exact, coarse = (ort.InferenceSession(m.SerializeToString(), options) for m in (model, half))
    distances = []
    for line in (asked.data / "manifest.jsonl").read_text().splitlines()[:asked.count]:
        entry = json.loads(line)
        words = [index.get(word, index["[UNK]"]) for word in entry["sentence"].lower().split()]
        ids = [index["[CLS]"], *words, index["[SEP]"]]
        inputs = {"image": square(asked.data / entry["image"], int(metadata["deixis.image.size"])), "token_ids": np.array([ids]),
                  "attention_mask": np.ones((1, len(ids)), np.int64)}
        distances.append(np.abs(exact.run(None, inputs)[0] - coarse.run(None, inputs)[0]).max())
    distances = np.array(distances)
    print(f"{count} values rounded to fp16, {len(distances)} samples; boxes apart, of the square: median {np.median(distances):.1e}, "
          f"99% {np.percentile(distances, 99):.1e}, most {distances.max():.1e}; above 1e-3: {100 * (distances > 1e-3).mean():.1f} %")

main()
