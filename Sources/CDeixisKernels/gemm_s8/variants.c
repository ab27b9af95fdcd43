#include "deixis/gemm_s8.h"

#include "deixis/isa.h"
#include "gemm_s8/tile.h"

#define VARIANT(variant, bits, rows, columns) extern const deixis_tiles_s8 deixis_gemm_s8_tiles_##variant;
#include "gemm_s8/kernels.def"
#undef VARIANT

#define VARIANT(variant, bits, rows, columns) \
    {.name = #variant, .isa = bits, .mr = rows, .nr = columns, .tiles = &deixis_gemm_s8_tiles_##variant},
static const deixis_gemm_s8 table[] = {
#include "gemm_s8/kernels.def"
};
#undef VARIANT

const deixis_gemm_s8 *deixis_gemm_s8_variants(size_t *count) {
    *count = sizeof table / sizeof table[0];
    return table;
}

const deixis_gemm_s8 *deixis_gemm_s8_select(uint32_t isa, size_t n) {
    // One variant per instruction set, whatever the width: tiles of fewer vectors run narrow panels.
    (void)n;
    const deixis_gemm_s8 *variant = table;
    while ((variant->isa & isa) != variant->isa) variant++;
    return variant;
}
