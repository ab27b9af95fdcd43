// AVX-512 with VNNI: the vectors of common/avx512.h under the name of this rung.
#define SIMD avx512vnni
#define TARGET "avx512vnni,avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"
#include "common/avx512.h"
