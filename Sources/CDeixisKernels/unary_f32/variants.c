#include "deixis/unary_f32.h"

#include "deixis/isa.h"

#define FAMILY deixis_unary_f32
#define MANIFEST "unary_f32/kernels.def"
#include "common/variants.h"
