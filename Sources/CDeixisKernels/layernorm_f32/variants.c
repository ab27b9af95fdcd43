#include "deixis/layernorm_f32.h"

#include "deixis/isa.h"

#define FAMILY deixis_layernorm_f32
#define MANIFEST "layernorm_f32/kernels.def"
#include "common/variants.h"
