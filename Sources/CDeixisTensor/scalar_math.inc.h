// exp, erf and the hash of the random stream, in a form that compilers vectorize. Included once per scalar type and
// instruction set.

#if T_IS_DOUBLE
static inline T FN(exp_)(T x) { return exp(x); }
static inline T FN(erf_)(T x) { return erf(x); }
static inline T FN(round_)(T x) { return rint(x); }
#else
static inline T FN(round_)(T x) { return rintf(x); }
// 2^n e^r with n = round(x / ln 2), |r| <= ln 2 / 2, e^r by its Taylor polynomial of degree 7: relative error below
// 2e-7. NaN gives NaN.
static inline T FN(exp_)(T given) {
  T x = given > -87.0f ? given : -87.0f;
  x = x > 88.0f ? 88.0f : x;
  float t = x * 1.44269504f;
  int n = (int)(t + (t < 0 ? -0.5f : 0.5f));
  float nf = (float)n;
  float r = (x - nf * 0.693359375f) + nf * 2.12194440e-4f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  union { int i; float f; } power = {.i = (n + 127) << 23};
  return given == given ? p * power.f : given;
}
// Abramowitz and Stegun 7.1.26: absolute error below 1.5e-7.
static inline T FN(erf_)(T x) {
  float a = x < 0 ? -x : x;
  float t = 1.0f / (1.0f + 0.3275911f * a);
  float p = 1.061405429f;
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  float e = 1.0f - p * t * FN(exp_)(-a * a);
  return x < 0 ? -e : e;
}
#endif

// 32 well-mixed bits of a 64-bit counter under a seed: the stream is a function of the position, so backward makes it
// again.
static inline uint32_t FN(hash)(uint32_t low, uint32_t key) {
  uint32_t h = low * 0x9E3779B1u ^ key;
  h ^= h >> 16;
  h *= 0x7FEB352Du;
  h ^= h >> 15;
  h *= 0x846CA68Bu;
  h ^= h >> 16;
  return h;
}
static inline uint32_t FN(key)(uint64_t seed, uint64_t block) {
  uint64_t k = seed ^ (block + 0x9E3779B97F4A7C15ull) * 0xBF58476D1CE4E5B9ull;
  k ^= k >> 31;
  k *= 0x94D049BB133111EBull;
  return (uint32_t)(k >> 32);
}
