#include "deixis/attention_s8.h"

#include "deixis/isa.h"

size_t deixis_attention_s8_scratch(size_t keys, size_t head, size_t value_head);

#define VARIANT(variant, bits) extern __typeof__(*((deixis_attention_s8 *)0)->run) deixis_attention_s8_##variant;
#include "attention_s8/kernels.def"
#undef VARIANT

#define VARIANT(variant, bits) \
    {.name = #variant, .isa = bits, .block = 48, .scratch = deixis_attention_s8_scratch, .run = deixis_attention_s8_##variant},
static const deixis_attention_s8 table[] = {
#include "attention_s8/kernels.def"
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
