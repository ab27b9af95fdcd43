"""One whole training step of `tiny` in PyTorch: loss, its parts, every gradient, every parameter after AdamW.

Writes the committed expectation that TrainingStepParityTests compares the Swift trainer with.
"""

import argparse
import json
from pathlib import Path

import torch

from fill import batch, fill
from network import TINY, Network, SelfPacedLoss

FIXTURE = Path(__file__).parents[2] / "Tests/DeixisGroundingTests/Fixtures/training_step_tiny.json"
SAMPLES = 12  # entries kept of each tensor, evenly spread; sum and norm cover the rest


def summary(tensor):
    flat = tensor.detach().double().flatten()
    index = [i * len(flat) // min(SAMPLES, len(flat)) for i in range(min(SAMPLES, len(flat)))]
    digits = lambda x: float(f"{x:.12g}")
    return {"count": len(flat), "sum": digits(flat.sum().item()), "norm": digits(flat.norm().item()),
            "index": index, "value": [digits(flat[i].item()) for i in index]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=FIXTURE)
    output = parser.parse_args().output
    torch.manual_seed(0)
    network = Network(TINY).train()
    images, ids, mask, truth = batch(fill(network), TINY.image_side, TINY.vocabulary)
    # In double from float32 starting values: the expectation carries no rounding of its own.
    network.double()
    network.mean = 255 * torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64)
    network.deviation = 255 * torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64)
    loss = SelfPacedLoss(TINY).double()
    parameters = dict(network.named_parameters()) | {"loss.sigma": loss.sigma}
    weights = [p for n, p in parameters.items() if n != "loss.sigma"]
    optimizer = torch.optim.AdamW(
        [{"params": weights, "weight_decay": 1e-2}, {"params": [loss.sigma], "weight_decay": 0.0}], lr=1e-3)
    boxes = network(images, ids, mask)
    total, l1, giou, iou = loss(boxes, truth)
    total.backward()
    gradients = {n: summary(p.grad) for n, p in parameters.items()}
    optimizer.step()
    state = {k: v for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    state["loss.sigma"] = loss.sigma
    result = {
        "made_by": f"tools/oracles/training_step.py, torch {torch.__version__}",
        "loss": total.item(), "l1": l1.item(), "giou": giou.item(), "iou": iou.tolist(),
        "boxes": boxes.flatten().tolist(), "gradients": gradients,
        "after": {n: summary(v) for n, v in state.items()}}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(result, indent=None, separators=(",", ":")).replace('},"', '},\n"') + "\n")
    print(f"{output}: loss {total.item():.6f}, {len(gradients)} gradients, {output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
