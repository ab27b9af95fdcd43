// Memory set aside for libdeixis, where `malloc`'s is at its end. Swift's own objects, strings and arrays cannot be
// refused: no memory ends the process. So posix_memalign and free of the library's Swift code come here (the linker's
// --wrap, tools/build-libdeixis), what the system refuses comes out of the reserve, and the thread remembers it:
// loading and planning ask `deixis_memory_is_short` after every node and give up with an error.
#include "CDeixisSystem.h"

static _Thread_local bool is_short;

bool deixis_memory_is_short(void) { return is_short; }
void deixis_forget_shortage(void) { is_short = false; }

#ifdef DEIXIS_RESERVE

#include <stdatomic.h>
#include <stdint.h>

// Address space until it is used. A part is taken from its begin to its end, and anew when all its blocks are gone; a
// block that stays for long keeps one part from that, not the others.
enum { part_size = 4 << 20, part_count = 4 };
static _Alignas(64) unsigned char reserve[part_count * part_size];
/// Blocks in use << 32 | bytes taken: one word, so that no thread sees one without the other.
static _Atomic uint64_t parts[part_count];

int __real_posix_memalign(void **block, size_t alignment, size_t size);
void __real_free(void *block);

int __wrap_posix_memalign(void **block, size_t alignment, size_t size) {
    const int error = __real_posix_memalign(block, alignment, size);
    if (!error || size > part_size || alignment > 64) return error;
    is_short = true;
    // At least one step, so that no block begins where its part ends.
    size = size ? (size + 63) & ~(size_t)63 : 64;
    for (int i = 0; i < part_count; i++) {
        uint64_t now = atomic_load(&parts[i]), taken;
        while ((taken = now >> 32 ? (uint32_t)now : 0) + size <= part_size) {
            if (!atomic_compare_exchange_weak(&parts[i], &now, ((now >> 32) + 1) << 32 | (taken + size))) continue;
            *block = &reserve[i * (size_t)part_size + taken];
            return 0;
        }
    }
    return error;
}

void __wrap_free(void *block) {
    const uintptr_t offset = (uintptr_t)block - (uintptr_t)reserve;
    if (offset >= sizeof reserve) __real_free(block);
    else atomic_fetch_sub(&parts[offset / part_size], (uint64_t)1 << 32);
}

#endif
