#include "deixis/transpose.h"

#include "deixis/isa.h"

#define FAMILY deixis_transpose
#define MANIFEST "transpose/kernels.def"
#include "common/variants.h"
