// 2-D convolution, NHWC, as an implicit product with packed weights.
//
//     y[b, oy, ox, o] = f( bias[o] + residual[b, oy, ox, o]
//                          + sum over ky, kx, i of x[b, oy sh - pt + ky dh, ox sw - pl + kx dw, g ci + i] w[o, i, ky, kx] ),
//     ci = in_c / groups input channels per group, co = out_c / groups outputs per group, g = o / co; x is 0 outside the image.
// Error as in gemm_f32.h with k = kernel_h kernel_w ci. No column matrix is made: the product's rows are read from the
// image through row pointers. Kernels with few channels read whole kernel rows (kernel_w ci floats at a time) of lines
// that are copied first, each once a call, with what lies beside the image; where x is bytes, it is normalized there: x
// = scale[c] bytes + shift[c], as normalize_u8.h.
#pragma once

#include "gemm_f32.h"
#include "normalize_u8.h"

#include <stdbool.h>

typedef struct deixis_conv_f32_shape {
    size_t batch, in_h, in_w, in_c;
    size_t out_h, out_w, out_c;
    size_t kernel_h, kernel_w;
    size_t stride_h, stride_w;
    size_t dilation_h, dilation_w;
    size_t pad_top, pad_left;   // bottom and right follow from the sizes
    size_t groups;              // divides in_c and out_c
    size_t x_stride;            // floats from one pixel of x to the next, >= in_c
    size_t y_stride;            // the same for y, >= out_c
    size_t residual_stride;
} deixis_conv_f32_shape;

typedef struct deixis_conv_f32_args {
    const float *x;
    const float *weights;       // packed for this variant and shape
    const float *bias;          // out_c values or null
    const float *residual;      // or null; may be y (residual_stride = y_stride)
    float *y;
    deixis_activation activation;
    deixis_caches caches;
    const uint8_t *bytes;       // or null; instead of x, with the next three
    const deixis_normalize_u8 *normalize;
    const float *scale, *shift; // in_c values each
} deixis_conv_f32_args;

/// Whether this convolution may normalize or map what it reads: its outputs read lines at most some twice as long as
/// the image's.
bool deixis_conv_f32_converts(const deixis_conv_f32_shape *shape);

/// The gemm variant that suits the outputs per group. A convolution uses a gemm_f32 variant's tiles, so `kernel` below
/// is one of those.
const deixis_gemm_f32 *deixis_conv_f32_select(uint32_t isa, const deixis_conv_f32_shape *shape);

/// Panels in all groups together: groups ceil(co / nr).
size_t deixis_conv_f32_panels(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape);
/// Floats of packed weights.
size_t deixis_conv_f32_packed_size(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape);
/// Packs panels [panel_begin, panel_end) from ONNX weights w[out_c][in_c / groups][kernel_h][kernel_w].
void deixis_conv_f32_pack(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape, const float *w,
    size_t panel_begin, size_t panel_end, float *packed);
/// Bytes of scratch per thread, 64-byte aligned.
size_t deixis_conv_f32_scratch(
    const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape, bool normalized, deixis_caches caches);
/// Computes output pixels [pixel_begin, pixel_end) of batch out_h out_w (row-major) and panels [panel_begin,
/// panel_end). Ranges that do not overlap may run at once. Pixels are worked on in blocks, 288 with an L2 cache of 1
/// MiB, each of which walks through all weights of the panel range: with fewer pixels than about two blocks split by
/// panels, else by pixels.
void deixis_conv_f32_run(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape,
    const deixis_conv_f32_args *args, size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end,
    void *scratch);
