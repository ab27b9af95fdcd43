#if defined(__x86_64__)
#include "common/avx2.h"

// 16-bit pairs: VPMADDUBSW would saturate.
#define ATTENTION_GROUP 2
#define ATTENTION_FLIP 0
#define ATTENTION_ROWS 4
static inline vi attention_dot(vi sum, uint32_t word, const char *b) {
    return sum +
        (vi)_mm256_madd_epi16(_mm256_set1_epi32((int)word), _mm256_loadu_si256((const __m256i *)(const void *)b));
}
#include "attention_s8/body.h"

#include "common/end.h"
#endif
