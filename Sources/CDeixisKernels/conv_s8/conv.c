#include "deixis/conv_s8.h"

#include "common/blocks.h"
#include "common/conv_rows.h"
#include "conv_s8/reference.h"
#include "gemm_s8/tile.h"

static deixis_conv_rows rows_of(const deixis_conv_f32_shape *s, bool mapped, deixis_caches caches) {
    // Each block walks through all weights: where these do not stay in the L2 cache, blocks are larger.
    const size_t weight = s->kernel_h * s->kernel_w * (s->in_c / s->groups) * s->out_c;
    return deixis_conv_rows_of(
        s, 1, mapped, weight > caches.l2 / 2 ? deixis_block_pixels(caches) : deixis_block_pixels_near(caches));
}

static size_t group_in(const deixis_conv_f32_shape *s) { return s->in_c / s->groups; }
static size_t group_out(const deixis_conv_f32_shape *s) { return s->out_c / s->groups; }

const deixis_gemm_s8 *deixis_conv_s8_select(uint32_t isa, const deixis_conv_f32_shape *shape) {
    return deixis_gemm_s8_select(isa, group_out(shape));
}

size_t deixis_conv_s8_panels(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape) {
    return shape->groups * deixis_gemm_s8_panels(kernel, group_out(shape));
}

static size_t panel_size(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape) {
    const deixis_conv_rows l = deixis_conv_rows_of(shape, 1, false, 1);
    return deixis_panel_s8(kernel, l.taps, l.depth);
}

bool deixis_conv_s8_whole_rows(const deixis_conv_f32_shape *shape) {
    return deixis_conv_rows_of(shape, 1, false, 1).whole_rows;
}

size_t deixis_conv_s8_packed_size(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape) {
    return deixis_conv_s8_panels(kernel, shape) * panel_size(kernel, shape);
}

size_t deixis_conv_s8_scratch(
    const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape, bool mapped, deixis_caches caches) {
    (void)kernel;
    const deixis_conv_rows l = rows_of(shape, mapped, caches);
    return deixis_conv_rows_scratch(&l);
}

/// Bytes to bytes.
typedef struct mapping {
    const deixis_conv_s8_args *args;
    size_t channels;
} mapping;

static void map(const void *context, const void *pixels, void *to, size_t count) {
    const mapping *m = context;
    const size_t tables = m->args->table_channels;
    m->args->map->map(pixels, m->args->table, to, tables == 1 ? count * m->channels : count, tables);
}

/// A product of the pixels as they lie in memory.
static bool is_product(const deixis_conv_f32_shape *s) {
    return s->kernel_h * s->kernel_w == 1 && s->stride_h * s->stride_w == 1 && s->pad_top + s->pad_left == 0 &&
        s->out_h == s->in_h && s->out_w == s->in_w;
}

static void run_product(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *s, const deixis_conv_s8_args *args,
    size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end) {
    const size_t ci = group_in(s), co = group_out(s), nr = kernel->nr, per_group = deixis_gemm_s8_panels(kernel, co),
                 panel = panel_size(kernel, s);
    const size_t y_size = args->requantize.output_type == DEIXIS_S8_F32 ? 4 : 1,
                 r_size = args->requantize.residual_type == DEIXIS_S8_F32 ? 4 : 1;
    while (panel_begin < panel_end) {
        const size_t group = panel_begin / per_group, first = group * per_group,
                     end = first + per_group < panel_end ? first + per_group : panel_end;
        deixis_gemm_s8_args product = {s->batch * s->out_h * s->out_w, co, ci, args->x + group * ci,
            (ptrdiff_t)s->x_stride, args->weights + first * panel, 0, (char *)args->y + group * co * y_size,
            (ptrdiff_t)s->y_stride, args->residual ? (const char *)args->residual + group * co * r_size : NULL,
            (ptrdiff_t)s->residual_stride, args->requantize, args->caches};
        product.requantize.offset += group * co;
        product.requantize.multiplier += group * co;
        if (product.requantize.cut_low) {
            product.requantize.cut_low += group * co;
            product.requantize.cut_high += group * co;
        }
        deixis_gemm_s8_run(kernel, &product, pixel_begin, pixel_end, (panel_begin - first) * nr,
            end == first + per_group ? co : (end - first) * nr);
        panel_begin = end;
    }
}

void deixis_conv_s8_run(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape,
    const deixis_conv_s8_args *args, size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end,
    void *scratch) {
    if (!deixis_tiles_of(kernel)->run[0][0]) {
        deixis_conv_s8_reference(kernel, shape, args, pixel_begin, pixel_end, panel_begin, panel_end);
        return;
    }
    if (!args->map && is_product(shape)) {
        run_product(kernel, shape, args, pixel_begin, pixel_end, panel_begin, panel_end);
        return;
    }
    const deixis_conv_rows l = rows_of(shape, args->map != NULL, args->caches);
    const mapping mapping = {args, shape->in_c};
    const deixis_conv_image image = {.pixels = args->x, .pixel = shape->x_stride, .padding = (uint8_t)args->zero,
                                     .convert = args->map ? map : NULL, .context = &mapping};
    const deixis_tail_s8 tail = deixis_tail_of(&args->requantize, args->residual != NULL, 0, shape->out_c);
    const size_t co = group_out(shape), per_group = deixis_gemm_s8_panels(kernel, co), nr = kernel->nr,
                 size = deixis_panel_s8(kernel, l.taps, l.depth);
    const size_t y_size = tail.float_output ? 4 : 1, r_size = tail.residual_type == DEIXIS_S8_F32 ? 4 : 1;
    deixis_conv_rows_begin(&l, scratch);
    for (size_t pixel = pixel_begin, count; pixel < pixel_end; pixel += count) {
        count = deixis_conv_rows_count(&l, shape, pixel, pixel_end);
        const deixis_conv_row *rows = NULL;
        for (size_t panel = panel_begin; panel < panel_end; panel++) {
            const size_t group = panel / per_group, first = panel % per_group * nr, o = group * co + first;
            if (!rows || first == 0) rows = deixis_conv_rows_point(&l, shape, &image, group, pixel, count, scratch);
            deixis_tile_s8 tile = {.rows = (const uint8_t *const *)(const void *)rows,
                .row_step = l.block,
                .taps = l.taps,
                .depth = l.copied ? 4 : l.depth,
                .b = args->weights + panel * size,
                .c = (char *)args->y + (pixel * shape->y_stride + o) * y_size,
                .ldc = (ptrdiff_t)shape->y_stride,
                .ldr = (ptrdiff_t)shape->residual_stride,
                .columns = co - first < nr ? co - first : nr,
                .tail = &tail};
            deixis_columns_of(&tile, &args->requantize, o);
            if (tail.residual_type)
                tile.residual = (const char *)args->residual + (pixel * shape->residual_stride + o) * r_size;
            deixis_run_rows_s8(kernel, tile, count);
        }
    }
}

void deixis_conv_s8_pack(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape, const int8_t *w,
    size_t panel_begin, size_t panel_end, int8_t *packed) {
    const deixis_conv_rows l = deixis_conv_rows_of(shape, 1, false, 1);
    const size_t ci = group_in(shape), co = group_out(shape), taps = shape->kernel_h * shape->kernel_w,
                 per_group = deixis_gemm_s8_panels(kernel, co);
    const size_t size = deixis_panel_s8(kernel, l.taps, l.depth);
    // Memory holds [output][input][tap].
    const ptrdiff_t column = (ptrdiff_t)(ci * taps), tap = l.whole_rows ? (ptrdiff_t)shape->kernel_w : 1;
    const deixis_strides_s8 strides = {
        .column = column, .tap = tap, .row = (ptrdiff_t)taps, .inner = ci, .outer_stride = 1};
    for (size_t panel = panel_begin; panel < panel_end; panel++) {
        const size_t first = panel % per_group * kernel->nr,
                     columns = co - first < kernel->nr ? co - first : kernel->nr;
        deixis_pack_panel_s8(kernel, w + (panel / per_group * co + first) * ci * taps, strides, l.taps, l.depth,
            columns, packed + panel * size);
    }
}
