#include "deixis/reduce_f32.h"

#include "deixis/isa.h"

#define FAMILY deixis_reduce_f32
#define MANIFEST "reduce_f32/kernels.def"
#include "common/variants.h"
