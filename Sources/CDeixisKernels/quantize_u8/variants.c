#include "deixis/quantize_u8.h"

#include "deixis/isa.h"

#define OF(function, variant) \
    extern __typeof__(*((deixis_quantize_u8 *)0)->function) deixis_quantize_u8_##function##_##variant;
#define VARIANT(variant, bits) \
    OF(quantize, variant) \
    OF(dequantize, variant) OF(dequantize_columns, variant) OF(add, variant) OF(map, variant) OF(apply, variant)
#include "quantize_u8/kernels.def"
#undef VARIANT
#undef OF

#define OF(function, variant) .function = deixis_quantize_u8_##function##_##variant
#define VARIANT(variant, bits) \
    {.name = #variant, \
        .isa = bits, \
        OF(quantize, variant), \
        OF(dequantize, variant), \
        OF(dequantize_columns, variant), \
        OF(add, variant), \
        OF(map, variant), \
        OF(apply, variant)},
static const deixis_quantize_u8 table[] = {
#include "quantize_u8/kernels.def"
};

#define FAMILY deixis_quantize_u8
#include "common/choice.h"
