#include "deixis/conv_f32.h"

#include "common/pack.h"
#include "conv_f32/reference.h"
#include "gemm_f32/tile.h"

#include <string.h>

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

void deixis_conv_f32_pack(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape, const float *w, size_t panel_begin,
                          size_t panel_end, float *packed) {
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
        // Eight inputs at a time: memory is read in order, and the lines written stay in the L1 cache until they are full.
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

// The product's rows are output pixels, its depth the taps of the kernel. A tap is read either as one pixel's channels (ci floats), or, when
// there are so few channels that this would be all loop overhead, as one whole kernel row (kernel_w ci floats, contiguous in the image).

enum { pixel_block = 288, few_channels = 16 };

typedef struct layout {
    size_t taps, depth;         // pointers per pixel, floats behind each
    bool whole_rows;
} layout;

static layout layout_of(const deixis_conv_f32_shape *s) {
    bool whole_rows = group_in(s) < few_channels && s->kernel_w > 1 && s->groups == 1 && s->dilation_w == 1 && s->x_stride == s->in_c;
    if (whole_rows) return (layout){s->kernel_h, s->kernel_w * s->in_c, true};
    return (layout){s->kernel_h * s->kernel_w, group_in(s), false};
}

size_t deixis_conv_f32_scratch(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape) {
    (void)kernel;
    layout l = layout_of(shape);
    size_t pointers = pixel_block * l.taps * sizeof(float *) / sizeof(float);
    return pointers + l.depth + (l.whole_rows ? pixel_block * l.taps * l.depth : 0);
}

/// Fills rows[tap * pixel_block + i] for pixels [pixel, pixel + count).
static void point(const deixis_conv_f32_shape *s, layout l, const float *x, size_t pixel, size_t count, const float **rows, float *zeros) {
    float *copies = zeros + l.depth;
    memset(zeros, 0, l.depth * sizeof(float));
    size_t ox = pixel % s->out_w, oy = pixel / s->out_w % s->out_h, b = pixel / (s->out_w * s->out_h);
    const size_t span = l.whole_rows ? 1 : s->kernel_w;
    for (size_t i = 0; i < count; i++) {
        const ptrdiff_t left = (ptrdiff_t)(ox * s->stride_w) - (ptrdiff_t)s->pad_left;
        for (size_t ky = 0; ky < s->kernel_h; ky++) {
            // Above the image this wraps to a huge number.
            const size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top;
            const float **row = rows + ky * span * pixel_block + i;
            if (iy >= s->in_h) {
                for (size_t kx = 0; kx < span; kx++) row[kx * pixel_block] = zeros;
                continue;
            }
            const float *line = x + (b * s->in_h + iy) * s->in_w * s->x_stride;
            if (!l.whole_rows) {
                for (size_t kx = 0; kx < span; kx++) {
                    const size_t ix = (size_t)left + kx * s->dilation_w;
                    row[kx * pixel_block] = ix < s->in_w ? line + ix * s->x_stride : zeros;
                }
            } else if (left >= 0 && (size_t)left + s->kernel_w <= s->in_w) {
                *row = line + (size_t)left * s->in_c;
            } else {
                float *copy = copies + (ky * pixel_block + i) * l.depth;
                for (size_t kx = 0; kx < s->kernel_w; kx++) {
                    const size_t ix = (size_t)left + kx;
                    if (ix < s->in_w) memcpy(copy + kx * s->in_c, line + ix * s->in_c, s->in_c * sizeof(float));
                    else memset(copy + kx * s->in_c, 0, s->in_c * sizeof(float));
                }
                *row = copy;
            }
        }
        if (++ox < s->out_w) continue;
        ox = 0;
        if (++oy < s->out_h) continue;
        oy = 0;
        b++;
    }
}

/// One panel over a block of pixels: output channels [o, o + columns), weights at w.
static void run_panel(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *s, const deixis_conv_f32_args *args, layout l,
                      const float *const *rows, size_t pixel, size_t count, size_t o, size_t columns, const float *w) {
    const deixis_tiles_f32 *tiles = kernel->tiles;
    const size_t vectors = (columns + kernel->lanes - 1) / kernel->lanes, nr = kernel->nr;
    deixis_tile_f32 tile = {.row_step = pixel_block, .a_step = 1, .b_step = (ptrdiff_t)nr, .ldc = (ptrdiff_t)s->y_stride,
                            .ldr = (ptrdiff_t)s->residual_stride, .columns = columns};
    // A step is a run of whole taps, or a part of one.
    size_t taps = l.depth < DEIXIS_TILE_DEPTH ? DEIXIS_TILE_DEPTH / l.depth : 1;
    size_t parts = (l.depth + DEIXIS_TILE_DEPTH - 1) / DEIXIS_TILE_DEPTH, part = (l.depth + parts - 1) / parts;
    if (taps > l.taps) taps = l.taps;
    bool apply = false;
    for (size_t t = 0; t < l.taps; t += taps) {
        for (size_t k = 0; k < l.depth; k += part) {
            bool first = t == 0 && k == 0, last = t + taps >= l.taps && k + part >= l.depth;
            tile.taps = l.taps - t < taps ? l.taps - t : taps;
            tile.depth = l.depth - k < part ? l.depth - k : part;
            tile.a_offset = (ptrdiff_t)k;
            tile.b = w + (t * l.depth + k) * nr;
            tile.load = !first;
            tile.bias = first && args->bias ? args->bias + o : NULL;
            if (last) apply = deixis_tile_activation(&tile, args->activation);
            for (size_t i = 0; i < count;) {
                size_t left = count - i, tiles_left = (left + kernel->mr - 1) / kernel->mr, height = (left + tiles_left - 1) / tiles_left;
                tile.rows = rows + t * pixel_block + i;
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

void deixis_conv_f32_run(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape, const deixis_conv_f32_args *args,
                         size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end, float *scratch) {
    const deixis_tiles_f32 *tiles = kernel->tiles;
    if (!tiles->run[0][0]) {
        deixis_conv_f32_reference(kernel, shape, args, pixel_begin, pixel_end, panel_begin, panel_end);
        return;
    }
    const layout l = layout_of(shape);
    const size_t co = group_out(shape), per_group = deixis_gemm_f32_panels(kernel, co), nr = kernel->nr;
    const float **rows = (const float **)(void *)scratch;
    float *zeros = (float *)(void *)(rows + pixel_block * l.taps);
    for (size_t pixel = pixel_begin; pixel < pixel_end; pixel += pixel_block) {
        const size_t count = pixel_end - pixel < pixel_block ? pixel_end - pixel : pixel_block;
        size_t pointed = SIZE_MAX;
        for (size_t panel = panel_begin; panel < panel_end; panel++) {
            const size_t group = panel / per_group, first = panel % per_group * nr;
            // Pointers go to the group's channels.
            if (group != pointed) point(shape, l, args->x + group * group_in(shape), pixel, count, rows, zeros);
            pointed = group;
            run_panel(kernel, shape, args, l, rows, pixel, count, group * co + first, co - first < nr ? co - first : nr,
                      args->weights + panel * l.taps * l.depth * nr);
        }
    }
}
