#!/usr/bin/env python3
"""Writes Tests/CommandTests/Fixtures/npy: arrays saved by NumPy itself in every type, byte order, storage order and format version.

Each holds 0...5 in shape (2, 3). Needs numpy and ml_dtypes.
"""

import pathlib

import ml_dtypes
import numpy
from numpy.lib import format as npy

folder = pathlib.Path(__file__).resolve().parents[2] / "Tests/CommandTests/Fixtures/npy"
folder.mkdir(parents=True, exist_ok=True)
values = numpy.arange(6).reshape(2, 3)


def save(name, array, version=None):
    with open(folder / f"{name}.npy", "wb") as file:
        npy.write_array(file, array, version=version)


for kind in ["f4", "f8", "f2", "b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"]:
    save(kind, values.astype(kind))
save("f4-big", values.astype(">f4"))
save("i8-big", values.astype(">i8"))
save("f4-fortran", numpy.asfortranarray(values.astype("f4")))
save("i2-fortran-big", numpy.asfortranarray(values.astype(">i2")))
save("f4-v2", values.astype("f4"), version=(2, 0))
save("f4-v3", values.astype("f4"), version=(3, 0))
save("bf16", values.astype(ml_dtypes.bfloat16))
