#!/usr/bin/env python3
"""Real photographs, once by others' code and once by `deixis ground`: the same boxes?

    photographs.py MODEL.onnx [--save DIR]

Others' way: Pillow decodes and letterboxes, Hugging Face tokenizers makes the ids, onnxruntime runs the file. The pictures are those
inside the Python package scikit-image, and versions of them turned, made grey, made translucent and saved as JPEG with an EXIF
orientation. --save keeps annotated pictures to look at.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import skimage
from PIL import Image, ImageOps
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SENTENCES = ["the red circle", "the largest thing on the left", "object between the two cats, next to a cup"]


def pipeline(metadata):
    vocabulary = metadata["deixis.vocabulary"].split("\n")
    tokenizer = Tokenizer(models.WordPiece({t: i for i, t in enumerate(vocabulary)}, unk_token="[UNK]", max_input_chars_per_word=100))
    flag = lambda name: metadata[f"deixis.tokenizer.{name}"] == "true"
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=flag("lowercase"), strip_accents=flag("strip_accents"))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(
        ("[SEP]", vocabulary.index("[SEP]")), ("[CLS]", vocabulary.index("[CLS]")))
    tokenizer.enable_truncation(int(metadata["deixis.tokenizer.max_length"]))
    return tokenizer


def expected_box(session, metadata, tokenizer, path, sentence):
    side = int(metadata["deixis.image.size"])
    image = Image.open(path)
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA"):
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image.convert("RGBA"))
    image = image.convert("RGB")
    width, height = image.size
    long, short = max(width, height), min(width, height)
    fitted = max(1, (2 * short * side + long) // (2 * long))
    size = (side, fitted) if width >= height else (fitted, side)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    square = Image.new("RGB", (side, side), tuple(int(v) for v in metadata["deixis.image.pad_color"].split(",")))
    square.paste(image.resize(size, Image.Resampling.BILINEAR), (left, top))
    ids = np.array([tokenizer.encode(sentence).ids], np.int64)
    feed = {"image": np.asarray(square)[None], "token_ids": ids, "attention_mask": np.ones_like(ids)}
    x, y, w, h = session.run(["box"], feed)[0][0].astype(float) * side
    clip = lambda value, limit: min(max(value, 0), limit)
    x0, x1 = (clip((v - left) * width / size[0], width) for v in (x - w / 2, x + w / 2))
    y0, y1 = (clip((v - top) * height / size[1], height) for v in (y - h / 2, y + h / 2))
    return np.array([x0, y0, x1 - x0, y1 - y0]), long


def variants(path, folder):
    """The picture itself and what people's files look like."""
    image = Image.open(path).convert("RGB")
    yield path
    exif = Image.Exif()
    exif[0x0112] = 6
    for name, made, options in [
        ("turned.jpg", image.transpose(Image.Transpose.ROTATE_90), {"exif": exif, "quality": 90}),
        ("grey.png", image.convert("L"), {}),
        ("translucent.png", Image.merge("RGBA", [*image.split(), image.convert("L")]), {}),
    ]:
        made.save(folder / f"{path.stem}-{name}", **options)
        yield folder / f"{path.stem}-{name}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--runtime", default=os.environ.get("DEIXIS", ".build/release/deixis"))
    parser.add_argument("--tolerance", type=float, default=1e-4, help="of the box, as a share of the long side")
    parser.add_argument("--save", type=Path)
    a = parser.parse_args()
    metadata = {p.key: p.value for p in onnx.load(a.model).metadata_props}
    session = onnxruntime.InferenceSession(a.model, providers=["CPUExecutionProvider"])
    tokenizer = pipeline(metadata)
    folder = Path(skimage.__file__).parent / "data"
    photographs = sorted(p for p in folder.iterdir() if p.suffix in (".png", ".jpg", ".jpeg"))
    if len(photographs) < 3:
        sys.exit(f"{folder}: expected photographs, found {[p.name for p in photographs]}")
    worst, count = 0.0, 0
    with tempfile.TemporaryDirectory() as temporary:
        for photograph in photographs:
            for path in variants(photograph, Path(temporary)):
                sentence = SENTENCES[count % len(SENTENCES)]
                command = [a.runtime, "ground", str(a.model), str(path), sentence, "--json"]
                if a.save:
                    a.save.mkdir(parents=True, exist_ok=True)
                    command += ["--annotated", str(a.save / f"{path.stem}.png")]
                result = subprocess.run(command, capture_output=True, text=True)
                if result.returncode:
                    sys.exit(f"{path.name}: {result.stderr.strip()}")
                box = json.loads(result.stdout)["box"]
                got = np.array([box["x"], box["y"], box["width"], box["height"]] if isinstance(box, dict) else box)
                expected, long = expected_box(session, metadata, tokenizer, path, sentence)
                difference = np.abs(got - expected).max() / long
                worst, count = max(worst, difference), count + 1
                if difference > a.tolerance:
                    sys.exit(f"{path.name}, '{sentence}': expected {expected}, got {got}")
    print(f"{count} pictures, largest difference {worst:.1e} of the long side")


if __name__ == "__main__":
    main()
