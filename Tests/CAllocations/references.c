#define _GNU_SOURCE
#include "CAllocations.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

// Before Swift's own functions, which these call. They keep all registers, as Swift expects of them.
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define COUNTS 0
#else
#define COUNTS 1
#endif

enum { most_threads = 8, most_objects = 1 << 13 };
/// The objects whose references a thread counted; 0 ends the list.
static uintptr_t objects[most_threads][most_objects];
static atomic_int threads, generation;
static atomic_bool counting;
static _Thread_local int own = -1, own_generation;

void references_begin(void) {
    for (int i = 0; i < most_threads; i++) {
        for (int j = 0; j < most_objects; j++) objects[i][j] = 0;
    }
    atomic_store(&threads, 0);
    atomic_fetch_add(&generation, 1);
    atomic_store(&counting, true);
}

references references_end(void) {
    atomic_store(&counting, false);
    references result = {atomic_load(&threads), 0, 0};
    for (int i = 0; i < most_threads; i++) {
        for (int k = 0; k < most_objects; k++) {
            if (!objects[i][k]) continue;
            result.counted++;
            bool elsewhere = false;
            for (int j = 0; j < i && !elsewhere; j++) {
                for (int l = 0; l < most_objects && !elsewhere; l++) elsewhere = objects[j][l] == objects[i][k];
            }
            result.shared += elsewhere;
        }
    }
    return result;
}

#if COUNTS

static void note(const void *object) {
    if (!atomic_load_explicit(&counting, memory_order_relaxed) || !object) return;
    const int now = atomic_load_explicit(&generation, memory_order_relaxed);
    if (own_generation != now) {
        own_generation = now;
        own = atomic_fetch_add(&threads, 1);
    }
    if (own >= most_threads) return;
    const uintptr_t address = (uintptr_t)object;
    for (size_t i = 0; i < most_objects; i++) {
        uintptr_t *at = &objects[own][(address * 0x9E3779B97F4A7C15 >> 40) + i & (most_objects - 1)];
        if (*at == address) return;
        if (*at) continue;
        *at = address;
        return;
    }
}

typedef void *(*counting_function)(void *) __attribute__((preserve_most));

static counting_function find(_Atomic(counting_function) *known, const char *name) {
    counting_function function = atomic_load_explicit(known, memory_order_relaxed);
    if (function) return function;
    function = (counting_function)dlsym(RTLD_NEXT, name);
    if (!function) abort();
    atomic_store_explicit(known, function, memory_order_relaxed);
    return function;
}

__attribute__((preserve_most)) void *swift_retain(void *object) {
    static _Atomic(counting_function) known;
    note(object);
    return find(&known, "swift_retain")(object);
}

__attribute__((preserve_most)) void *swift_release(void *object) {
    static _Atomic(counting_function) known;
    note(object);
    return find(&known, "swift_release")(object);
}

#endif
