#!/usr/bin/env python3
"""Writes the ONNX backend node cases of the installed `onnx` package as files, and says which of them are listed as passing.

    python3 -m venv /tmp/onnx && /tmp/onnx/bin/pip install onnx==1.23.2
    /tmp/onnx/bin/python tools/oracles/conformance.py /tmp/onnx-cases
    DEIXIS_ONNX_NODE_TESTS=/tmp/onnx-cases/node swift test --filter ConformanceTests

The layout is that of Debian's libonnx-testdata: <folder>/node/test_<name>/model.onnx and test_data_set_0/{input,output}_<k>.pb.
Cases whose values are drawn at random are the same on every run: numpy's generator is seeded before they are made.
"""
import pathlib
import shutil
import sys

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.backend.test.case import node


def tensor_bytes(value, value_info):
    kind = value_info.type.WhichOneof("value")
    if isinstance(value, onnx.TensorProto):
        return value.SerializeToString()
    if kind == "sequence_type":
        return numpy_helper.from_list(value, value_info.name).SerializeToString()
    if kind == "optional_type":
        return numpy_helper.from_optional(value, value_info.name).SerializeToString()
    return numpy_helper.from_array(np.asarray(value), value_info.name).SerializeToString()


def write(case, folder):
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(case.model.SerializeToString())
    for index, (inputs, outputs) in enumerate(case.data_sets):
        data = folder / f"test_data_set_{index}"
        data.mkdir()
        for kind, values, infos in (("input", inputs, case.model.graph.input), ("output", outputs, case.model.graph.output)):
            for k, (value, info) in enumerate(zip(values, infos)):
                (data / f"{kind}_{k}.pb").write_bytes(tensor_bytes(value, info))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    target = pathlib.Path(sys.argv[1]) / "node"
    if target.exists():
        shutil.rmtree(target)
    np.random.seed(0)
    cases = node.collect_testcases()
    for case in cases:
        write(case, target / case.name)
    manifest = pathlib.Path(__file__).parents[2] / "Tests/DeixisRuntimeTests/Conformance/onnx-newest.txt"
    listed = set(manifest.read_text().split()) if manifest.exists() else set()
    names = {case.name for case in cases}
    print(f"onnx {onnx.__version__}: {len(names)} cases written to {target}, {len(names & listed)} of them listed as passing")
    if listed - names:
        print(f"listed, but not among the cases: {' '.join(sorted(listed - names))}")


if __name__ == "__main__":
    main()
