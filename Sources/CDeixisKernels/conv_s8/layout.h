// How the rows of the implicit product are read: from the image through pointers.
#pragma once

#include "deixis/conv_s8.h"

#include <stdbool.h>

/// A tap is read either as one pixel's channels (ci bytes), or, when there are so few that this would be all loop overhead, as one whole
/// kernel row (kernel_w ci bytes, contiguous in the image).
typedef struct deixis_conv_s8_layout {
    size_t taps, depth;         // pointers per pixel, bytes behind each
    bool whole_rows;
    bool copied;                // depth < 4: rows are copied, four bytes each
    size_t block;               // pixels that are worked on at a time
} deixis_conv_s8_layout;

deixis_conv_s8_layout deixis_conv_s8_layout_of(const deixis_conv_f32_shape *shape);

/// Bytes for pointers, the row of zero points and copies.
size_t deixis_conv_s8_layout_scratch(const deixis_conv_s8_layout *layout);

/// Fills rows[tap * block + i] for pixels [pixel, pixel + count); x stands at the group's channels. `scratch` holds what follows the pointers.
void deixis_conv_s8_point(const deixis_conv_f32_shape *shape, const deixis_conv_s8_layout *layout, const uint8_t *x, uint8_t zero,
                          size_t pixel, size_t count, const uint8_t **rows, uint8_t *scratch);
