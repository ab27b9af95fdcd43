#pragma once
// Loops of the trainer: plain C over pointers and sizes, one source for float and double and for three instruction
// sets. Nothing here allocates what it returns, nothing fails, nothing knows a tape. Matrices are row-major; `ld` is a
// row's stride.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: threads.c - fork and join

/// Runs body(context, chunk) for chunk in 0..<chunks on the threads of the pool, as deixis_pool_run does.
void dxt_parallel(long chunks, void (*_Nonnull body)(void *_Nullable context, long chunk), void *_Nullable context);
/// Threads that take part, the caller included. Returns 0 or why there cannot be so many: EINVAL outside
/// 1...deixis_pool_most_threads, EAGAIN where the system refuses them.
int dxt_set_threads(int count);
/// Where none was set, the cores this process may use; 1 where the system refuses so many threads.
int dxt_threads(void);

// MARK: blas.c - OpenBLAS, loaded at run time

typedef enum { dxt_blas_ready = 0, dxt_blas_missing = 1, dxt_blas_symbol = 2 } dxt_blas_status;
/// Loads libopenblas.so.0 once. The core type is, in order: DEIXIS_OPENBLAS_CORETYPE; the best the CPU has.
dxt_blas_status dxt_blas_load(void);
/// The core name OpenBLAS reports, or "".
const char *_Nonnull dxt_blas_core(void);
/// C = alpha op(A) op(B) + beta C on the calling thread, through OpenBLAS where the product is big enough.
void dxt_gemm(bool is_double, bool ta, bool tb, long m, long n, long k, double alpha, const void *_Nonnull a, long lda,
              const void *_Nonnull b, long ldb, double beta, void *_Nonnull c, long ldc);
/// The same, split over the pool by rows or columns of C.
void dxt_gemm_parallel(bool is_double, bool ta, bool tb, long m, long n, long k, double alpha, const void *_Nonnull a,
    long lda, const void *_Nonnull b, long ldb, double beta, void *_Nonnull c, long ldc);

// MARK: kernels - the table of loops for one scalar type and one instruction set

typedef struct {
  long height, width, channels;         // input, NHWC
  long out_height, out_width;           // output
  long kernel_h, kernel_w, stride, pad;
} dxt_window;

typedef struct {
  long queries, keys, depth;            // of one head
  long ldq, ldk, ldv, ldo;
  double scale;                         // 1 / sqrt(depth)
} dxt_attention;

// In every entry: `n` elements, or `rows` x `cols`. `act`: 0 none, 1 ReLU. Names with _sums add into their target.
typedef struct {
  void (*_Nonnull fill)(void *_Nonnull y, double value, long n);
  void (*_Nonnull add)(void *_Nonnull y, const void *_Nonnull a, const void *_Nonnull b, long n);
  /// y += alpha x
  void (*_Nonnull axpy)(void *_Nonnull y, const void *_Nonnull x, double alpha, long n);
  /// y = act(y + bias[col] + residual)
  void (*_Nonnull bias_act)(
      void *_Nonnull y, const void *_Nullable bias, const void *_Nullable residual, int act, long rows, long cols);
  /// out = y > 0 ? g : 0
  void (*_Nonnull relu_backward)(void *_Nonnull out, const void *_Nonnull g, const void *_Nonnull y, long n);
  void (*_Nonnull column_sums)(void *_Nonnull sums, const void *_Nonnull x, long rows, long cols, long ld);
  /// relu_backward and column_sums of its result in one pass
  void (*_Nonnull relu_backward_sums)(
      void *_Nonnull out, void *_Nonnull sums, const void *_Nonnull g, const void *_Nonnull y, long rows, long cols);
  /// x Phi(x), Phi the normal distribution
  void (*_Nonnull gelu)(void *_Nonnull y, const void *_Nonnull x, long n);
  void (*_Nonnull gelu_backward)(void *_Nonnull out, const void *_Nonnull g, const void *_Nonnull x, long n);
  void (*_Nonnull sigmoid)(void *_Nonnull y, const void *_Nonnull x, long n);
  void (*_Nonnull sigmoid_backward)(void *_Nonnull out, const void *_Nonnull g, const void *_Nonnull y, long n);
  /// out = x m / (1 - p), m_i = hash(seed, base + i) >= p
  void (*_Nonnull dropout)(void *_Nonnull out, const void *_Nonnull x, long n, double p, uint64_t seed, uint64_t base);
  /// y = scale (q - zero), q = x / scale + zero rounded (ties to even) and held to 0...255: what is left of x stored
  /// in 8 bits. NaN stays.
  void (*_Nonnull fake_quantize)(void *_Nonnull y, const void *_Nonnull x, double scale, int zero, long n);
  /// out = g where x lies in low...high, else 0
  void (*_Nonnull pass_between)(
      void *_Nonnull out, const void *_Nonnull g, const void *_Nonnull x, double low, double high, long n);
  /// Each row of w to 255 symmetric steps: w = s round(w / s), s = max |w| / 127; a row of zeros stays. In place.
  void (*_Nonnull fake_quantize_rows)(void *_Nonnull w, long rows, long cols);
  /// s = x + dropout(r); y = gamma (s - mean) rstd + beta, per row. s may be NULL with r NULL. s may be x.
  void (*_Nonnull layer_norm)(void *_Nonnull y, void *_Nullable s, void *_Nonnull mean, void *_Nonnull rstd,
      const void *_Nonnull x, const void *_Nullable r, const void *_Nonnull gamma, const void *_Nonnull beta,
      double eps, long rows, long cols, double p, uint64_t seed, uint64_t base);
  /// ds from g; gamma_sums and beta_sums get the parameters' gradients
  void (*_Nonnull layer_norm_backward)(void *_Nonnull ds, void *_Nonnull gamma_sums, void *_Nonnull beta_sums,
      const void *_Nonnull g, const void *_Nonnull s, const void *_Nonnull mean, const void *_Nonnull rstd,
      const void *_Nonnull gamma, long rows, long cols);
  /// one head: p = softmax(scale q k^T + mask), o = p v; p is [queries, keys], saved
  void (*_Nonnull attention)(void *_Nonnull o, void *_Nonnull p, const void *_Nonnull q, const void *_Nonnull k,
      const void *_Nonnull v, const void *_Nullable mask, const dxt_attention *_Nonnull shape);
  /// dq, dk, dv (with ldq, ldk, ldv) from dO (ldo); p is overwritten
  void (*_Nonnull attention_backward)(void *_Nonnull dq, void *_Nonnull dk, void *_Nonnull dv, const void *_Nonnull d_o,
      void *_Nonnull p, const void *_Nonnull q, const void *_Nonnull k, const void *_Nonnull v,
      const dxt_attention *_Nonnull shape);
  /// C = alpha A B + beta C on this thread; A(i,k) = a[i ars + k acs], B(k,j) = b[k brs + j bcs]
  void (*_Nonnull gemm)(long m, long n, long k, double alpha, const void *_Nonnull a, long ars, long acs,
      const void *_Nonnull b, long brs, long bcs, double beta, void *_Nonnull c, long ldc);
  /// rows [begin, end) of the patch matrix [image out_h out_w, kernel_h kernel_w channels]
  void (*_Nonnull im2col)(
      void *_Nonnull col, const void *_Nonnull x, const dxt_window *_Nonnull w, long begin, long end);
  /// the transpose: adds rows [begin, end) of col into x
  void (*_Nonnull col2im)(
      void *_Nonnull x, const void *_Nonnull col, const dxt_window *_Nonnull w, long begin, long end);
  /// winograd.inc.h: 3 x 3, stride 1. Tiles of 2 x 2 outputs are numbered through all images; what stands for a tile are
  /// 16 planes of its channels, `step` elements from tile to tile. Input d of tiles [begin, end) -> v = B^T d B
  void (*_Nonnull winograd_input)(
      void *_Nonnull v, long step, const void *_Nonnull x, const dxt_window *_Nonnull w, long begin, long end);
  /// y = A^T m A + keep y, keep 0 or 1
  void (*_Nonnull winograd_output)(void *_Nonnull y, const void *_Nonnull m, long step, const dxt_window *_Nonnull w,
      long outputs, double keep, long begin, long end);
  /// gradient dy of tiles -> n = A dy A^T
  void (*_Nonnull winograd_gradient)(void *_Nonnull n, long step, const void *_Nonnull g,
      const dxt_window *_Nonnull w, long outputs, long begin, long end);
  /// OIHW, outputs [begin, end), times scale[o] if given -> G g G^T as u[16][i][o]; flip: of the weights turned by half
  /// a circle, as u[16][o][i]
  void (*_Nonnull winograd_weight)(void *_Nonnull u, const void *_Nonnull w, const void *_Nullable scale, long o,
      long i, bool flip, long begin, long end);
  /// OIHW gradient of outputs [begin, end) (beta 0 or 1) = scale[o] G^T du G, du[16][o][i]
  void (*_Nonnull winograd_weight_gradient)(void *_Nonnull out, const void *_Nonnull du, const void *_Nullable scale,
      long o, long i, double beta, long begin, long end);
  /// OIHW -> [O, HW, I], times scale[o] if given; flip: -> [I, HW reversed, O]
  void (*_Nonnull reorder_weight)(
      void *_Nonnull out, const void *_Nonnull w, const void *_Nullable scale, long o, long i, long hw, bool flip);
  /// OIHW gradient (beta 0 or 1) from [O, HW, I] times scale[o]
  void (*_Nonnull reorder_gradient)(
      void *_Nonnull out, const void *_Nonnull d, const void *_Nullable scale, long o, long i, long hw, double beta);
  /// sums[col] += (x - mean[col])^2
  void (*_Nonnull centered_squares)(
      void *_Nonnull sums, const void *_Nonnull x, const void *_Nonnull mean, long rows, long cols);
  /// y = act(x scale[col] + shift[col] + residual)
  void (*_Nonnull scale_shift)(void *_Nonnull y, const void *_Nonnull x, const void *_Nonnull scale,
      const void *_Nonnull shift, const void *_Nullable residual, int act, long rows, long cols);
  /// gm = g masked by y > 0 (y NULL: g); sum_g += gm; sum_gx += gm (z - mean) rstd
  void (*_Nonnull norm_backward_sums)(void *_Nonnull gm, void *_Nonnull sum_g, void *_Nonnull sum_gx,
      const void *_Nonnull g, const void *_Nullable y, const void *_Nonnull z, const void *_Nonnull mean,
      const void *_Nonnull rstd, long rows, long cols);
  /// dz = gamma rstd (gm - sum_g inv - (z - mean) rstd sum_gx inv)
  void (*_Nonnull norm_backward)(void *_Nonnull dz, const void *_Nonnull gm, const void *_Nonnull z,
      const void *_Nonnull mean, const void *_Nonnull rstd, const void *_Nonnull gamma, const void *_Nonnull sum_g,
      const void *_Nonnull sum_gx, double inv, long rows, long cols);
  /// one image; which[] gets the window index of the maximum
  void (*_Nonnull max_pool)(
      void *_Nonnull y, uint8_t *_Nonnull which, const void *_Nonnull x, const dxt_window *_Nonnull w);
  /// adds into dx, which starts at zero
  void (*_Nonnull max_pool_backward)(
      void *_Nonnull dx, const void *_Nonnull g, const uint8_t *_Nonnull which, const dxt_window *_Nonnull w);
  void (*_Nonnull copy_columns)(void *_Nonnull y, long ldy, const void *_Nonnull x, long ldx, long rows, long cols);
  /// decoupled weight decay: p -= lr decay p; m, v moments; p -= rate m / (sqrt(v) root + eps); average (may be NULL)
  /// follows p
  void (*_Nonnull adamw)(void *_Nonnull p, const void *_Nonnull g, void *_Nonnull m, void *_Nonnull v,
      void *_Nullable average, double lr_decay, double rate, double root, double beta1, double beta2, double eps,
      double g_scale, double average_decay, long n);
  double (*_Nonnull sum_squares)(const void *_Nonnull x, long n);
  void (*_Nonnull normal)(void *_Nonnull out, double deviation, uint64_t seed, uint64_t base, long n);
  void (*_Nonnull uniform)(void *_Nonnull out, double low, double high, uint64_t seed, uint64_t base, long n);
  /// (bytes - mean[c]) / deviation[c], 3 channels
  void (*_Nonnull normalize_bytes)(void *_Nonnull out, const uint8_t *_Nonnull bytes, const double *_Nonnull mean,
      const double *_Nonnull deviation, long pixels);
} dxt_kernels;

typedef enum { dxt_isa_baseline = 0, dxt_isa_avx2 = 1, dxt_isa_avx512 = 2 } dxt_isa;
/// The best instruction set this CPU and system have.
dxt_isa dxt_best_isa(void);
const dxt_kernels *_Nonnull dxt_kernel_table(bool is_double, dxt_isa isa);
