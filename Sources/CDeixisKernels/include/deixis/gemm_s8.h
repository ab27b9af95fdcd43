// Quantized product: C[m,n] from A uint8 [m,k] with zero point, B int8 [k,n] symmetric per column.
//
//     s = offset[n] + sum over k of A[m,k] B[k,n]                         exact in int32 (the caller's offset holds bias - zero_a sum over k of B)
//     v = (float)s multiplier[n]
//     v = min(max(v, cut_low[n]), cut_high[n])                             where there are cuts: what bytes in between hold
//     v = v + ((float)(R[m,n] - residual_zero)) residual_scale             R uint8; or v + R[m,n], R float32; where there is a residual
//     v = min(max(v, low), high)                                           identity: -inf, inf; relu: 0, inf
//     C = v                                                                float32, or
//     C = min(max(round(v inverse_scale) + zero, 0), 255)                  uint8, ties to even
//
// Each float operation rounds once, none is fused: every variant gives the reference's bits, whatever the split into
// ranges.
// |A B| sums stay inside int32 for k < 2^16 (255 * 128 * 65536 < 2^31).
#pragma once

#include "caches.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What C holds, and R.
enum { DEIXIS_S8_NONE = 0, DEIXIS_S8_U8 = 1, DEIXIS_S8_F32 = 2 };

/// How sums become results: the tail of every quantized kernel.
typedef struct deixis_requantize {
    const int32_t *offset;      // per column
    const float *multiplier;    // per column
    int32_t residual_type;      // DEIXIS_S8_NONE, _U8 or _F32
    int32_t residual_zero;
    float residual_scale;
    float low, high;
    int32_t output_type;        // DEIXIS_S8_U8 or _F32
    float inverse_scale;        // positive; 1 is free: without a residual the multiplier can hold it
    int32_t zero;
    const float *cut_low, *cut_high;    // per column, or both null
} deixis_requantize;

typedef struct deixis_gemm_s8 {
    const char *name;
    uint32_t isa;
    uint32_t mr, nr;            // rows and columns of a register tile
    const void *tiles;          // the variant's own
} deixis_gemm_s8;

typedef struct deixis_gemm_s8_args {
    size_t m, n, k;
    const uint8_t *a;
    ptrdiff_t lda;
    const int8_t
        *b; // packed for this variant, or as it stands where b_row is not 0: element (i, j) is b[i * b_row + j]
    ptrdiff_t b_row;
    void *c;
    ptrdiff_t ldc;              // elements of C's type
    const void *residual;       // or null; may be c itself where types and strides agree
    ptrdiff_t ldr;
    deixis_requantize requantize;
    deixis_caches caches;
} deixis_gemm_s8_args;

const deixis_gemm_s8 *deixis_gemm_s8_variants(size_t *count);
/// The best variant that `isa` allows for `n` columns.
const deixis_gemm_s8 *deixis_gemm_s8_select(uint32_t isa, size_t n);

/// ceil(n / nr)
size_t deixis_gemm_s8_panels(const deixis_gemm_s8 *kernel, size_t n);
/// Bytes of a packed B.
size_t deixis_gemm_s8_packed_size(const deixis_gemm_s8 *kernel, size_t k, size_t n);
/// Packs panels [panel_begin, panel_end) of B; element (i, j) is b[i * row_stride + j * column_stride]. `packed` is the
/// start of the whole packed matrix, 64-byte aligned.
void deixis_gemm_s8_pack(const deixis_gemm_s8 *kernel, const int8_t *b, ptrdiff_t row_stride, ptrdiff_t column_stride,
    size_t k, size_t n, size_t panel_begin, size_t panel_end, int8_t *packed);
/// Whether B of this depth may stand as it is, with b_row. For few rows of A and a B that comes from memory every time:
/// that takes no longer than with a packed one, and needs no copy of B.
bool deixis_gemm_s8_takes_rows(const deixis_gemm_s8 *kernel, size_t k);
/// sums[j] = sum over i < k of b[i * row_stride + j * column_stride], for columns [begin, end): what offsets are made
/// of.
void deixis_gemm_s8_sums(
    const int8_t *b, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t begin, size_t end, int32_t *sums);
/// Computes C[m_begin..<m_end, n_begin..<n_end]. n_begin is a multiple of nr; n_end is one too, or n. Ranges that do
/// not overlap may run at once. A is read in place and never beyond its rows' k bytes.
void deixis_gemm_s8_run(const deixis_gemm_s8 *kernel, const deixis_gemm_s8_args *args, size_t m_begin, size_t m_end,
    size_t n_begin, size_t n_end);
