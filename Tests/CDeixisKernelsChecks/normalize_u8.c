#include "check.h"

CHECK_FAMILY(normalize_u8)

static void verify(check *c, const deixis_normalize_u8 *kernel, const deixis_normalize_u8 *reference) {
    (void)reference;
    for (size_t channels = 1; channels <= 6; channels++) {
        for (size_t pixels = 0; pixels < 120; pixels += 1 + pixels / 20) {
            buffer x = check_bytes(c, pixels * channels), y = check_bytes(c, pixels * channels * 4);
            buffer scale = check_floats(c, channels, -2, 2), shift = check_floats(c, channels, -2, 2);
            for (size_t i = 0; i < x.size; i++) x.data[i] = (char)check_random(c);
            kernel->run((const uint8_t *)x.data, floats(scale), floats(shift), floats(y), pixels, channels);
            for (size_t i = 0; i < x.size; i++) {
                double product = (double)floats(scale)[i % channels] * (uint8_t)x.data[i],
                       want = product + floats(shift)[i % channels];
                check_close(c, floats(y)[i], want, 0x1p-23 * (fabs(product) + fabs(want)), "normalize", i);
            }
            buffer *all[] = {&x, &y, &scale, &shift};
            for (int i = 0; i < 4; i++) check_release(c, all[i], "normalize");
        }
    }
}
