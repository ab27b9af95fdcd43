#include "deixis/attention_s8.h"

#include "deixis/isa.h"

#define VARIANT(name, isa, block) \
    extern __typeof__(*((deixis_attention_s8 *)0)->run) deixis_attention_s8_##name; \
    extern __typeof__(*((deixis_attention_s8 *)0)->scratch) deixis_attention_s8_scratch_##name;
#include "attention_s8/kernels.def"
#undef VARIANT

static const deixis_attention_s8 table[] = {
#define VARIANT(variant, bits, queries) \
    {.name = #variant, \
        .isa = bits, \
        .block = queries, \
        .scratch = deixis_attention_s8_scratch_##variant, \
        .run = deixis_attention_s8_##variant},
#include "attention_s8/kernels.def"
#undef VARIANT
};

#define FAMILY deixis_attention_s8
#include "common/choice.h"
