#include "deixis/letterbox_u8.h"

#include "deixis/isa.h"

#define OF(function, variant) \
    extern __typeof__(*((deixis_letterbox_u8 *)0)->function) deixis_letterbox_u8_##function##_##variant;
#define VARIANT(variant, bits) \
    OF(rows, variant) OF(columns, variant)
#include "letterbox_u8/kernels.def"
#undef VARIANT
#undef OF

#define OF(function, variant) .function = deixis_letterbox_u8_##function##_##variant
#define VARIANT(variant, bits) \
    {.name = #variant, .isa = bits, OF(rows, variant), OF(columns, variant)},
static const deixis_letterbox_u8 table[] = {
#include "letterbox_u8/kernels.def"
};

#define FAMILY deixis_letterbox_u8
#include "common/choice.h"
