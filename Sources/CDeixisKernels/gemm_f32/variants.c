#include "deixis/gemm_f32.h"

#include "deixis/isa.h"
#include "gemm_f32/tile.h"

#define VARIANT(variant, bits, rows, columns, width) extern const deixis_tiles_f32 deixis_gemm_f32_tiles_##variant;
#include "gemm_f32/kernels.def"
#undef VARIANT

#define VARIANT(variant, bits, rows, columns, width) \
    {.name = #variant, \
        .isa = bits, \
        .mr = rows, \
        .nr = columns, \
        .lanes = width, \
        .tiles = &deixis_gemm_f32_tiles_##variant},
static const deixis_gemm_f32 table[] = {
#include "gemm_f32/kernels.def"
};
#undef VARIANT

enum { count = sizeof table / sizeof table[0] };

const deixis_gemm_f32 *deixis_gemm_f32_variants(size_t *number) {
    *number = count;
    return table;
}

const deixis_gemm_f32 *deixis_gemm_f32_select(uint32_t isa, size_t n) {
    const deixis_gemm_f32 *best = NULL;
    size_t least = 0;
    for (int i = 0; i < count; i++) {
        const deixis_gemm_f32 *variant = &table[i];
        if ((variant->isa & isa) != variant->isa) continue;
        if (best && variant->isa != best->isa) break;
        // Vectors that a row of C takes; panels narrower than nr run with fewer of them.
        size_t work = (n + variant->lanes - 1) / variant->lanes;
        if (best && work >= least) continue;
        best = variant;
        least = work;
    }
    return best;
}
