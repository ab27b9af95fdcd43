// AVX2 with AVX-VNNI: the vectors of common/avx2.h under the name of this rung.
#define SIMD avxvnni
#define TARGET "avxvnni,avx2,fma"
#include "common/avx2.h"
