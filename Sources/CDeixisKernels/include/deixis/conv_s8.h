// Quantized 2-D convolution, NHWC, as an implicit product with packed weights: gemm_s8.h's sums over the taps of the
// kernel.
//
//     s[b, oy, ox, o] = offset[o] + sum over ky, kx, i of x[b, oy sh - pt + ky dh, ox sw - pl + kx dw, g ci + i] w[o, i, ky, kx],
// x is `zero` (its zero point) outside the image; with `map` it is table[c][bytes] inside. The rest as in gemm_s8.h,
// residual and y by their pixel strides. Rows are read as in conv_f32.h.
#pragma once

#include "gemm_s8.h"
#include "conv_f32.h"
#include "quantize_u8.h"

typedef struct deixis_conv_s8_args {
    const uint8_t *x;
    int32_t zero;               // of x, 0...255
    const int8_t *weights;      // packed for this variant and shape
    const void *residual;       // or null; may be y where types and strides agree
    void *y;
    deixis_requantize requantize;
    deixis_caches caches;
    const deixis_quantize_u8 *map;  // or null
    const uint8_t *table;       // table_channels rows of 256 bytes: in_c, or 1 for all channels alike
    size_t table_channels;
} deixis_conv_s8_args;

// Shapes are deixis_conv_f32_shape; its strides count elements. deixis_conv_f32_converts says which may map.

const deixis_gemm_s8 *deixis_conv_s8_select(uint32_t isa, const deixis_conv_f32_shape *shape);
/// Panels in all groups together: groups ceil(co / nr).
size_t deixis_conv_s8_panels(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape);
/// Whether a step of the product takes a kernel's row, not a pixel: packings of one weight that agree in this, nr and
/// groups are alike.
bool deixis_conv_s8_whole_rows(const deixis_conv_f32_shape *shape);
/// Bytes of packed weights.
size_t deixis_conv_s8_packed_size(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape);
/// Packs panels [panel_begin, panel_end) from ONNX weights w[out_c][in_c / groups][kernel_h][kernel_w]; `packed` is
/// 64-byte aligned.
void deixis_conv_s8_pack(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape, const int8_t *w,
    size_t panel_begin, size_t panel_end, int8_t *packed);
/// Bytes of scratch per thread, 64-byte aligned.
size_t deixis_conv_s8_scratch(
    const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape, bool mapped, deixis_caches caches);
/// Computes output pixels [pixel_begin, pixel_end) of batch out_h out_w (row-major) and panels [panel_begin,
/// panel_end). Ranges that do not overlap may run at once. Pixels are worked on in blocks that follow the caches,
/// larger where the weights do not stay in L2, each of which walks through all weights of the panel range. 1x1 kernels
/// with stride 1 are products as they lie. A group's outputs fill no more than a panel's columns: depthwise
/// convolutions are correct, and waste all columns but one.
void deixis_conv_s8_run(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape,
    const deixis_conv_s8_args *args, size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end,
    void *scratch);
