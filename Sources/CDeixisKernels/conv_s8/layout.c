#include "conv_s8/layout.h"

#include <string.h>

enum { few_channels = 16, small_block = 96, large_block = 288, much_weight = 512 << 10 };

deixis_conv_s8_layout deixis_conv_s8_layout_of(const deixis_conv_f32_shape *s) {
    const size_t ci = s->in_c / s->groups, weight = s->kernel_h * s->kernel_w * ci * s->out_c;
    // Each block walks through all weights: where these do not stay in the L2 cache, blocks are larger.
    deixis_conv_s8_layout l = {.taps = s->kernel_h * s->kernel_w, .depth = ci, .block = weight > much_weight ? large_block : small_block};
    l.whole_rows = ci < few_channels && s->kernel_w > 1 && s->groups == 1 && s->dilation_w == 1 && s->x_stride == s->in_c;
    if (l.whole_rows) l.taps = s->kernel_h, l.depth = s->kernel_w * s->in_c;
    l.copied = l.depth < 4;
    return l;
}

/// Bytes of a row in scratch.
static size_t room_of(const deixis_conv_s8_layout *l) { return l->copied ? 4 : l->depth; }

size_t deixis_conv_s8_layout_scratch(const deixis_conv_s8_layout *l) {
    const size_t room = room_of(l), copies = l->whole_rows || l->copied ? l->block * l->taps : 0;
    return (l->block * l->taps * sizeof(uint8_t *) + room * (1 + copies) + 63) / 64 * 64;
}

/// One kernel row of `depth` bytes whose first pixel is `left` (wrapped when outside), zero points beside the image.
static void copy_row(const deixis_conv_f32_shape *s, const uint8_t *line, size_t left, uint8_t zero, uint8_t *copy) {
    for (size_t kx = 0; kx < s->kernel_w; kx++) {
        const size_t ix = left + kx;
        if (ix < s->in_w) memcpy(copy + kx * s->in_c, line + ix * s->in_c, s->in_c);
        else memset(copy + kx * s->in_c, zero, s->in_c);
    }
}

/// `value` / `step` rounded up, at least 0 and at most `most`.
static size_t steps_to(ptrdiff_t value, size_t step, size_t most) {
    if (value <= 0) return 0;
    const size_t steps = ((size_t)value + step - 1) / step;
    return steps < most ? steps : most;
}

/// Pointers of one tap for `run` pixels of one output line, from `ix` on in steps of stride_w pixels; `line` is null above and below the image.
static void point_run(const deixis_conv_f32_shape *s, const deixis_conv_s8_layout *l, const uint8_t *line, ptrdiff_t ix, size_t run, uint8_t zero,
                      const uint8_t **rows, const uint8_t *zeros, uint8_t *copies) {
    // Pixels [first, end) have what they read inside the image.
    const ptrdiff_t wide = (ptrdiff_t)s->in_w, reach = l->whole_rows ? (ptrdiff_t)s->kernel_w - 1 : 0;
    const size_t end = line ? steps_to(wide - reach - ix, s->stride_w, run) : 0, left = steps_to(-ix, s->stride_w, run), first = left < end ? left : end;
    const ptrdiff_t step = (ptrdiff_t)(s->stride_w * s->x_stride), start = ix * (ptrdiff_t)s->x_stride;
    for (size_t i = first; i < end; i++) rows[i] = line + (start + (ptrdiff_t)i * step);
    for (size_t i = 0; i < run; i++) {
        if (i == first) i = end;
        if (i == run) break;
        rows[i] = zeros;
        if (!line || !l->whole_rows) continue;
        uint8_t *copy = copies + i * room_of(l);
        copy_row(s, line, (size_t)(ix + (ptrdiff_t)(i * s->stride_w)), zero, copy);
        rows[i] = copy;
    }
}

void deixis_conv_s8_point(const deixis_conv_f32_shape *s, const deixis_conv_s8_layout *l, const uint8_t *x, uint8_t zero, size_t pixel,
                          size_t count, const uint8_t **rows, uint8_t *scratch) {
    const size_t block = l->block, room = room_of(l), span = l->whole_rows ? 1 : s->kernel_w;
    uint8_t *zeros = scratch, *copies = scratch + room;
    memset(zeros, zero, room);
    size_t ox = pixel % s->out_w, oy = pixel / s->out_w % s->out_h, b = pixel / (s->out_w * s->out_h);
    for (size_t i = 0, run; i < count; i += run) {
        run = s->out_w - ox < count - i ? s->out_w - ox : count - i;
        for (size_t tap = 0; tap < l->taps; tap++) {
            const size_t ky = tap / span, kx = tap % span;
            // Above the image this wraps to a huge number.
            const size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top;
            const uint8_t *line = iy < s->in_h ? x + (b * s->in_h + iy) * s->in_w * s->x_stride : NULL;
            const ptrdiff_t ix = (ptrdiff_t)(ox * s->stride_w + kx * s->dilation_w) - (ptrdiff_t)s->pad_left;
            point_run(s, l, line, ix, run, zero, rows + tap * block + i, zeros, copies + (tap * block + i) * room);
        }
        ox = 0;
        if (++oy < s->out_h) continue;
        oy = 0;
        b++;
    }
    if (!l->copied) return;
    for (size_t t = 0; t < l->taps; t++) {
        for (size_t i = 0; i < count; i++) {
            uint8_t word[4] = {0};
            memcpy(word, rows[t * block + i], l->depth);
            rows[t * block + i] = memcpy(copies + (t * block + i) * 4, word, 4);
        }
    }
}
