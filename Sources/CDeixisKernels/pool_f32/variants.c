#include "deixis/pool_f32.h"

#include "deixis/isa.h"

#define FAMILY deixis_pool_f32
#define MANIFEST "pool_f32/kernels.def"
#include "common/variants.h"
