// 3x3 convolution with stride 1 in 16 products for 4 outputs instead of 36 (Winograd's F(2x2, 3x3); Lavin and Gray,
// 2015), NHWC.
//
//     Y = f( A' [ sum over i of (G w[o, i] G') * (B' x[i] B) ] A + bias + residual )      * elementwise; x a 4x4 tile, Y 2x2 outputs
//     B' = | 1  0 -1  0 |    G = | 1    0    0   |    A' = | 1  1  1  0 |
//          | 0  1  1  0 |        | 1/2  1/2  1/2 |         | 0  1 -1 -1 |
//          | 0 -1  1  0 |        | 1/2 -1/2  1/2 |
//          | 0  1  0 -1 |        | 0    0    1   |
// It uses deixis_conv_f32_shape with kernel 3x3, strides, dilations and groups 1, in_c and out_c multiples of 16. Tiles
// overlap by 2 and are zero outside the image. The sums over i are 16 products of a gemm_f32 variant.    |y - exact| <=
// 2^-23 (in_c + 18) (9 in_c X W + |bias| + |residual|) before f, X and W being the largest
// |x| of the tile and |w|; an infinite x makes NaN of all outputs of its tiles. On our networks the boxes are as near
// to onnxruntime's as without.
//
// Ladder, paper-r50 fp32, 2 threads of a Zen 4: the 13 convolutions it takes 74 ms as implicit products, 37.5 so (30 at
// the peak of their products, the rest transforms); the run 400 ms -> 365. F(4x4, 3x3) would save some 10 ms more and
// costs digits.
#pragma once

#include "conv_f32.h"

typedef struct deixis_winograd_f32 {
    const char *name;
    uint32_t isa;
    /// Tiles [tile_begin, tile_end) of batch ceil(out_h / 2) ceil(out_w / 2), row-major. `args->weights` is packed for
    /// `gemm`.
    void (*run)(const deixis_gemm_f32 *gemm, const deixis_conv_f32_shape *shape, const deixis_conv_f32_args *args,
        size_t tile_begin, size_t tile_end, float *scratch);
} deixis_winograd_f32;

const deixis_winograd_f32 *deixis_winograd_f32_variants(size_t *count);
const deixis_winograd_f32 *deixis_winograd_f32_select(uint32_t isa);

size_t deixis_winograd_f32_tiles(const deixis_conv_f32_shape *shape);
/// Floats of packed weights: 16 packed matrices [in_c, out_c].
size_t deixis_winograd_f32_packed_size(const deixis_gemm_f32 *gemm, const deixis_conv_f32_shape *shape);
/// Transforms and packs panels [panel_begin, panel_end) of all 16 from ONNX weights w[out_c][in_c][3][3].
void deixis_winograd_f32_pack(const deixis_gemm_f32 *gemm, const deixis_conv_f32_shape *shape, const float *w,
    size_t panel_begin, size_t panel_end, float *packed);
/// Floats of scratch per thread for `tiles` tiles a call: 16 tiles (in_c + out_c).
size_t deixis_winograd_f32_scratch(const deixis_conv_f32_shape *shape, size_t tiles);
