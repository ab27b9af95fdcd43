#include "deixis/winograd_f32.h"

#include "deixis/isa.h"

#define FAMILY deixis_winograd_f32
#define MANIFEST "winograd_f32/kernels.def"
#include "common/variants.h"
