#include "deixis/normalize_u8.h"

#include "deixis/isa.h"

#define FAMILY deixis_normalize_u8
#define MANIFEST "normalize_u8/kernels.def"
#include "common/variants.h"
