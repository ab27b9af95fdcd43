// The ONNX wire format for writing, and the oracle of the reader in tests. Generated: see tools/regenerate-protobuf.
#pragma once
#include "onnx.pb-c.h"
