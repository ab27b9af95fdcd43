#include "deixis/attention_s8.h"

#include "deixis/isa.h"

#define VARIANT(name, isa, block) \
    extern __typeof__(*((deixis_attention_s8 *)0)->run) deixis_attention_s8_##name; \
    extern __typeof__(*((deixis_attention_s8 *)0)->scratch) deixis_attention_s8_scratch_##name;
#include "attention_s8/kernels.def"
#undef VARIANT

static const deixis_attention_s8 table[] = {
#define VARIANT(variant, bits, queries) \
    {.name = #variant, .isa = bits, .block = queries, .scratch = deixis_attention_s8_scratch_##variant, .run = deixis_attention_s8_##variant},
#include "attention_s8/kernels.def"
#undef VARIANT
};

const deixis_attention_s8 *deixis_attention_s8_variants(size_t *count) {
    *count = sizeof table / sizeof table[0];
    return table;
}

const deixis_attention_s8 *deixis_attention_s8_select(uint32_t isa) {
    const deixis_attention_s8 *variant = table;
    while ((variant->isa & isa) != variant->isa) variant++;
    return variant;
}
