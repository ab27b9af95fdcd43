"""Inputs for a model, the same for every runtime: made from a seed for what the file says its inputs are.

Runs as a script too, so that what reading a model needs is given back:  inputs.py MODEL  prints inputs and metadata as JSON.
"""

import json
import sys

import numpy as np

NUMPY = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(float16)": "float16", "tensor(uint8)": "uint8",
         "tensor(int8)": "int8", "tensor(int32)": "int32", "tensor(int64)": "int64", "tensor(bool)": "bool"}


def describe(model):
    """Names, types and shapes of the inputs; what the metadata says of the vocabulary and the longest sentence."""
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        inputs = [{"name": i.name, "type": NUMPY.get(i.type, i.type), "shape": i.shape} for i in session.get_inputs()]
        metadata = session.get_modelmeta().custom_metadata_map
    except Exception as error:
        # A file that onnxruntime refuses may still be one that the others run.
        try:
            import openvino
        except ImportError:
            raise error from None
        inputs, metadata = [], {}
        for port in openvino.Core().read_model(model).inputs:
            shape = [d.get_length() if d.is_static else None for d in port.get_partial_shape()]
            inputs.append({"name": port.get_any_name(), "type": np.dtype(port.get_element_type().to_dtype()).name, "shape": shape})
    vocabulary = metadata.get("deixis.vocabulary")
    length = metadata.get("deixis.tokenizer.max_length")
    tokens = vocabulary.split("\n") if vocabulary else []
    return {"inputs": inputs, "vocabulary": len(tokens) or None, "max_length": int(length) if length else None,
            "special": {t: tokens.index(t) for t in ("[CLS]", "[SEP]", "[PAD]") if t in tokens}}


def shape_of(item, dims, tokens):
    """Fixed extents as they are; for symbols what --dim says, else 1 for the batch, `tokens` for lengths, 224 for a picture's sides."""
    shape = []
    for axis, extent in enumerate(item["shape"]):
        name = extent.lower() if isinstance(extent, str) else ""
        if isinstance(extent, int) and extent > 0:
            shape.append(extent)
        elif extent in dims:
            shape.append(dims[extent])
        elif axis == 0 or "batch" in name:
            shape.append(1)
        elif len(item["shape"]) == 4:
            shape.append(224)
        else:
            shape.append(tokens)
    return shape


def make(description, seed, tokens, real, dims, picture="scene"):
    """An array for each input: pictures, token ids of the vocabulary with `real` real tokens, the mask of these, else floats in -1...1."""
    random = np.random.default_rng(seed)
    result = {}
    for item in description["inputs"]:
        shape, kind = shape_of(item, dims, tokens), np.dtype(item["type"])
        if len(shape) == 4 and 3 in (shape[1], shape[3]):
            last = shape[3] == 3
            height, width = (shape[1:3] if last else shape[2:4])
            pixels = np.stack([scene(random, height, width, picture) for _ in range(shape[0])])
            pixels = pixels if last else pixels.transpose(0, 3, 1, 2)
            value = pixels if kind == np.uint8 else (pixels / 255.0).astype(kind)
        elif kind.kind in "iu" and shape:
            there = np.arange(shape[-1]) < min(real, shape[-1])
            value = np.broadcast_to(there, shape).astype(kind)
            if "mask" not in item["name"].lower() and "type" not in item["name"].lower():
                value = sentence(random, description, shape, there).astype(kind)
        elif kind == np.bool_:
            value = np.ones(shape, kind)
        else:
            value = (random.random(shape, np.float32) * 2 - 1).astype(kind)
        result[item["name"]] = np.ascontiguousarray(value)
    return result


def sentence(random, description, shape, there):
    special, count = description["special"], description["vocabulary"] or 24
    ids = random.integers(min(5, count - 1), count, shape)
    if "[CLS]" in special and "[SEP]" in special:
        ids[..., 0] = special["[CLS]"]
        ids[..., there.sum() - 1] = special["[SEP]"]
    return np.where(there, ids, special.get("[PAD]", 0))


def scene(random, height, width, picture):
    """Discs and rectangles on a shaded ground with a little noise; or noise alone."""
    if picture == "random":
        return random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = y / height, x / width
    base = random.uniform(60, 200, 3).astype(np.float32)
    pixels = base + 40 * (x * random.uniform(-1, 1) + y * random.uniform(-1, 1))[..., None]
    for _ in range(random.integers(3, 9)):
        cx, cy, r = random.uniform(0.1, 0.9), random.uniform(0.1, 0.9), random.uniform(0.04, 0.2)
        inside = np.hypot(x - cx, y - cy) < r if random.random() < 0.5 else (abs(x - cx) < r) & (abs(y - cy) < r * random.uniform(0.4, 1))
        pixels[inside] = random.uniform(0, 255, 3)
    return np.clip(pixels + random.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)


if __name__ == "__main__":
    print(json.dumps(describe(sys.argv[1])))
