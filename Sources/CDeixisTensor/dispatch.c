// Which instruction set runs: what the runtime's kernels find, DEIXIS_ISA included.
#include "deixis/isa.h"
#include "include/CDeixisTensor.h"

extern const dxt_kernels *const dxt_table_f32_baseline, *const dxt_table_f64_baseline;
#if defined(__x86_64__)
extern const dxt_kernels *const dxt_table_f32_avx2, *const dxt_table_f64_avx2;
extern const dxt_kernels *const dxt_table_f32_avx512, *const dxt_table_f64_avx512;
#endif

dxt_isa dxt_best_isa(void) {
  const uint32_t bits = deixis_isa_detect();
  return bits & DEIXIS_ISA_AVX512 ? dxt_isa_avx512 : bits & DEIXIS_ISA_AVX2 ? dxt_isa_avx2 : dxt_isa_baseline;
}

const dxt_kernels *dxt_kernel_table(bool is_double, dxt_isa isa) {
#if defined(__x86_64__)
  if (isa == dxt_isa_avx512) return is_double ? dxt_table_f64_avx512 : dxt_table_f32_avx512;
  if (isa == dxt_isa_avx2) return is_double ? dxt_table_f64_avx2 : dxt_table_f32_avx2;
#endif
  return is_double ? dxt_table_f64_baseline : dxt_table_f32_baseline;
}
