#include "deixis/conv_s8.h"

#include "gemm_s8/tile.h"

#include <string.h>

static size_t group_in(const deixis_conv_f32_shape *s) { return s->in_c / s->groups; }
static size_t group_out(const deixis_conv_f32_shape *s) { return s->out_c / s->groups; }

// The product's rows are output pixels, its depth the taps of the kernel. A tap is read either as one pixel's channels, or, when there are so few
// that this would be all loop overhead, as one whole kernel row: kernel_w in_c bytes, contiguous in the image, and up to three more that meet zeros.

enum { pixel_block = 192, few_channels = 16, most_offsets = 64 };

typedef struct layout {
    size_t taps, depth;
    bool whole_rows;
} layout;

static layout layout_of(const deixis_conv_f32_shape *s) {
    bool whole_rows = group_in(s) < few_channels && s->kernel_w > 1 && s->groups == 1 && s->dilation_w == 1 && s->x_stride == s->in_c;
    if (whole_rows) return (layout){s->kernel_h, (s->kernel_w * s->in_c + 3) / 4 * 4, true};
    return (layout){s->kernel_h * s->kernel_w, group_in(s), false};
}

static size_t panel_size(const deixis_gemm_s8 *kernel, layout l) { return l.taps * ((l.depth + 3) / 4 * 4) * kernel->nr; }

const deixis_gemm_s8 *deixis_conv_s8_select(uint32_t isa, const deixis_conv_f32_shape *shape) {
    return deixis_gemm_s8_select(isa, group_out(shape));
}

size_t deixis_conv_s8_panels(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape) {
    return shape->groups * deixis_gemm_s8_panels(kernel, group_out(shape));
}

size_t deixis_conv_s8_packed_size(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape) {
    return deixis_conv_s8_panels(kernel, shape) * panel_size(kernel, layout_of(shape));
}

void deixis_conv_s8_pack(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape, const int8_t *w, size_t panel_begin,
                         size_t panel_end, int8_t *packed) {
    const layout l = layout_of(shape);
    const size_t ci = group_in(shape), co = group_out(shape), all = shape->kernel_h * shape->kernel_w, nr = kernel->nr;
    const size_t per_group = deixis_gemm_s8_panels(kernel, co), deep = (l.depth + 3) / 4 * 4;
    for (size_t panel = panel_begin; panel < panel_end; panel++) {
        const size_t first = panel % per_group * nr, columns = co - first < nr ? co - first : nr;
        const int8_t *from = w + (panel / per_group * co + first) * ci * all;
        int8_t *to = packed + panel * panel_size(kernel, l);
        if (columns < nr || deep * l.taps != ci * all) memset(to, 0, panel_size(kernel, l));
        // Memory holds [output][input][tap].
        for (size_t tap = 0; tap < all; tap++) {
            const size_t t = l.whole_rows ? tap / shape->kernel_w : tap, base = l.whole_rows ? tap % shape->kernel_w * ci : 0;
            for (size_t i = 0; i < ci; i++) {
                const size_t k = t * deep + base + i;
                int8_t *step = to + k / 4 * 4 * nr + k % 4;
                for (size_t j = 0; j < columns; j++) step[4 * j] = from[(j * ci + i) * all + tap];
            }
        }
    }
}

size_t deixis_conv_s8_scratch(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape) {
    (void)kernel;
    const layout l = layout_of(shape);
    const size_t line = (l.depth + 63) / 64 * 64;
    return pixel_block * l.taps * sizeof(uint8_t *) + line + (l.whole_rows ? pixel_block * l.taps * l.depth : 0);
}

/// Fills rows[tap * pixel_block + i] for pixels [pixel, pixel + count). `outside` holds the zero point; x has `size` bytes.
static void point(const deixis_conv_f32_shape *s, layout l, const uint8_t *x, size_t size, int32_t zero, size_t pixel, size_t count,
                  const uint8_t **rows, uint8_t *outside) {
    uint8_t *copies = outside + (l.depth + 63) / 64 * 64;
    size_t ox = pixel % s->out_w, oy = pixel / s->out_w % s->out_h, b = pixel / (s->out_w * s->out_h);
    const size_t span = l.whole_rows ? 1 : s->kernel_w;
    // Where the taps of a window that lies inside the image begin, from its first pixel.
    size_t offsets[most_offsets];
    for (size_t t = 0; t < l.taps && t < most_offsets; t++) {
        offsets[t] = (t / span * s->dilation_h * s->in_w + t % span * s->dilation_w) * s->x_stride;
    }
    const size_t reach_h = (s->kernel_h - 1) * s->dilation_h, reach_w = (s->kernel_w - 1) * s->dilation_w;
    for (size_t i = 0; i < count; i++) {
        const size_t top = oy * s->stride_h - s->pad_top, first = ox * s->stride_w - s->pad_left;
        const size_t at = ((b * s->in_h + top) * s->in_w + first) * s->x_stride;
        // Outside the image these wrap to huge numbers.
        if (top < s->in_h && first < s->in_w && reach_h < s->in_h - top && reach_w < s->in_w - first && l.taps <= most_offsets
            && at + offsets[l.taps - 1] + l.depth <= size) {
            const uint8_t **row = rows + i;
            for (size_t t = 0; t < l.taps; t++) row[t * pixel_block] = x + at + offsets[t];
            goto next;
        }
        const ptrdiff_t left = (ptrdiff_t)(ox * s->stride_w) - (ptrdiff_t)s->pad_left;
        for (size_t ky = 0; ky < s->kernel_h; ky++) {
            // Above the image this wraps to a huge number.
            const size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top;
            const uint8_t **row = rows + ky * span * pixel_block + i;
            if (iy >= s->in_h) {
                for (size_t kx = 0; kx < span; kx++) row[kx * pixel_block] = outside;
                continue;
            }
            const uint8_t *line = x + (b * s->in_h + iy) * s->in_w * s->x_stride;
            if (!l.whole_rows) {
                for (size_t kx = 0; kx < span; kx++) {
                    const size_t ix = (size_t)left + kx * s->dilation_w;
                    row[kx * pixel_block] = ix < s->in_w ? line + ix * s->x_stride : outside;
                }
            } else if (left >= 0 && (size_t)left + s->kernel_w <= s->in_w && (size_t)(line - x) + (size_t)left * s->in_c + l.depth <= size) {
                *row = line + (size_t)left * s->in_c;
            } else {
                uint8_t *copy = copies + (ky * pixel_block + i) * l.depth;
                memset(copy, zero, l.depth);
                for (size_t kx = 0; kx < s->kernel_w; kx++) {
                    const size_t ix = (size_t)left + kx;
                    if (ix < s->in_w) memcpy(copy + kx * s->in_c, line + ix * s->in_c, s->in_c);
                }
                *row = copy;
            }
        }
    next:
        if (++ox < s->out_w) continue;
        ox = 0;
        if (++oy < s->out_h) continue;
        oy = 0;
        b++;
    }
}

void deixis_conv_s8_run(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape, const deixis_conv_s8_args *args,
                        size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end, void *scratch) {
    const layout l = layout_of(shape);
    const size_t co = group_out(shape), per_group = deixis_gemm_s8_panels(kernel, co), nr = kernel->nr;
    const uint8_t **rows = scratch;
    uint8_t *outside = (uint8_t *)(rows + pixel_block * l.taps);
    memset(outside, args->zero, (l.depth + 63) / 64 * 64);
    const size_t size = (shape->batch * shape->in_h * shape->in_w - 1) * shape->x_stride + shape->in_c;
    const size_t y_size = deixis_s8_size(args->requantize.output_type), r_size = deixis_s8_size(args->requantize.residual_type);
    for (size_t pixel = pixel_begin; pixel < pixel_end; pixel += pixel_block) {
        const size_t count = pixel_end - pixel < pixel_block ? pixel_end - pixel : pixel_block;
        size_t pointed = SIZE_MAX;
        for (size_t panel = panel_begin; panel < panel_end; panel++) {
            const size_t group = panel / per_group, first = panel % per_group * nr, o = group * co + first;
            // Pointers go to the group's channels.
            if (group != pointed) point(shape, l, args->x + group * group_in(shape), size - group * group_in(shape), args->zero, pixel, count, rows, outside);
            pointed = group;
            const deixis_requantize tail = deixis_requantize_from(&args->requantize, o);
            deixis_tiles_s8_walk(kernel, (deixis_tile_s8){
                .rows = rows, .row_step = pixel_block, .taps = l.taps, .depth = l.depth, .b = args->weights + panel * panel_size(kernel, l),
                .c = (char *)args->y + (pixel * shape->y_stride + o) * y_size, .c_row = (ptrdiff_t)(shape->y_stride * y_size),
                .residual = args->residual ? (const char *)args->residual + (pixel * shape->residual_stride + o) * r_size : (const char *)rows,
                .residual_row = args->residual ? (ptrdiff_t)(shape->residual_stride * r_size) : 0, .tail = &tail,
                .columns = co - first < nr ? co - first : nr}, count);
        }
    }
}
