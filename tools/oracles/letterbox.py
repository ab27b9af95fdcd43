#!/usr/bin/env python3
"""Letterboxed pictures made by Pillow: writes Tests/DeixisInputTests/Fixtures/letterbox.txt.

    pip install pillow && tools/oracles/letterbox.py

A line: width height side, then the square's bytes in hexadecimal, or #hash (FNV-1a, 64 bits) where they are many. The picture of a
size is noise from a linear congruential generator, with a dark left and a bright right half so that edges show.
"""
import pathlib
from PIL import Image

def picture(width, height):
    state, out = width * 65537 + height, bytearray()
    for i in range(width * height * 3):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        noise = state >> 24
        out.append(noise // 4 if (i // 3) % width < width // 2 else 255 - noise // 4)
    return bytes(out)

def letterbox(width, height, side):
    long, short = max(width, height), min(width, height)
    fitted = max(1, (2 * short * side + long) // (2 * long))
    size = (side, fitted) if width >= height else (fitted, side)
    square = Image.new("RGB", (side, side), (124, 116, 104))
    image = Image.frombytes("RGB", (width, height), picture(width, height)).resize(size, Image.Resampling.BILINEAR)
    square.paste(image, ((side - size[0]) // 2, (side - size[1]) // 2))
    return square.tobytes()

def fnv(data):
    h = 0xCBF29CE484222325
    for b in data: h = ((h ^ b) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return h

cases = [(1, 1, 1), (1, 1, 5), (7, 5, 8), (5, 7, 8), (8, 8, 8), (1, 50, 12), (50, 1, 12), (33, 20, 12), (20, 33, 16), (3, 2, 20), (97, 61, 10),
         (640, 480, 512), (480, 640, 128), (1, 5000, 64), (5000, 1, 64), (500, 375, 256), (511, 513, 512), (1000, 999, 33), (1999, 1501, 224),
         (512, 512, 512), (512, 300, 512), (300, 512, 512), (2, 3, 300), (1500, 3000, 600), (3000, 1400, 600)]
lines = []
for width, height, side in cases:
    data = letterbox(width, height, side)
    lines.append(f"{width} {height} {side} " + (data.hex() if side <= 20 else f"#{fnv(data):016x}"))
path = pathlib.Path(__file__).resolve().parents[2] / "Tests/DeixisInputTests/Fixtures/letterbox.txt"
path.write_text("\n".join(lines) + "\n")
print(len(lines), "pictures,", path.stat().st_size, "bytes")
