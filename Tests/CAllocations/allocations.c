#define _GNU_SOURCE
#include "CAllocations.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// A sanitizer brings an allocator of its own, which nothing may stand before.
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define COUNTS 0
#else
#define COUNTS 1
#endif

bool allocations_are_counted(void) { return COUNTS; }
bool threads_are_sanitized(void) { return __has_feature(thread_sanitizer); }

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static atomic_bool counting;
static atomic_long count;
/// Blocks and mappings that were had and not given back.
static atomic_long live;
/// Large requests until one is refused; 0 and less: none is.
static atomic_long until_refusal;
static atomic_long refused;

static void note(void) {
    if (atomic_load_explicit(&counting, memory_order_relaxed))
        atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

void allocations_begin(void) {
    atomic_store(&count, 0);
    atomic_store(&counting, 1);
}

long allocations_end(void) {
    atomic_store(&counting, 0);
    return atomic_load(&count);
}

void allocations_refuse(long number) {
    atomic_store(&refused, 0);
    atomic_store(&until_refusal, number);
}

bool allocations_were_refused(void) {
    atomic_store(&until_refusal, 0);
    return atomic_load(&refused) > 0;
}

long allocations_live(void) { return atomic_load(&live); }

#if COUNTS

static void *had(void *block) {
    if (block) atomic_fetch_add_explicit(&live, 1, memory_order_relaxed);
    return block;
}

static bool is_refused(void) {
    if (atomic_load_explicit(&until_refusal, memory_order_relaxed) <= 0) return false;
    if (atomic_fetch_sub(&until_refusal, 1) != 1) return false;
    atomic_fetch_add(&refused, 1);
    return true;
}

void *malloc(size_t size) {
    note();
    return had(__libc_malloc(size));
}

void *calloc(size_t items, size_t size) {
    note();
    return had(__libc_calloc(items, size));
}

void *realloc(void *block, size_t size) {
    note();
    void *made = __libc_realloc(block, size);
    // A new block, or one given back.
    if (!block) had(made);
    else if (!made && size == 0) atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    return made;
}

void *aligned_alloc(size_t alignment, size_t size) {
    note();
    return had(__libc_memalign(alignment, size));
}

void free(void *block) {
    if (block) atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    __libc_free(block);
}

void *mmap(void *place, size_t size, int protection, int flags, int file, off_t offset) {
    if (is_refused()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void *made = (void *)syscall(SYS_mmap, place, size, protection, flags, file, offset);
    if (made != MAP_FAILED) had(made);
    return made;
}

int munmap(void *block, size_t size) {
    const int code = (int)syscall(SYS_munmap, block, size);
    if (code == 0) atomic_fetch_sub_explicit(&live, 1, memory_order_relaxed);
    return code;
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    note();
    if (alignment < sizeof(void *) || (alignment & (alignment - 1))) return EINVAL;
    if (alignment >= 64 && is_refused()) return ENOMEM;
    void *made = had(__libc_memalign(alignment, size));
    if (!made) return ENOMEM;
    *block = made;
    return 0;
}

#endif
