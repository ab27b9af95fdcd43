"""Writes the golden checkpoint of version 1, as formats/checkpoint.md says, for CheckpointTests."""

import json
import struct
import sys

MASK, PRIME = 2**64 - 1, 0x100000001B3


def checksum(data):
    lanes = [0xCBF29CE484222325 + i for i in range(8)]
    padded = data + bytes(-len(data) % 8)
    for i in range(len(padded) // 8):
        word = int.from_bytes(padded[8 * i:8 * i + 8], "little")
        lanes[i % 8] = (lanes[i % 8] ^ word) * PRIME & MASK
    result = len(data)
    for lane in lanes:
        result = (result ^ lane) * PRIME & MASK
    return result ^ (result >> 32)


def aligned(data):
    return data + bytes(-len(data) % 64)


tensors = {"first.weight": ([7, 3], [i / 8 - 1 for i in range(21)]), "first.bias": ([7], [i * i / 4 for i in range(7)])}
entries, body = [], b""
for name, (shape, values) in tensors.items():
    data = struct.pack(f"<{len(values)}f", *values)
    entries.append({"name": name, "role": "value", "shape": shape, "offset": len(body), "checksum": f"{checksum(data):016x}"})
    body += aligned(data)
header = json.dumps({"scalar": "float32", "step": 0, "metadata": {"made": "by version 1"}, "tensors": entries}).encode()
start = b"DEIXISCK" + struct.pack("<IIQQ", 1, 0, len(header), checksum(header)) + header
with open(sys.argv[1] if len(sys.argv) > 1 else "Tests/DeixisTrainingTests/Fixtures/version1.checkpoint", "wb") as file:
    file.write(aligned(start) + body)
