#include "deixis/binary_f32.h"

#include "deixis/isa.h"

#define FAMILY deixis_binary_f32
#define MANIFEST "binary_f32/kernels.def"
#include "common/variants.h"
