// The loops, once: T is the scalar, FN(x) its name, VB the bytes of a vector. Over 400 lines because a table's entries
// share one instantiation; the order is that of dxt_kernels.

#include "scalar_math.inc.h"
#include "gemm.inc.h"
#include "winograd.inc.h"

#define RESTRICT restrict
#define REASSOCIATE _Pragma("clang fp reassociate(on)")
// The result may lie over an operand: element for element, so vectors are safe; without this the compiler's overlap
// test sends exactly that case to scalar code.
#define IN_PLACE _Pragma("clang loop vectorize(assume_safety)")
#if T_IS_DOUBLE
#define IN_PLACE_EXP  // libm's exp and erf stay scalar
#else
#define IN_PLACE_EXP IN_PLACE
#endif

static void FN(fill)(void *y_, double value, long n) {
  T *y = y_, v = (T)value;
  for (long i = 0; i < n; i++) y[i] = v;
}
static void FN(add)(void *y_, const void *a_, const void *b_, long n) {
  T *y = y_;
  const T *a = a_, *b = b_;
  IN_PLACE
  for (long i = 0; i < n; i++) y[i] = a[i] + b[i];
}
static void FN(axpy)(void *y_, const void *x_, double alpha, long n) {
  T *y = y_, s = (T)alpha;
  const T *x = x_;
  for (long i = 0; i < n; i++) y[i] += s * x[i];
}
static void FN(bias_act)(void *y_, const void *bias_, const void *residual_, int act, long rows, long cols) {
  const T *RESTRICT bias = bias_;
  for (long r = 0; r < rows; r++) {
    T *RESTRICT y = (T *)y_ + r * cols;
    if (residual_) {
      const T *RESTRICT residual = (const T *)residual_ + r * cols;
      if (bias) for (long c = 0; c < cols; c++) y[c] += bias[c] + residual[c];
      else for (long c = 0; c < cols; c++) y[c] += residual[c];
      if (act) for (long c = 0; c < cols; c++) y[c] = y[c] > 0 ? y[c] : 0;
    } else if (bias) {
      if (act) for (long c = 0; c < cols; c++) { T v = y[c] + bias[c]; y[c] = v > 0 ? v : 0; }
      else for (long c = 0; c < cols; c++) y[c] += bias[c];
    } else if (act) {
      for (long c = 0; c < cols; c++) y[c] = y[c] > 0 ? y[c] : 0;
    }
  }
}
static void FN(relu_backward)(void *out_, const void *g_, const void *y_, long n) {
  T *out = out_;
  const T *g = g_, *y = y_;
  IN_PLACE
  for (long i = 0; i < n; i++) out[i] = y[i] > 0 ? g[i] : 0;
}
static void FN(column_sums)(void *sums_, const void *x_, long rows, long cols, long ld) {
  T *RESTRICT sums = sums_;
  for (long r = 0; r < rows; r++) {
    const T *RESTRICT x = (const T *)x_ + r * ld;
    for (long c = 0; c < cols; c++) sums[c] += x[c];
  }
}
static void FN(relu_backward_sums)(void *out_, void *sums_, const void *g_, const void *y_, long rows, long cols) {
  T *RESTRICT sums = sums_;
  for (long r = 0; r < rows; r++) {
    T *out = (T *)out_ + r * cols;
    const T *g = (const T *)g_ + r * cols, *RESTRICT y = (const T *)y_ + r * cols;
    IN_PLACE
    for (long c = 0; c < cols; c++) {
      T v = y[c] > 0 ? g[c] : 0;
      out[c] = v;
      sums[c] += v;
    }
  }
}
static void FN(gelu)(void *y_, const void *x_, long n) {
  T *RESTRICT y = y_;
  const T *RESTRICT x = x_;
  for (long i = 0; i < n; i++) y[i] = x[i] * (T)0.5 * (1 + FN(erf_)(x[i] * (T)0.70710678118654752440));
}
static void FN(gelu_backward)(void *out_, const void *g_, const void *x_, long n) {
  T *out = out_;
  const T *g = g_, *RESTRICT x = x_;
  IN_PLACE_EXP
  for (long i = 0; i < n; i++) {
    T v = x[i], phi = (T)0.39894228040143267794 * FN(exp_)((T)-0.5 * v * v);
    out[i] = g[i] * ((T)0.5 * (1 + FN(erf_)(v * (T)0.70710678118654752440)) + v * phi);
  }
}
static void FN(sigmoid)(void *y_, const void *x_, long n) {
  T *y = y_;
  const T *x = x_;
  IN_PLACE_EXP
  for (long i = 0; i < n; i++) y[i] = 1 / (1 + FN(exp_)(-x[i]));
}
static void FN(sigmoid_backward)(void *out_, const void *g_, const void *y_, long n) {
  T *out = out_;
  const T *g = g_, *y = y_;
  IN_PLACE
  for (long i = 0; i < n; i++) out[i] = g[i] * y[i] * (1 - y[i]);
}
static void FN(fake_quantize)(void *y_, const void *x_, double scale_, int zero_, long n) {
  T *y = y_;
  const T *x = x_;
  const T scale = (T)scale_, zero = (T)zero_;
  IN_PLACE
  for (long i = 0; i < n; i++) {
    T q = FN(round_)(x[i] / scale) + zero;
    q = q < 0 ? 0 : q;
    q = q > 255 ? 255 : q;
    y[i] = scale * (q - zero);
  }
}
static void FN(pass_between)(void *out_, const void *g_, const void *x_, double low_, double high_, long n) {
  T *out = out_;
  const T *g = g_, *x = x_;
  const T low = (T)low_, high = (T)high_;
  IN_PLACE
  for (long i = 0; i < n; i++) out[i] = x[i] >= low && x[i] <= high ? g[i] : 0;
}
static void FN(fake_quantize_rows)(void *w_, long rows, long cols) {
  T *w = w_;
  for (long row = 0; row < rows; row++, w += cols) {
    T most = 0;
    for (long i = 0; i < cols; i++) {
      T size = w[i] < 0 ? -w[i] : w[i];
      most = size > most ? size : most;
    }
    const T scale = most / 127;
    if (!(scale > 0)) continue;
    for (long i = 0; i < cols; i++) w[i] = scale * FN(round_)(w[i] / scale);
  }
}
static void FN(dropout)(void *out_, const void *x_, long n, double p, uint64_t seed, uint64_t base) {
  T *out = out_;
  const T *x = x_;
  const T keep = (T)(1 / (1 - p));
  const uint32_t below = (uint32_t)(p * 4294967296.0);
  for (long i = 0; i < n;) {  // the key changes every 2^32 elements
    const uint64_t position = base + (uint64_t)i;
    const uint32_t key = FN(key)(seed, position >> 32), low = (uint32_t)position;
    long left = (long)(0x100000000ull - low), end = n - i < left ? n : i + left, start = i;
    IN_PLACE
    for (; i < end; i++) out[i] = FN(hash)(low + (uint32_t)(i - start), key) >= below ? x[i] * keep : 0;
  }
}
static void FN(layer_norm)(void *y_, void *s_, void *mean_, void *rstd_, const void *x_, const void *r_,
    const void *gamma_, const void *beta_, double eps, long rows, long cols, double p, uint64_t seed, uint64_t base) {
    REASSOCIATE
    const T *RESTRICT gamma = gamma_, *RESTRICT beta = beta_;
    for (long row = 0; row < rows; row++) {
        const T *x = (const T *)x_ + row * cols;
        T *RESTRICT y = (T *)y_ + row * cols;
        if (r_) {
            T *s = (T *)s_ + row * cols;
            const T *r = (const T *)r_ + row * cols;
            if (p > 0) {
                FN(dropout)(s, r, cols, p, seed, base + (uint64_t)(row * cols));
                IN_PLACE
                for (long c = 0; c < cols; c++) s[c] += x[c];
            } else {
                IN_PLACE
                for (long c = 0; c < cols; c++) s[c] = x[c] + r[c];
            }
            x = s;
        }
        T sum = 0, squares = 0;
        for (long c = 0; c < cols; c++) sum += x[c];
        const T mean = sum / cols;
        for (long c = 0; c < cols; c++) squares += (x[c] - mean) * (x[c] - mean);
        const T rstd = 1 / SQRT(squares / cols + (T)eps);
        for (long c = 0; c < cols; c++) y[c] = (x[c] - mean) * rstd * gamma[c] + beta[c];
        ((T *)mean_)[row] = mean;
        ((T *)rstd_)[row] = rstd;
    }
}
static void FN(layer_norm_backward)(void *ds_, void *gamma_sums_, void *beta_sums_, const void *g_, const void *s_,
    const void *mean_, const void *rstd_, const void *gamma_, long rows, long cols) {
    REASSOCIATE
    T *RESTRICT gamma_sums = gamma_sums_, *RESTRICT beta_sums = beta_sums_;
    const T *RESTRICT gamma = gamma_;
    for (long row = 0; row < rows; row++) {
        const T *g = (const T *)g_ + row * cols, *s = (const T *)s_ + row * cols;
        T *ds = (T *)ds_ + row * cols;
        const T mean = ((const T *)mean_)[row], rstd = ((const T *)rstd_)[row];
        T a = 0, b = 0;
        for (long c = 0; c < cols; c++) {
            T xhat = (s[c] - mean) * rstd, h = g[c] * gamma[c];
            gamma_sums[c] += g[c] * xhat;
            beta_sums[c] += g[c];
            a += h;
            b += h * xhat;
        }
        a /= cols;
        b /= cols;
        IN_PLACE
        for (long c = 0; c < cols; c++) ds[c] = rstd * (g[c] * gamma[c] - a - (s[c] - mean) * rstd * b);
    }
}
static void FN(attention)(
    void *o, void *p_, const void *q, const void *k, const void *v, const void *mask_, const dxt_attention *w) {
    REASSOCIATE
    const long m = w->queries, n = w->keys, d = w->depth;
    const T *RESTRICT mask = mask_;
    FN(gemm)(m, n, d, w->scale, q, w->ldq, 1, k, 1, w->ldk, 0, p_, n);
    for (long i = 0; i < m; i++) {
        T *RESTRICT p = (T *)p_ + i * n;
        T top = -INFINITY, sum = 0;
        if (mask)
            for (long j = 0; j < n; j++) p[j] += mask[j];
        for (long j = 0; j < n; j++) top = p[j] > top ? p[j] : top;
        for (long j = 0; j < n; j++) p[j] = FN(exp_)(p[j] - top);
        for (long j = 0; j < n; j++) sum += p[j];
        const T inverse = 1 / sum;
        for (long j = 0; j < n; j++) p[j] *= inverse;
    }
    FN(gemm)(m, d, n, 1, p_, n, 1, v, w->ldv, 1, 0, o, w->ldo);
}
static void FN(attention_backward)(void *dq, void *dk, void *dv, const void *d_o, void *p_, const void *q,
    const void *k, const void *v, const dxt_attention *w) {
    REASSOCIATE
    const long m = w->queries, n = w->keys, d = w->depth;
    FN(gemm)(n, d, m, 1, p_, 1, n, d_o, w->ldo, 1, 0, dv, w->ldv);
    // dP in row blocks beside P, so that it stays in cache and needs no memory of its own size.
    T *block = FN(row_memory)(32 * n);
    for (long i0 = 0; i0 < m; i0 += 32) {
        const long rows = m - i0 < 32 ? m - i0 : 32;
        FN(gemm)(rows, n, d, 1, (const T *)d_o + i0 * w->ldo, w->ldo, 1, v, 1, w->ldv, 0, block, n);
        for (long i = 0; i < rows; i++) {
            T *RESTRICT p = (T *)p_ + (i0 + i) * n;
            const T *RESTRICT dp = block + i * n;
            T dot = 0;
            for (long j = 0; j < n; j++) dot += p[j] * dp[j];
            for (long j = 0; j < n; j++) p[j] *= dp[j] - dot;
        }
    }
    FN(gemm)(m, d, n, w->scale, p_, n, 1, k, w->ldk, 1, 0, dq, w->ldq);
    FN(gemm)(n, d, m, w->scale, p_, 1, n, q, w->ldq, 1, 0, dk, w->ldk);
}
static void FN(gemm_entry)(long m, long n, long k, double alpha, const void *a, long ars, long acs, const void *b,
    long brs, long bcs, double beta, void *c, long ldc) {
    FN(gemm)(m, n, k, alpha, a, ars, acs, b, brs, bcs, beta, c, ldc);
}
static void FN(im2col)(void *col_, const void *x_, const dxt_window *w, long begin, long end) {
  T *col = col_;
  const T *x = x_;
  const long channels = w->channels, plane = w->out_height * w->out_width;
  for (long row = begin; row < end; row++) {
    const long image = row / plane, oy = row % plane / w->out_width, ox = row % w->out_width;
    const T *base = x + image * w->height * w->width * channels;
    const long x0 = ox * w->stride - w->pad;
    for (long ky = 0; ky < w->kernel_h; ky++) {
      const long y = oy * w->stride - w->pad + ky, run = w->kernel_w * channels;
      if (y < 0 || y >= w->height) {
        for (long i = 0; i < run; i++) col[i] = 0;
      } else if (x0 >= 0 && x0 + w->kernel_w <= w->width) {
        const T *source = base + (y * w->width + x0) * channels;
        for (long i = 0; i < run; i++) col[i] = source[i];
      } else {
        for (long kx = 0; kx < w->kernel_w; kx++) {
          const T *source = base + (y * w->width + x0 + kx) * channels;
          const bool in = x0 + kx >= 0 && x0 + kx < w->width;
          for (long i = 0; i < channels; i++) col[kx * channels + i] = in ? source[i] : 0;
        }
      }
      col += run;
    }
  }
}
static void FN(col2im)(void *x_, const void *col_, const dxt_window *w, long begin, long end) {
  const T *col = col_;
  T *x = x_;
  const long channels = w->channels, plane = w->out_height * w->out_width;
  for (long row = begin; row < end; row++) {
    const long image = row / plane, oy = row % plane / w->out_width, ox = row % w->out_width;
    T *base = x + image * w->height * w->width * channels;
    for (long ky = 0; ky < w->kernel_h; ky++) {
      const long y = oy * w->stride - w->pad + ky;
      for (long kx = 0; kx < w->kernel_w; kx++, col += channels) {
        const long at = ox * w->stride - w->pad + kx;
        if (y < 0 || y >= w->height || at < 0 || at >= w->width) continue;
        T *RESTRICT target = base + (y * w->width + at) * channels;
        for (long i = 0; i < channels; i++) target[i] += col[i];
      }
    }
  }
}
static void FN(reorder_weight)(void *out_, const void *w_, const void *scale_, long o, long i, long hw, bool flip) {
  T *out = out_;
  const T *w = w_, *scale = scale_;
  for (long a = 0; a < o; a++) {
    const T s = scale ? scale[a] : 1;
    for (long b = 0; b < i; b++)
      for (long k = 0; k < hw; k++) {
        const T value = w[(a * i + b) * hw + k] * s;
        if (flip) out[(b * hw + hw - 1 - k) * o + a] = value;
        else out[(a * hw + k) * i + b] = value;
      }
  }
}
static void FN(reorder_gradient)(
    void *out_, const void *d_, const void *scale_, long o, long i, long hw, double beta_) {
    T *out = out_;
    const T *d = d_, *scale = scale_;
    for (long a = 0; a < o; a++) {
        const T s = scale ? scale[a] : 1;
        for (long b = 0; b < i; b++)
            for (long k = 0; k < hw; k++) {
                T *target = &out[(a * i + b) * hw + k];
                const T value = d[(a * hw + k) * i + b] * s;
                *target = beta_ == 0 ? value : *target + value;
            }
    }
}
static void FN(centered_squares)(void *sums_, const void *x_, const void *mean_, long rows, long cols) {
  T *RESTRICT sums = sums_;
  const T *RESTRICT mean = mean_;
  for (long r = 0; r < rows; r++) {
    const T *RESTRICT x = (const T *)x_ + r * cols;
    for (long c = 0; c < cols; c++) { T v = x[c] - mean[c]; sums[c] += v * v; }
  }
}
static void FN(scale_shift)(void *y_, const void *x_, const void *scale_, const void *shift_, const void *residual_,
    int act, long rows, long cols) {
    const T *RESTRICT scale = scale_, *RESTRICT shift = shift_;
    const T floor_ = act ? 0 : -INFINITY;
    for (long r = 0; r < rows; r++) {
        T *y = (T *)y_ + r * cols;
        const T *x = (const T *)x_ + r * cols;
        if (residual_) {
            const T *residual = (const T *)residual_ + r * cols;
            IN_PLACE
            for (long c = 0; c < cols; c++) {
                T v = x[c] * scale[c] + shift[c] + residual[c];
                y[c] = v > floor_ ? v : floor_;
            }
        } else {
            IN_PLACE
            for (long c = 0; c < cols; c++) {
                T v = x[c] * scale[c] + shift[c];
                y[c] = v > floor_ ? v : floor_;
            }
        }
    }
}
static void FN(norm_backward_sums)(void *gm_, void *sum_g_, void *sum_gx_, const void *g_, const void *y_,
    const void *z_, const void *mean_, const void *rstd_, long rows, long cols) {
    T *RESTRICT sum_g = sum_g_, *RESTRICT sum_gx = sum_gx_;
    const T *RESTRICT mean = mean_, *RESTRICT rstd = rstd_;
    for (long r = 0; r < rows; r++) {
        T *gm = (T *)gm_ + r * cols;
        const T *g = (const T *)g_ + r * cols, *RESTRICT z = (const T *)z_ + r * cols;
        if (y_) {
            const T *RESTRICT y = (const T *)y_ + r * cols;
            IN_PLACE
            for (long c = 0; c < cols; c++) {
                T v = y[c] > 0 ? g[c] : 0;
                gm[c] = v;
                sum_g[c] += v;
                sum_gx[c] += v * (z[c] - mean[c]) * rstd[c];
            }
        } else {
            IN_PLACE
            for (long c = 0; c < cols; c++) {
                T v = g[c];
                gm[c] = v;
                sum_g[c] += v;
                sum_gx[c] += v * (z[c] - mean[c]) * rstd[c];
            }
        }
    }
}
static void FN(norm_backward)(void *dz_, const void *gm_, const void *z_, const void *mean_, const void *rstd_,
    const void *gamma_, const void *sum_g_, const void *sum_gx_, double inv_, long rows, long cols) {
    const T *RESTRICT mean = mean_, *RESTRICT rstd = rstd_, *RESTRICT gamma = gamma_, *RESTRICT sum_g = sum_g_,
                      *RESTRICT sum_gx = sum_gx_;
    const T inv = (T)inv_;
    for (long r = 0; r < rows; r++) {
        T *dz = (T *)dz_ + r * cols;
        const T *gm = (const T *)gm_ + r * cols, *z = (const T *)z_ + r * cols;
        IN_PLACE
        for (long c = 0; c < cols; c++)
            dz[c] = gamma[c] * rstd[c] * (gm[c] - sum_g[c] * inv - (z[c] - mean[c]) * rstd[c] * sum_gx[c] * inv);
    }
}
static void FN(max_pool)(void *y_, uint8_t *which_, const void *x_, const dxt_window *w) {
  const long channels = w->channels;
  const T *x = x_;
  for (long oy = 0; oy < w->out_height; oy++)
    for (long ox = 0; ox < w->out_width; ox++) {
      T *RESTRICT y = (T *)y_ + (oy * w->out_width + ox) * channels;
      uint8_t *RESTRICT which = which_ + (oy * w->out_width + ox) * channels;
      bool first = true;
      for (long ky = 0; ky < w->kernel_h; ky++)
        for (long kx = 0; kx < w->kernel_w; kx++) {
          const long iy = oy * w->stride - w->pad + ky, ix = ox * w->stride - w->pad + kx;
          if (iy < 0 || iy >= w->height || ix < 0 || ix >= w->width) continue;
          const T *RESTRICT source = x + (iy * w->width + ix) * channels;
          const uint8_t index = (uint8_t)(ky * w->kernel_w + kx);
          if (first) for (long c = 0; c < channels; c++) { y[c] = source[c]; which[c] = index; }
          else for (long c = 0; c < channels; c++) {
            const bool greater = source[c] > y[c];
            y[c] = greater ? source[c] : y[c];
            which[c] = greater ? index : which[c];
          }
          first = false;
        }
    }
}
static void FN(max_pool_backward)(void *dx_, const void *g_, const uint8_t *which_, const dxt_window *w) {
  const long channels = w->channels;
  T *dx = dx_;
  for (long oy = 0; oy < w->out_height; oy++)
    for (long ox = 0; ox < w->out_width; ox++) {
      const T *RESTRICT g = (const T *)g_ + (oy * w->out_width + ox) * channels;
      const uint8_t *RESTRICT which = which_ + (oy * w->out_width + ox) * channels;
      for (long ky = 0; ky < w->kernel_h; ky++)
        for (long kx = 0; kx < w->kernel_w; kx++) {
          const long iy = oy * w->stride - w->pad + ky, ix = ox * w->stride - w->pad + kx;
          if (iy < 0 || iy >= w->height || ix < 0 || ix >= w->width) continue;
          T *RESTRICT target = dx + (iy * w->width + ix) * channels;
          const uint8_t index = (uint8_t)(ky * w->kernel_w + kx);
          for (long c = 0; c < channels; c++) target[c] += which[c] == index ? g[c] : 0;
        }
    }
}
static void FN(copy_columns)(void *y_, long ldy, const void *x_, long ldx, long rows, long cols) {
  for (long r = 0; r < rows; r++) memcpy((T *)y_ + r * ldy, (const T *)x_ + r * ldx, (size_t)cols * sizeof(T));
}
static void FN(adamw)(void *p_, const void *g_, void *m_, void *v_, void *average_, double lr_decay, double rate,
    double root_, double beta1, double beta2, double eps_, double g_scale, double average_decay, long n) {
    T *RESTRICT p = p_, *RESTRICT m = m_, *RESTRICT v = v_, *RESTRICT average = average_;
    const T *RESTRICT g = g_;
    const T keep = (T)(1 - lr_decay), b1 = (T)beta1, c1 = (T)(1 - beta1), b2 = (T)beta2, c2 = (T)(1 - beta2),
            step = (T)rate, root = (T)root_, eps = (T)eps_, scale = (T)g_scale;
    for (long i = 0; i < n; i++) {
        const T gi = g[i] * scale, mi = b1 * m[i] + c1 * gi, vi = b2 * v[i] + c2 * gi * gi;
        m[i] = mi;
        v[i] = vi;
        p[i] = p[i] * keep - step * mi / (SQRT(vi) * root + eps);
    }
    if (average) {
        const T d = (T)average_decay, e = (T)(1 - average_decay);
        for (long i = 0; i < n; i++) average[i] = d * average[i] + e * p[i];
    }
}
static double FN(sum_squares)(const void *x_, long n) {
  REASSOCIATE
  const T *x = x_;
  double total = 0;
  for (long i = 0; i < n; i += 4096) {
    const long end = n - i < 4096 ? n : i + 4096;
    T sum = 0;
    for (long j = i; j < end; j++) sum += x[j] * x[j];
    total += sum;
  }
  return total;
}
// Uniform in (0, 1), never 0, from two hashes of one position.
static inline double FN(unit)(uint64_t seed, uint64_t position) {
  const uint32_t a = FN(hash)((uint32_t)position, FN(key)(seed, position >> 32));
  const uint32_t b = FN(hash)((uint32_t)position, FN(key)(seed ^ 0xD1B54A32D192ED03ull, position >> 32));
  return ((double)a * 1048576.0 + (double)(b >> 12) + 0.5) / 4503599627370496.0;
}
static void FN(normal)(void *out_, double deviation, uint64_t seed, uint64_t base, long n) {
  T *out = out_;  // Box and Muller
  for (long i = 0; i < n; i++) {
    const double u = FN(unit)(seed, base + (uint64_t)i), v = FN(unit)(seed ^ 0xA0761D6478BD642Full, base + (uint64_t)i);
    out[i] = (T)(deviation * sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
  }
}
static void FN(uniform)(void *out_, double low, double high, uint64_t seed, uint64_t base, long n) {
  T *out = out_;
  for (long i = 0; i < n; i++) out[i] = (T)(low + (high - low) * FN(unit)(seed, base + (uint64_t)i));
}
static void FN(normalize_bytes)(
    void *out_, const uint8_t *bytes, const double *mean, const double *deviation, long pixels) {
    T *out = out_;
    for (long c = 0; c < 3; c++) {
        const T a = (T)mean[c], b = (T)deviation[c];
        for (long i = 0; i < pixels; i++) out[3 * i + c] = ((T)bytes[3 * i + c] - a) / b;
    }
}

static const dxt_kernels FN(table) = {
    .fill = FN(fill),
    .add = FN(add),
    .axpy = FN(axpy),
    .bias_act = FN(bias_act),
    .relu_backward = FN(relu_backward),
    .column_sums = FN(column_sums),
    .relu_backward_sums = FN(relu_backward_sums),
    .gelu = FN(gelu),
    .gelu_backward = FN(gelu_backward),
    .sigmoid = FN(sigmoid),
    .sigmoid_backward = FN(sigmoid_backward),
    .dropout = FN(dropout),
    .fake_quantize = FN(fake_quantize),
    .pass_between = FN(pass_between),
    .fake_quantize_rows = FN(fake_quantize_rows),
    .layer_norm = FN(layer_norm),
    .layer_norm_backward = FN(layer_norm_backward),
    .attention = FN(attention),
    .attention_backward = FN(attention_backward),
    .gemm = FN(gemm_entry),
    .im2col = FN(im2col),
    .col2im = FN(col2im),
    .winograd_input = FN(winograd_input),
    .winograd_output = FN(winograd_output),
    .winograd_gradient = FN(winograd_gradient),
    .winograd_weight = FN(winograd_weight),
    .winograd_weight_gradient = FN(winograd_weight_gradient),
    .reorder_weight = FN(reorder_weight),
    .reorder_gradient = FN(reorder_gradient),
    .centered_squares = FN(centered_squares),
    .scale_shift = FN(scale_shift),
    .norm_backward_sums = FN(norm_backward_sums),
    .norm_backward = FN(norm_backward),
    .max_pool = FN(max_pool),
    .max_pool_backward = FN(max_pool_backward),
    .copy_columns = FN(copy_columns),
    .adamw = FN(adamw),
    .sum_squares = FN(sum_squares),
    .normal = FN(normal),
    .uniform = FN(uniform),
    .normalize_bytes = FN(normalize_bytes),
};
