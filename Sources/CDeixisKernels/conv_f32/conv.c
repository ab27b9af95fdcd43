#include "deixis/conv_f32.h"

#include "common/blocks.h"
#include "common/conv_rows.h"
#include "common/pack.h"
#include "conv_f32/reference.h"
#include "gemm_f32/tile.h"

static size_t group_in(const deixis_conv_f32_shape *s) { return s->in_c / s->groups; }
static size_t group_out(const deixis_conv_f32_shape *s) { return s->out_c / s->groups; }
static size_t depth(const deixis_conv_f32_shape *s) { return s->kernel_h * s->kernel_w * group_in(s); }

const deixis_gemm_f32 *deixis_conv_f32_select(uint32_t isa, const deixis_conv_f32_shape *shape) {
    return deixis_gemm_f32_select(isa, group_out(shape));
}

size_t deixis_conv_f32_panels(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape) {
    return shape->groups * deixis_gemm_f32_panels(kernel, group_out(shape));
}

size_t deixis_conv_f32_packed_size(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape) {
    return deixis_conv_f32_panels(kernel, shape) * depth(shape) * kernel->nr;
}

void deixis_conv_f32_pack(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape, const float *w,
    size_t panel_begin, size_t panel_end, float *packed) {
    size_t ci = group_in(shape), co = group_out(shape), taps = shape->kernel_h * shape->kernel_w, nr = kernel->nr;
    size_t per_group = deixis_gemm_f32_panels(kernel, co);
    for (size_t panel = panel_begin; panel < panel_end; panel++) {
        size_t first = panel % per_group * nr;
        size_t columns = co - first < nr ? co - first : nr;
        const float *from = w + (panel / per_group * co + first) * ci * taps;
        float *to = packed + panel * taps * ci * nr;
        // Memory holds [output][input][tap], a panel [tap][input][output].
        if (taps == 1) {
            deixis_pack_panel(from, 1, (ptrdiff_t)ci, ci, columns, nr, 1, to);
            continue;
        }
        for (size_t i = 0; i < taps * ci && columns < nr; i++) {
            for (size_t j = columns; j < nr; j++) to[i * nr + j] = 0;
        }
        // Eight inputs at a time: memory is read in order, and the lines written stay in the L1 cache until they are
        // full.
        for (size_t i0 = 0; i0 < ci; i0 += 8) {
            size_t i1 = ci - i0 < 8 ? ci : i0 + 8;
            for (size_t j = 0; j < columns; j++) {
                for (size_t i = i0; i < i1; i++) {
                    for (size_t t = 0; t < taps; t++) to[(t * ci + i) * nr + j] = from[(j * ci + i) * taps + t];
                }
            }
        }
    }
}

// The product's rows are output pixels, its depth the taps of the kernel.

static deixis_conv_rows rows_of(const deixis_conv_f32_shape *shape, bool converted, deixis_caches caches) {
    return deixis_conv_rows_of(shape, sizeof(float), converted, deixis_block_pixels(caches));
}

size_t deixis_conv_f32_scratch(
    const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape, bool normalized, deixis_caches caches) {
    (void)kernel;
    const deixis_conv_rows rows = rows_of(shape, normalized, caches);
    return deixis_conv_rows_scratch(&rows);
}

/// Bytes to floats.
typedef struct normalization {
    const deixis_conv_f32_args *args;
    size_t channels;
} normalization;

static void normalize(const void *context, const void *pixels, void *to, size_t count) {
    const normalization *n = context;
    n->args->normalize->run(pixels, n->args->scale, n->args->shift, to, count, n->channels);
}

/// One panel over a block of pixels: output channels [o, o + columns), weights at w.
static void run_panel(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *s, const deixis_conv_f32_args *args,
    const deixis_conv_rows *l, const deixis_conv_row *rows, size_t pixel, size_t count, size_t o, size_t columns,
    const float *w) {
    const deixis_tiles_f32 *tiles = kernel->tiles;
    const size_t vectors = (columns + kernel->lanes - 1) / kernel->lanes, nr = kernel->nr;
    deixis_tile_f32 tile = {.row_step = l->block, .a_step = 1, .b_step = (ptrdiff_t)nr, .ldc = (ptrdiff_t)s->y_stride,
                            .ldr = (ptrdiff_t)s->residual_stride, .columns = columns};
    // A step is a run of whole taps, or a part of one.
    const size_t most = deixis_block_depth(args->caches);
    size_t taps = l->depth < most ? most / l->depth : 1;
    size_t parts = (l->depth + most - 1) / most, part = (l->depth + parts - 1) / parts;
    if (taps > l->taps) taps = l->taps;
    bool apply = false;
    for (size_t t = 0; t < l->taps; t += taps) {
        for (size_t k = 0; k < l->depth; k += part) {
            bool first = t == 0 && k == 0, last = t + taps >= l->taps && k + part >= l->depth;
            tile.taps = l->taps - t < taps ? l->taps - t : taps;
            tile.depth = l->depth - k < part ? l->depth - k : part;
            tile.a_offset = (ptrdiff_t)k;
            tile.b = w + (t * l->depth + k) * nr;
            tile.load = !first;
            tile.bias = first && args->bias ? args->bias + o : NULL;
            if (last) apply = deixis_tile_activation(&tile, args->activation);
            for (size_t i = 0; i < count;) {
                size_t left = count - i, tiles_left = (left + kernel->mr - 1) / kernel->mr,
                       height = (left + tiles_left - 1) / tiles_left;
                tile.rows = (const float *const *)(const void *)(rows + t * l->block + i);
                tile.c = args->y + (pixel + i) * s->y_stride + o;
                tile.residual = first && args->residual ? args->residual + (pixel + i) * s->residual_stride + o : NULL;
                tiles->run[height - 1][vectors - 1](&tile);
                i += height;
            }
        }
    }
    if (!apply) return;
    for (size_t i = 0; i < count; i++) {
        float *y = args->y + (pixel + i) * s->y_stride + o;
        tiles->unary(args->activation, y, y, columns);
    }
}

void deixis_conv_f32_run(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape,
    const deixis_conv_f32_args *args, size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end,
    void *scratch) {
    const deixis_tiles_f32 *tiles = kernel->tiles;
    if (!tiles->run[0][0]) {
        deixis_conv_f32_reference(kernel, shape, args, pixel_begin, pixel_end, panel_begin, panel_end);
        return;
    }
    const deixis_conv_rows l = rows_of(shape, args->bytes != NULL, args->caches);
    const normalization normalization = {args, shape->in_c};
    const deixis_conv_image image = {.pixels = args->bytes ? (const void *)args->bytes : args->x,
        .pixel = shape->x_stride * (args->bytes ? 1 : sizeof(float)),
        .convert = args->bytes ? normalize : NULL,
        .context = &normalization};
    const size_t co = group_out(shape), per_group = deixis_gemm_f32_panels(kernel, co), nr = kernel->nr;
    deixis_conv_rows_begin(&l, scratch);
    for (size_t pixel = pixel_begin, count; pixel < pixel_end; pixel += count) {
        count = deixis_conv_rows_count(&l, shape, pixel, pixel_end);
        const deixis_conv_row *rows = NULL;
        for (size_t panel = panel_begin; panel < panel_end; panel++) {
            const size_t group = panel / per_group, first = panel % per_group * nr;
            if (!rows || first == 0) rows = deixis_conv_rows_point(&l, shape, &image, group, pixel, count, scratch);
            run_panel(kernel, shape, args, &l, rows, pixel, count, group * co + first,
                co - first < nr ? co - first : nr, args->weights + panel * l.taps * l.depth * nr);
        }
    }
}
