// 3 x 3 convolutions of stride 1 by Winograd's F(2 x 2, 3 x 3): 16 products for 4 outputs, where the sum takes 36
// (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015). Of a tile's 4 x 4 inputs d, 3 x 3
// weights g and 2 x 2 outputs y:
//
//   y  = A^T [(G g G^T) (B^T d B)] A              dg = G^T [sum over tiles of (A dy A^T) (B^T d B)] G
//
// where the inner products are element by element and sum over channels. Each of the 16 elements is a plane: a matrix
// [tiles, channels] or [channels, channels], so the sums are 16 matrix products, which are the caller's. The planes of
// a tile are neighbors, [16, channels], and `step` elements lie from tile to tile: what is written is one stream.
// A tile is a pair of rows and of columns of the output; those that the output lacks are neither read nor written.

#define B_T(y, d) (y[0] = d[0] - d[2], y[1] = d[1] + d[2], y[2] = d[2] - d[1], y[3] = d[1] - d[3])
#define A_T(y, m) (y[0] = m[0] + m[1] + m[2], y[1] = m[1] - m[2] - m[3])
#define A_(y, g) (y[0] = g[0], y[1] = g[0] + g[1], y[2] = g[0] - g[1], y[3] = -g[1])
#define G_(y, w) (y[0] = w[0], y[1] = (w[0] + w[1] + w[2]) / 2, y[2] = (w[0] - w[1] + w[2]) / 2, y[3] = w[2])
#define G_T(y, u) (y[0] = u[0] + (u[1] + u[2]) / 2, y[1] = (u[1] - u[2]) / 2, y[2] = (u[1] + u[2]) / 2 + u[3])

// Y = L x L^T for a square X of side `from` and Y of side `to`; both are arrays of rows.
#define BOTH_SIDES(MULTIPLY, type, y, to, x, from)                                                    \
  do {                                                                                                \
    type half[from][to];                                                                              \
    _Pragma("clang loop unroll(full)") for (int r = 0; r < from; r++) MULTIPLY(half[r], x[r]);        \
    _Pragma("clang loop unroll(full)") for (int c = 0; c < to; c++) {                                 \
      type column[from], result[to];                                                                  \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < from; r++) column[r] = half[r][c];       \
      MULTIPLY(result, column);                                                                       \
      _Pragma("clang loop unroll(full)") for (int r = 0; r < to; r++) y[r][c] = result[r];            \
    }                                                                                                 \
  } while (0)

// The pixels of a square that lies at row y and column x of an image of `height` x `width`, and zeros around it; a
// zero does not move with the channel, so `step` is 0 there.
typedef struct {
  T *pixel[16];
  long step[16];
} FN(square);

static inline FN(square) FN(square_at)(T *image, long height, long width, long channels, long y, long x, long side) {
  static T zeros[VL];
  FN(square) s;
  const bool inside = y >= 0 && x >= 0 && y + side <= height && x + side <= width;
#pragma clang loop unroll(full)
  for (long i = 0; i < side * side; i++) {
    const long row = y + i / side, column = x + i % side;
    const bool in = inside || (row >= 0 && row < height && column >= 0 && column < width);
    s.pixel[i] = in ? image + (row * width + column) * channels : zeros;
    s.step[i] = in;
  }
  return s;
}

typedef struct { long image, row, column; } FN(tile_place);

static inline FN(tile_place) FN(tile_at)(const dxt_window *w, long tile) {
  const long across = (w->out_width + 1) / 2, down = (w->out_height + 1) / 2;
  return (FN(tile_place)){tile / (across * down), tile / across % down * 2, tile % across * 2};
}

// Whole vectors of channels, then half a vector, then single ones.
#define CHANNELS(count, BODY)                                                       \
  do {                                                                              \
    long c = 0;                                                                     \
    for (; c + VL <= count; c += VL) BODY(FN(vec));                                 \
    for (; c + VL / 2 <= count; c += VL / 2) BODY(FN(half_vec));                    \
    for (; c < count; c++) BODY(T);                                                 \
  } while (0)
typedef T FN(half_vec) __attribute__((vector_size(VB / 2), aligned(sizeof(T))));

// B^T d B of tiles [begin, end) as v[tile][16][channels].
static void FN(winograd_input)(void *v_, long step, const void *x_, const dxt_window *w, long begin, long end) {
  const long channels = w->channels;
  for (long tile = begin; tile < end; tile++) {
    const FN(tile_place) at = FN(tile_at)(w, tile);
    T *v = (T *)v_ + (tile - begin) * step;
    const FN(square) s = FN(square_at)((T *)x_ + at.image * w->height * w->width * channels, w->height, w->width,
        channels, at.row - w->pad, at.column - w->pad, 4);
#define BODY(type)                                                                                       \
  {                                                                                                      \
    type d[4][4], y[4][4];                                                                               \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++)                                      \
      d[i / 4][i % 4] = *(const type *)(s.pixel[i] + c * s.step[i]);                                     \
    BOTH_SIDES(B_T, type, y, 4, d, 4);                                                                   \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++)                                      \
      *(type *)(v + i * channels + c) = y[i / 4][i % 4];                                                    \
  }
    CHANNELS(channels, BODY);
#undef BODY
  }
}

// y = A^T m A + keep y for tiles [begin, end), m[tile][16][outputs]; keep is 0 or 1, and 0 does not read y.
static void FN(winograd_output)(void *y_, const void *m_, long step, const dxt_window *w, long outputs, double keep,
    long begin, long end) {
  for (long tile = begin; tile < end; tile++) {
    const FN(tile_place) at = FN(tile_at)(w, tile);
    const T *m = (const T *)m_ + (tile - begin) * step;
    const FN(square) s = FN(square_at)((T *)y_ + at.image * w->out_height * w->out_width * outputs, w->out_height,
        w->out_width, outputs, at.row, at.column, 2);
#define BODY(type)                                                                                       \
  {                                                                                                      \
    type d[4][4], y[2][2];                                                                               \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++)                                      \
      d[i / 4][i % 4] = *(const type *)(m + i * outputs + c);                                              \
    BOTH_SIDES(A_T, type, y, 2, d, 4);                                                                   \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++) if (s.step[i]) {                      \
      type *place = (type *)(s.pixel[i] + c);                                                            \
      *place = keep == 0 ? y[i / 2][i % 2] : *place + y[i / 2][i % 2];                                   \
    }                                                                                                    \
  }
    CHANNELS(outputs, BODY);
#undef BODY
  }
}

// A dy A^T of tiles [begin, end) as n[tile][16][outputs].
static void FN(winograd_gradient)(
    void *n_, long step, const void *g_, const dxt_window *w, long outputs, long begin, long end) {
  for (long tile = begin; tile < end; tile++) {
    const FN(tile_place) at = FN(tile_at)(w, tile);
    T *n = (T *)n_ + (tile - begin) * step;
    const FN(square) s = FN(square_at)((T *)g_ + at.image * w->out_height * w->out_width * outputs, w->out_height,
        w->out_width, outputs, at.row, at.column, 2);
#define BODY(type)                                                                                       \
  {                                                                                                      \
    type d[2][2], y[4][4];                                                                               \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 4; i++)                                       \
      d[i / 2][i % 2] = *(const type *)(s.pixel[i] + c * s.step[i]);                                     \
    BOTH_SIDES(A_, type, y, 4, d, 2);                                                                    \
    _Pragma("clang loop unroll(full)") for (int i = 0; i < 16; i++)                                      \
      *(type *)(n + i * outputs + c) = y[i / 4][i % 4];                                                    \
  }
    CHANNELS(outputs, BODY);
#undef BODY
  }
}

// OIHW weights of outputs [begin, end) of `o`, times scale[o] if given -> G g G^T as u[16][i][o]; flip: of the weights
// turned by half a circle, as u[16][o][i]. A vector's lanes are neighbors in u.
static void FN(winograd_weight)(
    void *u_, const void *w_, const void *scale_, long o, long i, bool flip, long begin, long end) {
  const T *scale = scale_;
  const long rows = flip ? end - begin : i, columns = flip ? i : end - begin;
  for (long r = 0; r < rows; r++)
    for (long c = 0; c < columns; c += VL) {
      const long lanes = columns - c < VL ? columns - c : VL;
      FN(vec) g[3][3] = {{{0}}}, y[4][4];
      for (long x = 0; x < lanes; x++) {
        const long a = begin + (flip ? r : c + x), b = flip ? c + x : r;
        const T *w = (const T *)w_ + (a * i + b) * 9, s = scale ? scale[a] : 1;
        for (int k = 0; k < 9; k++) g[k / 3][k % 3][x] = w[flip ? 8 - k : k] * s;
      }
      BOTH_SIDES(G_, FN(vec), y, 4, g, 3);
      T *target = (T *)u_ + (flip ? (begin + r) * i + c : r * o + begin + c);
      for (int k = 0; k < 16; k++) memcpy(target + k * o * i, &y[k / 4][k % 4], (size_t)lanes * sizeof(T));
    }
}

// OIHW gradient of outputs [begin, end) (beta 0 or 1) from du[16][o][i], times scale[o] if given.
static void FN(winograd_weight_gradient)(
    void *out_, const void *du_, const void *scale_, long o, long i, double beta, long begin, long end) {
  const T *scale = scale_;
  for (long a = begin; a < end; a++)
    for (long b = 0; b < i; b += VL) {
      const long lanes = i - b < VL ? i - b : VL;
      const T *du = (const T *)du_ + a * i + b, s = scale ? scale[a] : 1;
      FN(vec) u[4][4] = {{{0}}}, y[3][3];
      for (int k = 0; k < 16; k++) memcpy(&u[k / 4][k % 4], du + k * o * i, (size_t)lanes * sizeof(T));
      BOTH_SIDES(G_T, FN(vec), y, 3, u, 4);
      T *out = (T *)out_ + (a * i + b) * 9;
      for (long x = 0; x < lanes; x++)
        for (int k = 0; k < 9; k++) out[x * 9 + k] = (beta == 0 ? 0 : out[x * 9 + k]) + s * y[k / 3][k % 3][x];
    }
}

#undef B_T
#undef A_T
#undef A_
#undef G_
#undef G_T
#undef BOTH_SIDES
#undef CHANNELS
