// Copies a strided [k, columns] matrix into a dense panel [k][width].
#pragma once

#include <stddef.h>

/// to[i * width + j] = scale * from[i * row_stride + j * column_stride] for j < columns, 0 for columns <= j < width.
void deixis_pack_panel(const float *from, ptrdiff_t row_stride, ptrdiff_t column_stride, size_t k, size_t columns,
    size_t width, float scale, float *to);
