#if defined(__x86_64__)
#include "common/avx512vnni.h"

#define ATTENTION_GROUP 4
#define ATTENTION_FLIP 0x80
#define ATTENTION_ROWS 8
static inline vi attention_dot(vi sum, uint32_t word, const char *b) {
    return (vi)_mm512_dpbusd_epi32((__m512i)sum, _mm512_set1_epi32((int)word), _mm512_loadu_si512(b));
}
#include "attention_s8/body.h"

#include "common/end.h"
#endif
