#if defined(__x86_64__)
#include "common/avx512.h"

// 16-bit pairs: VPMADDUBSW would saturate.
#define ATTENTION_GROUP 2
#define ATTENTION_FLIP 0
#define ATTENTION_ROWS 8
static inline vi attention_dot(vi sum, uint32_t word, const char *b) {
    return sum + (vi)_mm512_madd_epi16(_mm512_set1_epi32((int)word), _mm512_loadu_si512(b));
}
#include "attention_s8/body.h"

#include "common/end.h"
#endif
