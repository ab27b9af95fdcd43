#!/usr/bin/env python3
"""Is FILE a standard ONNX model?

    check-onnx.py FILE...

Runs onnx.checker with full (strict, data-propagating) shape inference on each file, demands that every operator is of ai.onnx and that
shape inference finds an element type and a rank for every value, and prints one line per file. Exit code 1 when any file fails.
Needs the Python package `onnx`.
"""

import collections
import sys

import onnx


def check(path):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    inferred = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    foreign = sorted({node.domain for node in model.graph.node} - {"", "ai.onnx"})
    if foreign:
        raise ValueError(f"operators outside ai.onnx: {', '.join(foreign)}")

    known = {}
    for value in [*inferred.graph.input, *inferred.graph.output, *inferred.graph.value_info]:
        known[value.name] = value.type.tensor_type
    unknown = [
        name
        for node in inferred.graph.node
        for name in node.output
        if name and not (name in known and known[name].elem_type and known[name].HasField("shape"))
    ]
    if unknown:
        raise ValueError(f"no type or rank inferred for {len(unknown)} values, first {unknown[0]!r}")

    kinds = collections.Counter(node.op_type for node in model.graph.node)
    parameters = sum(int(onnx.numpy_helper.to_array(tensor).size) for tensor in model.graph.initializer)
    return (
        f"opset {model.opset_import[0].version}, IR {model.ir_version}, {len(model.graph.node)} nodes of {len(kinds)} kinds, "
        f"{parameters} parameters; {', '.join(map(spell, model.graph.input))} -> {', '.join(map(spell, inferred.graph.output))}"
    )


def spell(value):
    tensor = value.type.tensor_type
    extents = [str(d.dim_value) if d.HasField("dim_value") else d.dim_param or "?" for d in tensor.shape.dim]
    return f"{value.name} {onnx.TensorProto.DataType.Name(tensor.elem_type).lower()}[{', '.join(extents)}]"


def main(paths):
    if not paths or paths[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if paths else 64
    failed = 0
    for path in paths:
        try:
            print(f"{path}: {check(path)}")
        except Exception as error:  # whatever the checker raises is the finding
            failed += 1
            print(f"{path}: FAILED: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
