// The body with one lane: sixteen sums, one IEEE operation after the other, are the specification.
#include "common/scalar.h"

#include "layernorm_u8/body.h"

#include "common/end.h"
