// Which instruction set runs: the CPU and the system (saved registers) are asked through the compiler's runtime.
#include "include/CDeixisTensor.h"

extern const dxt_kernels *const dxt_table_f32_baseline, *const dxt_table_f64_baseline;
#if defined(__x86_64__)
extern const dxt_kernels *const dxt_table_f32_avx2, *const dxt_table_f64_avx2;
extern const dxt_kernels *const dxt_table_f32_avx512, *const dxt_table_f64_avx512;
#endif

dxt_isa dxt_best_isa(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return dxt_isa_avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return dxt_isa_avx2;
#endif
  return dxt_isa_baseline;
}

const dxt_kernels *dxt_kernel_table(bool is_double, dxt_isa isa) {
#if defined(__x86_64__)
  if (isa == dxt_isa_avx512) return is_double ? dxt_table_f64_avx512 : dxt_table_f32_avx512;
  if (isa == dxt_isa_avx2) return is_double ? dxt_table_f64_avx2 : dxt_table_f32_avx2;
#endif
  return is_double ? dxt_table_f64_baseline : dxt_table_f32_baseline;
}
