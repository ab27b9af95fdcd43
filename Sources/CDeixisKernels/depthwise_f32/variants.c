#include "deixis/depthwise_f32.h"

#include "deixis/isa.h"

#define FAMILY deixis_depthwise_f32
#define MANIFEST "depthwise_f32/kernels.def"
#include "common/variants.h"
