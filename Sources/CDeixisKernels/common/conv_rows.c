#include "common/conv_rows.h"

#include <string.h>

enum { few_channels = 16, copied_depth = 4 };

/// Pixels of a line that the outputs read, what lies beside the image too.
static size_t reach_of(const deixis_conv_f32_shape *s) {
    return (s->out_w ? (s->out_w - 1) * s->stride_w : 0) + (s->kernel_w - 1) * s->dilation_w + 1;
}

bool deixis_conv_f32_converts(const deixis_conv_f32_shape *s) { return reach_of(s) <= 2 * s->in_w + 64; }

deixis_conv_rows deixis_conv_rows_of(const deixis_conv_f32_shape *s, size_t element, bool converted, size_t block) {
    // Not longer than that: each task copies the lines it reads part of.
    enum { longest = 256 << 10 };
    const size_t ci = s->in_c / s->groups, line = deixis_conv_f32_converts(s) ? reach_of(s) * s->in_c * element : 0;
    deixis_conv_rows r = {.element = element, .taps = s->kernel_h * s->kernel_w, .depth = ci, .block = block};
    r.whole_rows = ci < few_channels && s->kernel_w > 1 && s->groups == 1 && s->dilation_w == 1 &&
        s->x_stride == s->in_c && line && line <= longest;
    if (r.whole_rows) r.taps = s->kernel_h, r.depth = s->kernel_w * s->in_c;
    r.copied = element == 1 && r.depth < copied_depth;
    r.lines = r.whole_rows || converted;
    if (!r.lines) return r;
    // A block reaches over so many lines of the output, and of the image no more than there are.
    const size_t rows = s->out_w ? (block + s->out_w - 2) / s->out_w + 1 : 1, down = rows < s->out_h ? rows : s->out_h;
    const size_t kept = (down ? (down - 1) * s->stride_h : 0) + (s->kernel_h - 1) * s->dilation_h + 1,
                 most = s->in_h ? s->in_h : 1;
    r.kept = kept < most ? kept : most;
    r.line = line;
    return r;
}

// Scratch: pointers; numbers of the lines kept; the row of padding; the lines; copies.
static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }
static size_t after_pointers(const deixis_conv_rows *r) { return aligned(r->block * r->taps * sizeof(void *)); }
static size_t after_numbers(const deixis_conv_rows *r) { return after_pointers(r) + aligned(r->kept * sizeof(size_t)); }
static size_t after_padding(const deixis_conv_rows *r) {
    return after_numbers(r) + aligned((r->depth < copied_depth ? copied_depth : r->depth) * r->element);
}
static size_t after_lines(const deixis_conv_rows *r) { return after_padding(r) + aligned(r->kept * r->line); }

size_t deixis_conv_rows_scratch(const deixis_conv_rows *r) {
    return after_lines(r) + (r->copied ? aligned(r->block * r->taps * copied_depth) : 0);
}

void deixis_conv_rows_begin(const deixis_conv_rows *r, void *scratch) {
    if (r->lines) memset((char *)scratch + after_pointers(r), 0xff, r->kept * sizeof(size_t));
}

size_t deixis_conv_rows_count(const deixis_conv_rows *r, const deixis_conv_f32_shape *s, size_t pixel, size_t end) {
    size_t count = end - pixel, image = s->out_h * s->out_w, left = image - pixel % image;
    if (r->lines && left < count) count = left;
    return count < r->block ? count : r->block;
}

/// Line `iy` of image `b`, from the first pixel that the outputs read on; copied when it is not the one kept in its
/// place.
static const char *kept_line(const deixis_conv_rows *r, const deixis_conv_f32_shape *s, const deixis_conv_image *image,
    size_t b, size_t iy, char *scratch) {
    const size_t place = iy % r->kept, number = b * s->in_h + iy, pixel = s->in_c * r->element;
    size_t *numbers = (size_t *)(void *)(scratch + after_pointers(r));
    char *line = scratch + after_padding(r) + place * r->line;
    if (numbers[place] == number) return line;
    numbers[place] = number;
    const char *from = (const char *)image->pixels + number * s->in_w * image->pixel;
    const size_t reach = reach_of(s), left = s->pad_left < reach ? s->pad_left : reach,
                 count = reach - left < s->in_w ? reach - left : s->in_w;
    const size_t before = left * pixel, end = before + count * pixel;
    memset(line, image->padding, before);
    if (!image->convert) {
        memcpy(line + before, from, count * pixel);
    } else {
        const size_t together = s->x_stride == s->in_c ? count : 1;
        for (size_t i = 0; i < count; i += together)
            image->convert(image->context, from + i * image->pixel, line + before + i * pixel, together);
    }
    memset(line + end, image->padding, r->line - end);
    return line;
}

/// `value` / `step` rounded up, at least 0 and at most `most`.
static size_t steps_to(ptrdiff_t value, size_t step, size_t most) {
    if (value <= 0) return 0;
    const size_t steps = ((size_t)value + step - 1) / step;
    return steps < most ? steps : most;
}

/// Pointers of one tap for `run` pixels of one output line, whose first reads pixel `ix` of `line`, the next the pixel
/// stride_w on. Those outside [0, width) read padding; `line` is null above and below the image.
static void point_run(const char *line, ptrdiff_t ix, size_t width, size_t pixel, size_t stride, size_t run,
    const char *padding, deixis_conv_row *to) {
    const size_t end = line ? steps_to((ptrdiff_t)width - ix, stride, run) : 0, left = steps_to(-ix, stride, run),
                 first = left < end ? left : end;
    const ptrdiff_t step = (ptrdiff_t)(stride * pixel), start = ix * (ptrdiff_t)pixel;
    for (size_t i = 0; i < first; i++) to[i] = padding;
    for (size_t i = first; i < end; i++) to[i] = line + (start + (ptrdiff_t)i * step);
    for (size_t i = end; i < run; i++) to[i] = padding;
}

const deixis_conv_row *deixis_conv_rows_point(const deixis_conv_rows *r, const deixis_conv_f32_shape *s,
    const deixis_conv_image *image, size_t group, size_t pixel, size_t count, void *memory) {
    char *scratch = memory;
    deixis_conv_row *rows = memory;
    char *padding = scratch + after_numbers(r);
    const size_t channel = group * (s->in_c / s->groups) * r->element, span = r->whole_rows ? 1 : s->kernel_w;
    memset(padding, image->padding, after_padding(r) - after_numbers(r));
    size_t ox = pixel % s->out_w, oy = pixel / s->out_w % s->out_h, b = pixel / (s->out_w * s->out_h);
    for (size_t i = 0, run; i < count; i += run) {
        run = s->out_w - ox < count - i ? s->out_w - ox : count - i;
        for (size_t tap = 0; tap < r->taps; tap++) {
            const size_t ky = tap / span, kx = tap % span;
            // Above the image this wraps to a huge number.
            const size_t iy = oy * s->stride_h + ky * s->dilation_h - s->pad_top;
            const char *line = NULL;
            if (iy < s->in_h) {
                line = r->lines ? kept_line(r, s, image, b, iy, scratch)
                                : (const char *)image->pixels + (b * s->in_h + iy) * s->in_w * image->pixel;
                line += channel;
            }
            // A line that is kept begins with the padding, and holds all that is read.
            const ptrdiff_t ix =
                (ptrdiff_t)(ox * s->stride_w + kx * s->dilation_w) - (r->lines ? 0 : (ptrdiff_t)s->pad_left);
            const size_t width = r->lines ? SIZE_MAX / 2 : s->in_w;
            point_run(line, ix, width, r->lines ? s->in_c * r->element : image->pixel, s->stride_w, run, padding,
                rows + tap * r->block + i);
        }
        ox = 0;
        if (++oy < s->out_h) continue;
        oy = 0;
        b++;
    }
    if (!r->copied) return rows;
    char *copies = scratch + after_lines(r);
    for (size_t t = 0; t < r->taps; t++) {
        for (size_t i = 0; i < count; i++) {
            char word[copied_depth] = {0}, *copy = copies + (t * r->block + i) * copied_depth;
            memcpy(word, rows[t * r->block + i], r->depth);
            rows[t * r->block + i] = memcpy(copy, word, copied_depth);
        }
    }
    return rows;
}
