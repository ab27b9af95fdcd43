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

const deixis_pool_u8 *deixis_pool_u8_variants(size_t *count) {
    *count = sizeof table / sizeof table[0];
    return table;
}

const deixis_pool_u8 *deixis_pool_u8_select(uint32_t isa) {
    const deixis_pool_u8 *variant = table;
    while ((variant->isa & isa) != variant->isa) variant++;
    return variant;
}
