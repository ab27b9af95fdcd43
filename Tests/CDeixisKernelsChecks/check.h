// Tools of the checks: random numbers, buffers between guards, comparison.
#pragma once

#include "CDeixisKernels.h"
#include "CDeixisKernelsChecks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct check {
    uint64_t seed;
    char *message;      // first failure
    size_t capacity;
    bool failed;
    unsigned buffers;
} check;

__attribute__((format(printf, 2, 3))) void check_fail(check *c, const char *format, ...);

uint32_t check_random(check *c);
/// Uniform in [low, high).
float check_uniform(check *c, float low, float high);
/// One of the given numbers.
size_t check_pick(check *c, size_t count, const size_t *values);

/// Caches of some machine, so that blocks are small and large.
deixis_caches check_caches(check *c);

/// Memory that ends (or, every other time, starts) at a page that must not be touched; the rest of its pages holds a
/// pattern.
typedef struct buffer {
    char *data;
    size_t size;
    char *pages;
    size_t mapped;
    bool front;
} buffer;
buffer check_bytes(check *c, size_t size);
/// Reports writes outside, then frees.
void check_release(check *c, buffer *b, const char *what);

static inline float *floats(buffer b) { return (float *)(void *)b.data; }
/// `count` floats, uniform in [low, high).
buffer check_floats(check *c, size_t count, float low, float high);

/// NaN equals NaN; else |got - want| <= bound, infinities exactly. `what` and `at` name the place.
bool check_close(check *c, float got, double want, double bound, const char *what, size_t at);

/// Distance of got from the exact value in units in the last place of a float that size.
double check_ulps(float got, double want);

#define CHECK_FAMILY(suffix) \
    static size_t variants_of(void) { \
        size_t count; \
        deixis_##suffix##_variants(&count); \
        return count; \
    } \
    static const char *name_of(size_t variant) { \
        size_t count; \
        return deixis_##suffix##_variants(&count)[variant].name; \
    } \
    static uint32_t isa_of(size_t variant) { \
        size_t count; \
        return deixis_##suffix##_variants(&count)[variant].isa; \
    } \
    static void verify(check *c, const deixis_##suffix *kernel, const deixis_##suffix *reference); \
    static deixis_outcome run(size_t variant, char *message, size_t capacity) { \
        size_t count; \
        const deixis_##suffix *all = deixis_##suffix##_variants(&count); \
        if (check_lacks(all[variant].isa, message, capacity)) return DEIXIS_SKIPPED; \
        check c = {.seed = 88172645463325252u, .message = message, .capacity = capacity}; \
        verify(&c, &all[variant], &all[count - 1]); \
        return c.failed ? DEIXIS_FAILED : DEIXIS_PASSED; \
    } \
    const deixis_check check_##suffix = {#suffix, variants_of, name_of, isa_of, run};
