"""Random inputs of the exported model's contract, and files of arrays for the `deixis` command."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np


def inputs_of(session, batch, length, real, seed):
    """image, token_ids, attention_mask for an onnxruntime session; `real` tokens in each row at most."""
    random = np.random.default_rng(seed)
    shapes = {i.name: i.shape for i in session.get_inputs()}
    fixed = lambda name, axis, wanted: shapes[name][axis] if isinstance(shapes[name][axis], int) else wanted
    batch, length = fixed("image", 0, batch), fixed("token_ids", 1, length)
    height, width = shapes["image"][1:3]
    image = random.integers(0, 256, (batch, height, width, 3), dtype=np.uint8)
    image[:, : height // 3] //= 4  # not only noise: darker and smooth parts
    counts = np.maximum(2, np.minimum(real, length) - np.arange(batch) % 3)
    mask = (np.arange(length) < counts[:, None]).astype(np.int64)
    ids = random.integers(1, 24, (batch, length)) * mask
    return {"image": image, "token_ids": ids.astype(np.int64), "attention_mask": mask}


def run(command):
    """Runs `deixis`; its own message ends this script if it fails (standard error is not captured)."""
    status = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
    if status:
        sys.exit(f"{command[0]} {command[1]}: exit status {status}")


def deixis_run(runtime, model, inputs):
    """All outputs of `deixis run`, by name."""
    with tempfile.TemporaryDirectory() as folder:
        command = [runtime, "run", str(model), "--output-dir", f"{folder}/out"]
        for name, value in inputs.items():
            np.save(f"{folder}/{name}.npy", value)
            command += ["--input", f"{name}={folder}/{name}.npy"]
        run(command)
        return {path.stem: np.load(path) for path in Path(folder, "out").glob("*.npy")}
