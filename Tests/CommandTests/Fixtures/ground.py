"""ground.py LIBRARY MODEL RAW WIDTH HEIGHT STRIDE SENTENCE: what ground.c prints, through ctypes and the standard library alone."""

import ctypes
import sys


class Image(ctypes.Structure):
    _fields_ = [("rgb", ctypes.c_char_p), ("width", ctypes.c_int32), ("height", ctypes.c_int32), ("stride", ctypes.c_size_t)]


class Grounding(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_size_t),
        *[(name, ctypes.c_double) for name in ("x", "y", "width", "height")],
        *[(name, ctypes.c_float) for name in ("center_x", "center_y", "box_width", "box_height")],
        *[(name, ctypes.c_int32) for name in ("tokens", "tokens_dropped")],
        *[(name, ctypes.c_double) for name in ("input_ms", "network_ms")],
    ]


library = ctypes.CDLL(sys.argv[1])
library.deixis_last_error.restype = ctypes.c_char_p
library.deixis_version.restype = ctypes.c_char_p
model = ctypes.c_void_p()
if library.deixis_load(sys.argv[2].encode(), None, ctypes.byref(model)):
    sys.exit(library.deixis_last_error().decode())
with open(sys.argv[3], "rb") as file:
    image = Image(file.read(), int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]))
found = Grounding(size=ctypes.sizeof(Grounding))
if library.deixis_ground(model, ctypes.byref(image), sys.argv[7].encode(), ctypes.byref(found)):
    sys.exit(library.deixis_last_error().decode())
for name, kind in Grounding._fields_[1:11]:
    value = getattr(found, name)
    print(f"{value:.17g}" if kind is ctypes.c_double else f"{value:.9g}" if kind is ctypes.c_float else value)
library.deixis_free(model)
