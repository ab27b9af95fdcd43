#include "deixis/pool_u8.h"

#include "deixis/isa.h"

#define OF(function, variant) extern __typeof__(*((deixis_pool_u8 *)0)->function) deixis_pool_u8_##function##_##variant;
#define VARIANT(variant, bits) \
    OF(max, variant) OF(nearest, variant)
#include "pool_u8/kernels.def"
#undef VARIANT
#undef OF

#define OF(function, variant) .function = deixis_pool_u8_##function##_##variant
#define VARIANT(variant, bits) \
    {.name = #variant, .isa = bits, OF(max, variant), OF(nearest, variant)},
static const deixis_pool_u8 table[] = {
#include "pool_u8/kernels.def"
};

#define FAMILY deixis_pool_u8
#include "common/choice.h"
