#include "deixis/layernorm_u8.h"

#include "deixis/isa.h"

#define FAMILY deixis_layernorm_u8
#define MANIFEST "layernorm_u8/kernels.def"
#include "common/variants.h"
