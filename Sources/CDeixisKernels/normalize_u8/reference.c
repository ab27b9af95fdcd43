#include "deixis/normalize_u8.h"

void deixis_normalize_u8_reference(
    const uint8_t *x, const float *scale, const float *shift, float *y, size_t pixels, size_t channels) {
    for (size_t i = 0; i < pixels * channels; i++)
        y[i] = (float)((double)scale[i % channels] * x[i] + shift[i % channels]);
}
