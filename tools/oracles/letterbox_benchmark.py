#!/usr/bin/env python3
"""Time from a picture to the network's square, libdeixis against Pillow, by turns; both give the same bytes (letterbox.py).

    tools/build-libdeixis && .venv/bin/python tools/oracles/letterbox_benchmark.py [--threads 2]

Ours is `input_ms` of deixis_ground: letterbox and tokenizer. Pillow's is resize and paste, one thread. Medians in milliseconds.
"""
import argparse, ctypes, os, pathlib, statistics, time
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]

class Options(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("threads", ctypes.c_int32), ("deadline_ms", ctypes.c_int32)]

class Picture(ctypes.Structure):
    _fields_ = [("rgb", ctypes.c_char_p), ("width", ctypes.c_int32), ("height", ctypes.c_int32), ("stride", ctypes.c_size_t)]

class Grounding(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("box", ctypes.c_double * 4), ("normalized", ctypes.c_float * 4), ("tokens", ctypes.c_int32 * 2),
                ("input_ms", ctypes.c_double), ("network_ms", ctypes.c_double)]

def load(model, threads):
    library = ctypes.CDLL(str(ROOT / ".build/libdeixis/libdeixis.so"))
    library.deixis_last_error.restype = ctypes.c_char_p
    handle, options = ctypes.c_void_p(), Options(ctypes.sizeof(Options), threads, 0)
    if library.deixis_load(str(model).encode(), ctypes.byref(options), ctypes.byref(handle)):
        raise SystemExit(library.deixis_last_error().decode())
    return library, handle

def ours(library, handle, picture):
    found = Grounding(size=ctypes.sizeof(Grounding))
    if library.deixis_ground(handle, ctypes.byref(picture), b"the red mug", ctypes.byref(found)):
        raise SystemExit(library.deixis_last_error().decode())
    return found.input_ms, found.network_ms

def pillow(image, side):
    start = time.perf_counter()
    long, short = max(image.size), min(image.size)
    fitted = max(1, (2 * short * side + long) // (2 * long))
    size = (side, fitted) if image.width >= image.height else (fitted, side)
    square = Image.new("RGB", (side, side), (124, 116, 104))
    square.paste(image.resize(size, Image.Resampling.BILINEAR), ((side - size[0]) // 2, (side - size[1]) // 2))
    return 1e3 * (time.perf_counter() - start)

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=ROOT / "Sources/DeixisModel/Bundled/small.int8.onnx")
    parser.add_argument("--side", type=int, default=128, help="the model's")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=41)
    asked = parser.parse_args()
    library, handle = load(asked.model, asked.threads)
    print(f"{'picture':>11}  {'ours':>7}  {'Pillow':>7}  {'ratio':>5}  {'network':>7}  ms, {asked.threads} threads, to {asked.side}x{asked.side}")
    for width, height in [(640, 480), (1280, 720), (1920, 1080), (4000, 3000)]:
        pixels = os.urandom(width * height * 3)
        picture, image, times = Picture(pixels, width, height, 0), Image.frombytes("RGB", (width, height), pixels), []
        for _ in range(asked.runs + 3):
            times.append((*ours(library, handle, picture), pillow(image, asked.side)))
        mine, network, theirs = (statistics.median(column) for column in zip(*times[3:]))
        print(f"{width:>5}x{height:<5}  {mine:7.3f}  {theirs:7.3f}  {mine / theirs:5.2f}  {network:7.3f}")

main()
