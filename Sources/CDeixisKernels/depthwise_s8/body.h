// Per output pixel, vectors of channels over the window; a tap outside the image multiplies its weights with the zero
// point.

#include "common/exact.h"
#include "deixis/depthwise_s8.h"

#define INLINE static inline __attribute__((always_inline))

/// LANES channels from c on, n of them valid.
INLINE vi sums(const deixis_conv_f32_shape *s, const deixis_conv_s8_args *args, size_t b, size_t top, size_t left,
    size_t c, size_t n) {
    typedef int8_t narrow __attribute__((ext_vector_type(LANES)));
    vi sum = (vi)exact_load((const float *)args->requantize.offset + c, n);
    const int8_t *weights = args->weights + c;
    for (size_t ky = 0; ky < s->kernel_h; ky++) {
        const size_t iy = top + ky * s->dilation_h;
        for (size_t kx = 0; kx < s->kernel_w; kx++, weights += s->out_c) {
            const size_t ix = left + kx * s->dilation_w;
            const vi w = __builtin_convertvector((narrow)exact_bytes((const uint8_t *)weights, n), vi);
            // Before the image wraps to a huge number.
            if (iy < s->in_h && ix < s->in_w) {
                sum += __builtin_convertvector(
                           exact_bytes(args->x + ((b * s->in_h + iy) * s->in_w + ix) * s->x_stride + c, n), vi) *
                    w;
            } else {
                sum += (vi)(args->zero) * w;
            }
        }
    }
    return sum;
}

INLINE void finish(const deixis_conv_s8_args *args, vi sum, size_t c, size_t n, size_t residual, size_t y) {
    const deixis_requantize *q = &args->requantize;
    vf v = __builtin_convertvector(sum, vf) * exact_load(q->multiplier + c, n);
    if (q->cut_low) v = v_min(v_max(v, exact_load(q->cut_low + c, n)), exact_load(q->cut_high + c, n));
    if (args->residual && q->residual_type) {
        const float scale = q->residual_type == DEIXIS_S8_U8 ? q->residual_scale : 1;
        v = v + exact_read(args->residual, q->residual_type == DEIXIS_S8_U8, residual, q->residual_zero, scale, n);
    }
    v = v_min(v_max(v, v_set(q->low)), v_set(q->high));
    if (q->output_type == DEIXIS_S8_U8) exact_store_u8((uint8_t *)args->y + y, v, q->inverse_scale, q->zero, n);
    else exact_store((float *)args->y + y, v, n);
}

void VARIANT_NAME(deixis_depthwise_s8)(
    const deixis_conv_f32_shape *s, const deixis_conv_s8_args *given, size_t row_begin, size_t row_end) {
    // A copy that no store can change, so that its fields stay in registers.
    const deixis_conv_s8_args copy = *given, *args = &copy;
    const size_t whole = s->out_c - s->out_c % LANES;
    for (size_t row = row_begin; row < row_end; row++) {
        const size_t b = row / s->out_h, top = row % s->out_h * s->stride_h - s->pad_top;
        for (size_t ox = 0; ox < s->out_w; ox++) {
            const size_t left = ox * s->stride_w - s->pad_left, pixel = row * s->out_w + ox;
            const size_t residual = pixel * s->residual_stride, y = pixel * s->y_stride;
            for (size_t c = 0; c < whole; c += LANES)
                finish(args, sums(s, args, b, top, left, c, LANES), c, LANES, residual + c, y + c);
            const size_t n = s->out_c - whole;
            if (n) finish(args, sums(s, args, b, top, left, whole, n), whole, n, residual + whole, y + whole);
        }
    }
}
