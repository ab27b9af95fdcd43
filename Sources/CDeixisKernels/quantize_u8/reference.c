// The body with one lane: one IEEE operation after the other is the specification.
#include "common/scalar.h"

#include "quantize_u8/body.h"

#include "common/end.h"
