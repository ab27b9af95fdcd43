#include "deixis/winograd_f32.h"

size_t deixis_winograd_f32_tiles(const deixis_conv_f32_shape *s) {
    return s->batch * ((s->out_h + 1) / 2) * ((s->out_w + 1) / 2);
}

size_t deixis_winograd_f32_packed_size(const deixis_gemm_f32 *gemm, const deixis_conv_f32_shape *s) {
    return 16 * deixis_gemm_f32_packed_size(gemm, s->in_c, s->out_c);
}

size_t deixis_winograd_f32_scratch(const deixis_conv_f32_shape *s, size_t tiles) {
    return 16 * tiles * (s->in_c + s->out_c);
}

/// G g, for a column of 3.
static void widen(const double *g, size_t step, double *u, size_t u_step) {
    double even = (g[0] + g[2 * step]) / 2, odd = g[step] / 2;
    u[0] = g[0];
    u[u_step] = even + odd;
    u[2 * u_step] = even - odd;
    u[3 * u_step] = g[2 * step];
}

void deixis_winograd_f32_pack(const deixis_gemm_f32 *gemm, const deixis_conv_f32_shape *s, const float *w,
    size_t panel_begin, size_t panel_end, float *packed) {
    size_t nr = gemm->nr, size = deixis_gemm_f32_packed_size(gemm, s->in_c, s->out_c);
    for (size_t panel = panel_begin; panel < panel_end; panel++) {
        for (size_t i = 0; i < s->in_c; i++) {
            float *to = packed + (panel * s->in_c + i) * nr;
            for (size_t j = 0; j < nr; j++) {
                size_t o = panel * nr + j;
                double g[9] = {0}, rows[12], u[16];
                for (int t = 0; t < 9 && o < s->out_c; t++) g[t] = w[(o * s->in_c + i) * 9 + (size_t)t];
                for (size_t x = 0; x < 3; x++) widen(g + x, 3, rows + x, 3);
                for (size_t y = 0; y < 4; y++) widen(rows + 3 * y, 1, u + 4 * y, 1);
                for (size_t e = 0; e < 16; e++) to[e * size + j] = (float)u[e];
            }
        }
    }
}
