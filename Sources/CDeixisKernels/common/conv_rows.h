// How the rows of a convolution's implicit product are read: from the image through pointers, once for floats and
// bytes.
#pragma once

#include "deixis/conv_f32.h"

#include <stdbool.h>

/// A tap is read either as one pixel's channels, or, when there are so few that this would be all loop overhead, as one
/// whole kernel row (kernel_w in_c elements, contiguous in memory).
typedef struct deixis_conv_rows {
    size_t element;             // bytes
    size_t taps, depth;         // pointers per pixel, elements behind each
    bool whole_rows;
    bool copied;                // bytes, fewer than 4: rows are copied, four bytes each
    /// Lines of the image are copied first, whole with what lies beside the image: for whole rows, and where pixels are
    /// to be converted.
    bool lines;
    size_t block;               // pixels that are worked on at a time
    size_t kept, line;          // lines that a block reads, bytes of one
} deixis_conv_rows;

/// `converted`: pixels in memory are not what the product reads. `block`: pixels at a time.
deixis_conv_rows deixis_conv_rows_of(const deixis_conv_f32_shape *shape, size_t element, bool converted, size_t block);

/// Bytes for pointers, the row of padding, lines and copies: a multiple of 64, for memory aligned to 64.
size_t deixis_conv_rows_scratch(const deixis_conv_rows *rows);

/// `count` pixels at `pixels` to elements at `to`.
typedef void (*deixis_conv_convert)(const void *context, const void *pixels, void *to, size_t count);

/// What is read. `padding` fills the bytes of elements outside the image; `convert` may be null: as they are.
typedef struct deixis_conv_image {
    const void *pixels;
    size_t pixel;               // bytes from one to the next
    uint8_t padding;
    deixis_conv_convert convert;
    const void *context;
} deixis_conv_image;

/// A pointer in scratch, read as one to the elements.
typedef const void *__attribute__((may_alias)) deixis_conv_row;

/// Forgets the lines that are kept in scratch.
void deixis_conv_rows_begin(const deixis_conv_rows *rows, void *scratch);
/// How many pixels from `pixel` on make a block: `block`, or what is left before `end` and, of lines, in the image.
size_t deixis_conv_rows_count(
    const deixis_conv_rows *rows, const deixis_conv_f32_shape *shape, size_t pixel, size_t end);
/// The pointers of pixels [pixel, pixel + count), a block: those of tap t from t * block on. They stand at the channels
/// of `group`.
const deixis_conv_row *deixis_conv_rows_point(const deixis_conv_rows *rows, const deixis_conv_f32_shape *shape,
    const deixis_conv_image *image, size_t group, size_t pixel, size_t count, void *scratch);
