#include "deixis/resize_f32.h"

#include "deixis/isa.h"

#define FAMILY deixis_resize_f32
#define MANIFEST "resize_f32/kernels.def"
#include "common/variants.h"
