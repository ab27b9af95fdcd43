#include "CDeixisSystem.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
// What has happened so far; flush to zero, denormals are zero; to nearest, no event traps.
enum { events = 0x3F, flush = 0x8040, nearest = 0x1F80 };
static uint64_t get(void) { return _mm_getcsr(); }
static void set(uint64_t mode) { _mm_setcsr((uint32_t)mode); }
#elif defined(__aarch64__)
enum { events = 0, flush = 1 << 24, nearest = 0 };      // FZ does both
static uint64_t get(void) {
    uint64_t mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    return mode;
}
static void set(uint64_t mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#else
enum { events = 0, flush = 0, nearest = 0 };
static uint64_t get(void) { return 0; }
static void set(uint64_t mode) { (void)mode; }
#endif

uint64_t deixis_float_mode(void) { return get() & ~(uint64_t)events; }

void deixis_set_float_mode(uint64_t mode) {
    uint64_t now = get();
    if ((now & ~(uint64_t)events) != mode) set(mode | (now & events));
}

uint64_t deixis_flushing_float_mode(uint64_t mode) { return mode | flush; }
uint64_t deixis_nearest_float_mode(uint64_t mode) { return (mode & flush) | nearest; }
