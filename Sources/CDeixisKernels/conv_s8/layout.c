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

size_t deixis_conv_s8_layout_scratch(const deixis_conv_s8_layout *l) {
    const size_t room = l->depth < 4 ? 4 : l->depth, copies = l->whole_rows || l->copied ? l->block * l->taps : 0;
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

void deixis_conv_s8_point(const deixis_conv_f32_shape *s, const deixis_conv_s8_layout *l, const uint8_t *x, uint8_t zero, size_t pixel,
                          size_t count, const uint8_t **rows, uint8_t *scratch) {
    const size_t block = l->block, room = l->depth < 4 ? 4 : l->depth, span = l->whole_rows ? 1 : s->kernel_w;
    uint8_t *zeros = scratch, *copies = scratch + room;
    memset(zeros, zero, room);
    size_t ox = pixel % s->out_w, oy = pixel / s->out_w % s->out_h, b = pixel / (s->out_w * s->out_h);
    for (size_t i = 0; i < count; i++) {
        // Left of and above the image these wrap to huge numbers.
        const size_t left = ox * s->stride_w - s->pad_left;
        for (size_t ky = 0; ky < s->kernel_h; ky++) {
            const size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top;
            const uint8_t **row = rows + ky * span * block + i;
            if (iy >= s->in_h) {
                for (size_t kx = 0; kx < span; kx++) row[kx * block] = zeros;
                continue;
            }
            const uint8_t *line = x + (b * s->in_h + iy) * s->in_w * s->x_stride;
            if (!l->whole_rows) {
                for (size_t kx = 0; kx < span; kx++) {
                    const size_t ix = left + kx * s->dilation_w;
                    row[kx * block] = ix < s->in_w ? line + ix * s->x_stride : zeros;
                }
            } else if (left < s->in_w && left + s->kernel_w <= s->in_w) {
                *row = line + left * s->in_c;
            } else {
                uint8_t *copy = copies + (ky * block + i) * room;
                copy_row(s, line, left, zero, copy);
                *row = copy;
            }
        }
        if (++ox < s->out_w) continue;
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
