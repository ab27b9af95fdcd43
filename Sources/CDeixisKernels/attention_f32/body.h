// Blocks of queries, BLOCK wide. Scores lie transposed, [keys][width]: the product's rows are rows of K, its columns
// the packed queries; then softmax runs down the columns, a vector of queries at a time; then O's rows read their
// column of the scores.

#include "common/blocks.h"
#include "common/math.h"
#include "common/pack.h"
#include "deixis/attention_f32.h"
#include "gemm_f32/tile.h"

#include <math.h>

extern const deixis_tiles_f32 VARIANT_NAME(deixis_gemm_f32_tiles);

#if defined(__aarch64__) || LANES == 16
enum { tile_vectors = 4 };
#else
enum { tile_vectors = 2 };
#endif
enum { tile_rows = 6, block = tile_vectors * LANES };

static inline size_t padded(size_t count) { return (count + LANES - 1) / LANES * LANES; }

size_t VARIANT_NAME(deixis_attention_f32_scratch)(size_t keys, size_t head, size_t value_head) {
    // Packed queries, scores, 1 / sum, and V when its rows are not whole vectors.
    return block * (head + keys + 1) + (value_head % LANES ? keys * padded(value_head) : 0);
}

/// Runs tiles of up to six rows over [0, count): row i of the product reads a + i * a_row.
static inline void run_rows(
    deixis_tile_f32 *tile, size_t count, size_t vectors, const float *a, ptrdiff_t a_row, float *c, ptrdiff_t ldc) {
    const float *rows[tile_rows];
    tile->rows = rows;
    tile->ldc = ldc;
    for (size_t i = 0; i < count;) {
        size_t left = count - i, tiles = (left + tile_rows - 1) / tile_rows, height = (left + tiles - 1) / tiles;
        for (size_t r = 0; r < height; r++) rows[r] = a + (ptrdiff_t)(i + r) * a_row;
        tile->c = c + (ptrdiff_t)i * ldc;
        VARIANT_NAME(deixis_gemm_f32_tiles).run[height - 1][vectors - 1](tile);
        i += height;
    }
}

/// scores[j][0..<width] = e^(scores - maximum over j); their sums' reciprocals go to `factors`.
static inline void softmax_columns(float *scores, size_t keys, size_t width, float *factors) {
    for (size_t i = 0; i < width; i += LANES) {
        vf max[2] = {v_set(-INFINITY), v_set(-INFINITY)}, sum[2] = {v_set(0), v_set(0)};
        for (size_t j = 0; j < keys; j++) max[j % 2] = v_max_nan(max[j % 2], v_load(scores + j * width + i));
        vf m = v_max_nan(max[0], max[1]);
        for (size_t j = 0; j < keys; j++) {
            vf e = v_exp(v_load(scores + j * width + i) - m);
            v_store(scores + j * width + i, e);
            sum[j % 2] += e;
        }
        v_store(factors + i, v_set(1) / (sum[0] + sum[1]));
    }
}

static inline void add_bias(
    const deixis_attention_f32_args *args, size_t begin, size_t queries, size_t width, float *scores) {
    for (size_t j = 0; j < args->keys; j++) {
        float *row = scores + j * width;
        if (args->bias_query == 0) {
            for (size_t i = 0; i < width; i += LANES) v_store(row + i, v_load(row + i) + v_set(args->bias[j]));
        } else {
            for (size_t i = 0; i < queries; i++)
                row[i] += args->bias[(ptrdiff_t)(begin + i) * args->bias_query + (ptrdiff_t)j];
        }
    }
}

static void run_block(const deixis_attention_f32_args *args, size_t begin, size_t queries, float *scratch) {
    const size_t width = padded(queries), keys = args->keys;
    float *packed = scratch, *scores = packed + block * args->head, *factors = scores + block * keys,
          *values = factors + block;
    deixis_pack_panel(
        args->q + (ptrdiff_t)begin * args->q_row, 1, args->q_row, args->head, queries, width, args->scale, packed);
    deixis_tile_f32 tile = {.row_step = 0,
        .taps = 1,
        .depth = args->head,
        .a_step = 1,
        .b = packed,
        .b_step = (ptrdiff_t)width,
        .columns = width};
    run_rows(&tile, keys, width / LANES, args->k, args->k_row, scores, (ptrdiff_t)width);
    if (args->bias) add_bias(args, begin, queries, width, scores);
    softmax_columns(scores, keys, width, factors);

    // V is read in place when its rows are whole vectors; else run() has put a padded copy behind the factors.
    const bool in_place = args->value_head % LANES == 0;
    const float *v = in_place ? args->v : values;
    const ptrdiff_t v_row = in_place ? args->v_row : (ptrdiff_t)padded(args->value_head);
    float *o = args->o + (ptrdiff_t)begin * args->o_row;
    const size_t most = deixis_block_depth(args->caches);
    for (size_t k = 0; k < keys; k += most) {
        size_t depth = keys - k < most ? keys - k : most;
        for (size_t n = 0; n < args->value_head;) {
            size_t left = (args->value_head - n + LANES - 1) / LANES, panels = (left + tile_vectors - 1) / tile_vectors;
            size_t vectors = (left + panels - 1) / panels, columns = vectors * LANES;
            if (columns > args->value_head - n) columns = args->value_head - n;
            deixis_tile_f32 part = {.taps = 1,
                .depth = depth,
                .a_step = (ptrdiff_t)width,
                .b = v + (ptrdiff_t)k * v_row + (ptrdiff_t)n,
                .b_step = v_row,
                .load = k > 0,
                .columns = columns};
            run_rows(&part, queries, vectors, scores + k * width, 1, o + n, args->o_row);
            n += columns;
        }
    }
    for (size_t i = 0; i < queries; i++, o += args->o_row) {
        for (size_t c = 0; c < args->value_head; c += LANES) {
            size_t n = args->value_head - c < LANES ? args->value_head - c : LANES;
            v_store_n(o + c, v_load_n(o + c, n) * v_set(factors[i]), n);
        }
    }
}

void VARIANT_NAME(deixis_attention_f32)(
    const deixis_attention_f32_args *args, size_t begin, size_t end, float *scratch) {
    if (args->value_head % LANES) {
        deixis_pack_panel(args->v, args->v_row, 1, args->keys, args->value_head, padded(args->value_head), 1,
            scratch + block * (args->head + args->keys + 1));
    }
    for (size_t i = begin; i < end; i += block) run_block(args, i, end - i < block ? end - i : block, scratch);
}
