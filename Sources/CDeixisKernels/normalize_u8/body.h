// The pattern of scale and shift repeats every `channels` values: it is laid out over channels vectors once, then runs
// over the bytes.

#include "deixis/normalize_u8.h"

enum { most_channels = 4 };

void VARIANT_NAME(deixis_normalize_u8)(
    const uint8_t *x, const float *scale, const float *shift, float *y, size_t pixels, size_t channels) {
    const size_t count = pixels * channels;
    size_t i = 0;
    if (channels <= most_channels) {
        float scales[most_channels * LANES], shifts[most_channels * LANES];
        for (size_t k = 0; k < channels * LANES; k++) {
            scales[k] = scale[k % channels];
            shifts[k] = shift[k % channels];
        }
        // v_load_u8 may read up to 16 bytes.
        for (; i + channels * LANES + 16 <= count; i += channels * LANES) {
            for (size_t k = 0; k < channels * LANES; k += LANES)
                v_store(y + i + k, v_fma(v_load_u8(x + i + k), v_load(scales + k), v_load(shifts + k)));
        }
    }
    for (size_t c = i % channels; i < count; i++) {
        y[i] = scale[c] * (float)x[i] + shift[c];
        c = c + 1 == channels ? 0 : c + 1;
    }
}
