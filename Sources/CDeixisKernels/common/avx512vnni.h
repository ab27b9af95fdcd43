// AVX-512 with VNNI: the vectors of common/avx512.h under the name of this rung.
#define SIMD avx512vnni
#define DEIXIS_MORE ",avx512vnni"
#include "common/avx512.h"
