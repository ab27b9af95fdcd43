"""Exports the PyTorch network with PyTorch's own exporter: a file of the contract that our exporter never touched."""

import argparse
from pathlib import Path

import torch

from network import CONFIGURATIONS, Network


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("configuration", choices=CONFIGURATIONS)
    parser.add_argument("output", type=Path)
    parser.add_argument("--exporter", choices=["torchscript", "dynamo"], default="torchscript")
    parser.add_argument("--opset", type=int, default=18)
    parser.add_argument("--seed", type=int, default=0, help="of the random parameters")
    parser.add_argument("--fixed-batch", action="store_true", help="batch 1 instead of a dynamic one")
    a = parser.parse_args()
    torch.manual_seed(a.seed)
    c = CONFIGURATIONS[a.configuration]
    network = Network(c).eval()
    with torch.no_grad():  # plain statistics would make BatchNorm the identity and hide mistakes
        for name, value in network.named_buffers():
            if name.endswith("running_mean"):
                value.normal_(0, 0.2)
            elif name.endswith("running_var"):
                value.uniform_(0.5, 1.5)
        network.neck.position.normal_(0, 0.5)
    rows = 1 if a.fixed_batch else 2
    image = torch.randint(0, 256, (rows, c.image_side, c.image_side, 3), dtype=torch.uint8)
    ids = torch.randint(1, c.vocabulary, (rows, 9))
    inputs, names = (image, ids, torch.ones_like(ids)), ["image", "token_ids", "attention_mask"]
    common = dict(input_names=names, output_names=["box"], opset_version=a.opset)
    if a.exporter == "torchscript":
        axes = {"token_ids": {1: "length"}, "attention_mask": {1: "length"}}
        if not a.fixed_batch:
            for name in names + ["box"]:
                axes.setdefault(name, {})[0] = "batch"
        torch.onnx.export(network, inputs, a.output, dynamo=False, dynamic_axes=axes, **common)
    else:
        length = torch.export.Dim("length", min=2, max=c.position_rows)
        batch = {} if a.fixed_batch else {0: torch.export.Dim("batch", min=1, max=64)}
        text = batch | {1: length}
        torch.onnx.export(network, inputs, a.output, dynamo=True, external_data=False,
                          dynamic_shapes=(batch, text, text), **common)
    print(f"{a.output}: {a.output.stat().st_size / 1e6:.1f} MB, box {network(*inputs)[0].tolist()}")


if __name__ == "__main__":
    main()
