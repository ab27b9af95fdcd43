// A block of tiles: all transformed, then 16 products, then the outputs put together. What lies between stays in the
// cache.

#include "deixis/winograd_f32.h"

extern void VARIANT_NAME(deixis_unary_f32)(deixis_activation f, const float *x, float *y, size_t count);

#define EACH(i, count) _Pragma("clang loop unroll(full)") for (int i = 0; i < count; i++)

/// B' d B for LANES channels; element e of the result goes to v + e * step.
static inline void transform(vf d[4][4], float *v, size_t step) {
    EACH(x, 4) {
        vf a = d[0][x] - d[2][x], b = d[1][x] + d[2][x], c = d[2][x] - d[1][x], e = d[1][x] - d[3][x];
        d[0][x] = a, d[1][x] = b, d[2][x] = c, d[3][x] = e;
    }
    EACH(y, 4) {
        const vf row[4] = {d[y][0] - d[y][2], d[y][1] + d[y][2], d[y][2] - d[y][1], d[y][1] - d[y][3]};
        EACH(x, 4) v_store(v + (size_t)(4 * y + x) * step, row[x]);
    }
}

static void input(const deixis_conv_f32_shape *s, const float *x, size_t tile_begin, size_t count, float *v) {
    static const float zeros[LANES] = {0};
    const size_t across = (s->out_w + 1) / 2, down = (s->out_h + 1) / 2, channels = s->in_c;
    for (size_t t = 0; t < count; t++) {
        size_t tile = tile_begin + t, b = tile / (across * down);
        size_t top = tile / across % down * 2 - s->pad_top,
               left = tile % across * 2 - s->pad_left; // above and left wrap to huge numbers
        const float *at[16];
        size_t move[16];
        for (size_t i = 0; i < 16; i++) {
            size_t iy = top + i / 4, ix = left + i % 4;
            move[i] = iy < s->in_h && ix < s->in_w;
            at[i] = move[i] ? x + ((b * s->in_h + iy) * s->in_w + ix) * s->x_stride : zeros;
        }
        float *to = v + t * channels;
        for (size_t c = 0; c < channels; c += LANES) {
            vf d[4][4];
            EACH(i, 16) d[i / 4][i % 4] = v_load(at[i] + c * move[i]);
            transform(d, to + c, count * channels);
        }
    }
}

static void output(
    const deixis_conv_f32_shape *s, const deixis_conv_f32_args *args, size_t tile_begin, size_t count, const float *m) {
    const size_t across = (s->out_w + 1) / 2, down = (s->out_h + 1) / 2, channels = s->out_c, step = count * channels;
    for (size_t t = 0; t < count; t++) {
        size_t tile = tile_begin + t, row = tile / across % down * 2, column = tile % across * 2;
        size_t first = (tile / (across * down) * s->out_h + row) * s->out_w + column;
        for (size_t c = 0; c < channels; c += LANES) {
            const float *from = m + t * channels + c;
            vf rows[2][4];
            EACH(x, 4) {
                vf e[4];
                EACH(y, 4) e[y] = v_load(from + (size_t)(4 * y + x) * step);
                rows[0][x] = e[0] + e[1] + e[2];
                rows[1][x] = e[1] - e[2] - e[3];
            }
            vf bias = args->bias ? v_load(args->bias + c) : v_set(0);
            EACH(y, 2) {
                const vf out[2] = {
                    rows[y][0] + rows[y][1] + rows[y][2] + bias, rows[y][1] - rows[y][2] - rows[y][3] + bias};
                EACH(x, 2) {
                    if (row + (size_t)y >= s->out_h || column + (size_t)x >= s->out_w) continue;
                    size_t pixel = first + (size_t)y * s->out_w + (size_t)x;
                    vf value = out[x];
                    if (args->residual) value += v_load(args->residual + pixel * s->residual_stride + c);
                    v_store(args->y + pixel * s->y_stride + c, value);
                }
            }
        }
        if (args->activation.function == DEIXIS_UNARY_IDENTITY) continue;
        for (size_t i = 0; i < 4; i++) {
            if (row + i / 2 >= s->out_h || column + i % 2 >= s->out_w) continue;
            float *pixel = args->y + (first + i / 2 * s->out_w + i % 2) * s->y_stride;
            VARIANT_NAME(deixis_unary_f32)(args->activation, pixel, pixel, channels);
        }
    }
}

void VARIANT_NAME(deixis_winograd_f32)(const deixis_gemm_f32 *gemm, const deixis_conv_f32_shape *s,
    const deixis_conv_f32_args *args, size_t tile_begin, size_t tile_end, float *scratch) {
    size_t count = tile_end - tile_begin, size = deixis_gemm_f32_packed_size(gemm, s->in_c, s->out_c);
    float *v = scratch, *m = scratch + 16 * count * s->in_c;
    input(s, args->x, tile_begin, count, v);
    for (size_t e = 0; e < 16; e++) {
        deixis_gemm_f32_args product = {.m = count,
            .n = s->out_c,
            .k = s->in_c,
            .a = v + e * count * s->in_c,
            .lda = (ptrdiff_t)s->in_c,
            .b = args->weights + e * size,
            .c = m + e * count * s->out_c,
            .ldc = (ptrdiff_t)s->out_c,
            .caches = args->caches};
        deixis_gemm_f32_run(gemm, &product, 0, count, 0, s->out_c);
    }
    output(s, args, tile_begin, count, m);
}
