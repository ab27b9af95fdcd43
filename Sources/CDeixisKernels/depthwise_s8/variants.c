#include "deixis/depthwise_s8.h"

#include "deixis/isa.h"

#define FAMILY deixis_depthwise_s8
#define MANIFEST "depthwise_s8/kernels.def"
#include "common/variants.h"
