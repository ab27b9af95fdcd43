#define _GNU_SOURCE
#include "check.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

void check_fail(check *c, const char *format, ...) {
    if (c->failed) return;
    c->failed = true;
    va_list list;
    va_start(list, format);
    vsnprintf(c->message, c->capacity, format, list);
    va_end(list);
}

/// The lowest rung of the ladder that has all of `isa`.
static const char *rung_of(uint32_t isa) {
    static const char *const names[] = {"scalar", "v128", "avx2", "avxvnni", "avx512", "avx512vnni", "dotprod", "i8mm"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        uint32_t bits;
        if (deixis_isa_named(names[i], &bits) && !(isa & ~bits)) return names[i];
    }
    return "what no CPU has";
}

bool check_lacks(uint32_t isa, char *message, size_t capacity) {
    const uint32_t own = deixis_isa_detect();
    if (!(isa & ~own)) return false;
    snprintf(message, capacity, "needs %s, this CPU has %s", rung_of(isa), deixis_isa_name(own));
    return true;
}

uint32_t check_random(check *c) {
    c->seed ^= c->seed << 13;
    c->seed ^= c->seed >> 7;
    c->seed ^= c->seed << 17;
    return (uint32_t)(c->seed >> 32);
}

float check_uniform(check *c, float low, float high) {
    return low + (high - low) * (float)(check_random(c) >> 8) * 0x1p-24f;
}

deixis_caches check_caches(check *c) {
    return (deixis_caches){(size_t)(4 << check_random(c) % 5) << 10, (size_t)(64 << check_random(c) % 7) << 10};
}

size_t check_pick(check *c, size_t count, const size_t *values) { return values[check_random(c) % count]; }

buffer check_bytes(check *c, size_t size) {
    // qemu 7.2 reads the masked lanes of vmaskmovps, which no CPU does; under it the page after the end starts some
    // bytes later.
    const size_t slack = getenv("DEIXIS_CHECKS_SLACK") ? 64 : 0;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inside = (size + slack + page - 1) / page * page;
    if (inside == 0) inside = page;
    buffer b = {.size = size, .mapped = inside + page, .front = c->buffers++ % 2};
    b.pages = mmap(NULL, b.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b.pages == MAP_FAILED) abort();
    memset(b.pages, 0xa5, b.mapped);
    if (b.front) {
        mprotect(b.pages, page, PROT_NONE);
        b.data = b.pages + page;
    } else {
        mprotect(b.pages + inside, page, PROT_NONE);
        b.data = b.pages + inside - slack - size;
    }
    return b;
}

void check_release(check *c, buffer *b, const char *what) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const char *first = b->pages + (b->front ? page : 0), *last = first + b->mapped - page, *end = b->data + b->size;
    for (const char *p = first; p < last; p++) {
        if (p == b->data) p = end;
        if (p == last) break;
        if ((unsigned char)*p == 0xa5) continue;
        if (p < b->data) check_fail(c, "%s: byte %td before the start was overwritten", what, b->data - p);
        else check_fail(c, "%s: byte %td after the end was overwritten", what, p - end);
        break;
    }
    munmap(b->pages, b->mapped);
    *b = (buffer){0};
}

buffer check_floats(check *c, size_t count, float low, float high) {
    buffer b = check_bytes(c, count * sizeof(float));
    for (size_t i = 0; i < count; i++) floats(b)[i] = check_uniform(c, low, high);
    return b;
}

bool check_close(check *c, float got, double want, double bound, const char *what, size_t at) {
    if (want != want) {
        if (got != got) return true;
    } else if (isinf((float)want) || isinf(got)) {
        if (got == (float)want) return true;
    } else if (fabs(got - want) <= bound) {
        return true;
    }
    check_fail(c, "%s, element %zu: got %.9g, expected %.9g within %.3g", what, at, got, want, bound);
    return false;
}

double check_ulps(float got, double want) {
    if (want != want) return got != got ? 0 : INFINITY;
    if ((double)got == want) return 0;
    float rounded = (float)want;
    if (isinf(rounded) || isinf(got)) return rounded == got ? 0 : INFINITY;
    int exponent;
    frexp(fabs(want) < 0x1p-126 ? 0x1p-126 : want, &exponent);
    return fabs(got - want) / ldexp(1, exponent - 24);
}

extern const deixis_check check_attention_f32, check_binary_f32, check_conv_f32, check_conv_s8, check_depthwise_f32,
    check_depthwise_s8, check_gemm_f32, check_gemm_s8, check_layernorm_f32, check_normalize_u8, check_pool_f32,
    check_reduce_f32, check_resize_f32, check_softmax_f32, check_transpose, check_unary_f32;
extern const deixis_check check_attention_s8, check_layernorm_u8, check_pool_u8, check_quantize_u8, check_winograd_f32,
    check_letterbox_u8;

const deixis_check *deixis_checks(size_t *count) {
    const deixis_check *list[] = {&check_unary_f32, &check_binary_f32, &check_gemm_f32, &check_conv_f32, &check_gemm_s8,
        &check_conv_s8, &check_depthwise_f32, &check_depthwise_s8, &check_attention_f32, &check_softmax_f32,
        &check_layernorm_f32, &check_normalize_u8, &check_pool_f32, &check_resize_f32, &check_transpose,
        &check_reduce_f32, &check_quantize_u8, &check_layernorm_u8, &check_pool_u8, &check_attention_s8,
        &check_winograd_f32, &check_letterbox_u8};
    static deixis_check all[sizeof list / sizeof list[0]];
    *count = sizeof list / sizeof list[0];
    for (size_t i = 0; i < *count; i++) all[i] = *list[i];
    return all;
}
