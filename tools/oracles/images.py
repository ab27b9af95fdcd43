#!/usr/bin/env python3
"""Small pictures of every kind, written by Pillow into Tests/DeixisImageTests/Fixtures.

    pip install pillow && tools/oracles/images.py
"""
import pathlib
import struct
import zlib
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parents[2] / "Tests/DeixisImageTests/Fixtures"
OUT.mkdir(exist_ok=True)

def flag(mode="RGB"):
    image = Image.new(mode, (48, 32), (255, 255, 255) + ((255,) if mode == "RGBA" else ()))
    for box, color in (((0, 0, 24, 16), (220, 30, 30)), ((24, 0, 48, 16), (30, 200, 30)), ((0, 16, 24, 32), (30, 30, 220))):
        image.paste(color, box)
    return image

# The stored picture whose orientation tag makes it upright again.
STORED = {1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
          5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}
for tag, operation in STORED.items():
    exif = Image.Exif()
    exif[0x0112] = tag
    image = flag() if operation is None else flag().transpose(operation)
    image.save(OUT / f"orientation-{tag}.jpg", exif=exif, quality=90)
    if tag == 6: image.save(OUT / "exif6.png", exif=exif)

flag().save(OUT / "rgb.png")
flag().quantize(8).save(OUT / "palette.png")
clear = flag("RGBA")
clear.paste((10, 10, 10, 0), (24, 16, 48, 32))               # transparent, hence white
clear.save(OUT / "rgba.png")
key = flag()
key.paste((1, 2, 3), (24, 16, 48, 32))
key.save(OUT / "trns.png", transparency=(1, 2, 3))
flag().save(OUT / "rgb.jpg", quality=90)
flag().save(OUT / "jpeg-named.png", format="JPEG", quality=90)
flag().save(OUT / "progressive.jpg", quality=90, progressive=True)
flag().convert("CMYK").save(OUT / "cmyk.jpg", quality=95)    # Pillow writes Adobe's inverted ink
Image.new("RGB", (1, 1), (200, 10, 10)).save(OUT / "one.png")
Image.new("RGB", (1, 1), (200, 10, 10)).save(OUT / "one.jpg", quality=95)
alpha = Image.new("RGBA", (2, 2))
alpha.putdata([(9, 9, 9, 0), (0, 0, 0, 128), (0, 0, 0, 255), (255, 0, 0, 127)])
alpha.save(OUT / "alpha.png")

gray = Image.new("L", (16, 8), 0)
gray.paste(255, (8, 0, 16, 8))
gray.save(OUT / "gray8.png")
gray.save(OUT / "gray.jpg", quality=95)
gray.convert("1").save(OUT / "gray1.png")
gray.convert("LA").save(OUT / "graya.png")

def png(width, height, depth, color, rows, interlace=0):
    def chunk(kind, body): return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")

def row(depth): return b"\0" + b"\0" * depth + b"\xff" * depth      # 8 black and 8 white pixels of `depth` bits
for depth in (2, 4, 16): (OUT / f"gray{depth}.png").write_bytes(png(16, 8, depth, 0, row(depth) * 8))
source = flag().load()
(OUT / "rgb16.png").write_bytes(png(48, 32, 16, 2, b"".join(
    b"\0" + b"".join(bytes([c, c]) for x in range(48) for c in source[x, y]) for y in range(32))))
passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
(OUT / "interlaced.png").write_bytes(png(48, 32, 8, 2, b"".join(
    b"\0" + b"".join(bytes(source[x, y]) for x in range(x0, 48, dx)) for x0, y0, dx, dy in passes for y in range(y0, 32, dy)), 1))
print(sum(f.stat().st_size for f in OUT.iterdir()), "bytes")
