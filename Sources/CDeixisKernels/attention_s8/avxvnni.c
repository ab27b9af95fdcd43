#if defined(__x86_64__)
#include "common/avxvnni.h"

#define ATTENTION_GROUP 4
#define ATTENTION_FLIP 0x80
#define ATTENTION_ROWS 4
static inline vi attention_dot(vi sum, uint32_t word, const char *b) {
    return (vi)_mm256_dpbusd_avx_epi32(
        (__m256i)sum, _mm256_set1_epi32((int)word), _mm256_loadu_si256((const __m256i *)(const void *)b));
}
#include "attention_s8/body.h"

#include "common/end.h"
#endif
