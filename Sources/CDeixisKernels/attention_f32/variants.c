#include "deixis/attention_f32.h"

#include "deixis/isa.h"

#define VARIANT(name, isa, block) \
    extern __typeof__(*((deixis_attention_f32 *)0)->run) deixis_attention_f32_##name; \
    extern __typeof__(*((deixis_attention_f32 *)0)->scratch) deixis_attention_f32_scratch_##name;
#include "attention_f32/kernels.def"
#undef VARIANT

static const deixis_attention_f32 table[] = {
#define VARIANT(variant, bits, queries) \
    {.name = #variant, \
        .isa = bits, \
        .block = queries, \
        .scratch = deixis_attention_f32_scratch_##variant, \
        .run = deixis_attention_f32_##variant},
#include "attention_f32/kernels.def"
#undef VARIANT
};

#define FAMILY deixis_attention_f32
#include "common/choice.h"
