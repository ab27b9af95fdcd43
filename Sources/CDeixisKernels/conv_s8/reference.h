#pragma once

#include "deixis/conv_s8.h"

/// The definition, from packed weights.
void deixis_conv_s8_reference(const deixis_gemm_s8 *kernel, const deixis_conv_f32_shape *shape,
    const deixis_conv_s8_args *args, size_t pixel_begin, size_t pixel_end, size_t panel_begin, size_t panel_end);
