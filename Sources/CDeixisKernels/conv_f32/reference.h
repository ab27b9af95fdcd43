#pragma once

#include "deixis/conv_f32.h"

/// The definition, in double precision, from packed weights.
void deixis_conv_f32_reference(const deixis_gemm_f32 *kernel, const deixis_conv_f32_shape *shape,
    const deixis_conv_f32_args *args, size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end);
