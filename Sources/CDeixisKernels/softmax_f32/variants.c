#include "deixis/softmax_f32.h"

#include "deixis/isa.h"

#define FAMILY deixis_softmax_f32
#define MANIFEST "softmax_f32/kernels.def"
#include "common/variants.h"
