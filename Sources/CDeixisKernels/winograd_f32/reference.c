#include "deixis/winograd_f32.h"

#include "unary_f32/reference.h"

static const double B[4][4] = {{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
                    A[2][4] = {{1, 1, 1, 0}, {0, 1, -1, -1}};

void deixis_winograd_f32_reference(const deixis_gemm_f32 *gemm, const deixis_conv_f32_shape *s,
    const deixis_conv_f32_args *args, size_t tile_begin, size_t tile_end, float *scratch) {
    (void)scratch;
    size_t across = (s->out_w + 1) / 2, down = (s->out_h + 1) / 2,
           size = deixis_gemm_f32_packed_size(gemm, s->in_c, s->out_c);
    for (size_t tile = tile_begin; tile < tile_end; tile++) {
        size_t b = tile / (across * down), row = tile / across % down * 2, column = tile % across * 2;
        for (size_t o = 0; o < s->out_c; o++) {
            double m[4][4] = {{0}};
            for (size_t i = 0; i < s->in_c; i++) {
                double d[4][4];
                for (size_t y = 0; y < 4; y++) {
                    for (size_t x = 0; x < 4; x++) {
                        size_t iy = row + y - s->pad_top,
                               ix = column + x - s->pad_left; // above and left wrap to huge numbers
                        d[y][x] = iy < s->in_h && ix < s->in_w
                            ? args->x[((b * s->in_h + iy) * s->in_w + ix) * s->x_stride + i]
                            : 0;
                    }
                }
                const float *u = args->weights + (o / gemm->nr * s->in_c + i) * gemm->nr + o % gemm->nr;
                for (size_t e = 0; e < 16; e++) {
                    double v = 0;
                    for (size_t k = 0; k < 16; k++) v += B[e / 4][k / 4] * d[k / 4][k % 4] * B[e % 4][k % 4];
                    m[e / 4][e % 4] += v * u[e * size];
                }
            }
            for (size_t p = 0; p < 4; p++) {
                size_t oy = row + p / 2, ox = column + p % 2, pixel = (b * s->out_h + oy) * s->out_w + ox;
                if (oy >= s->out_h || ox >= s->out_w) continue;
                double sum = args->bias ? args->bias[o] : 0;
                if (args->residual) sum += args->residual[pixel * s->residual_stride + o];
                for (size_t e = 0; e < 16; e++) sum += A[p / 2][e / 4] * m[e / 4][e % 4] * A[p % 2][e % 4];
                args->y[pixel * s->y_stride + o] = deixis_unary_reference(args->activation, (float)sum);
            }
        }
    }
}
