#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include "include/CDeixisTensor.h"

// Below this, the C library's heap; from here on, a mapping: it goes back to the system when freed and may use huge pages.
#define MAPPED ((size_t)4 << 20)

void *dxt_allocate(size_t bytes) {
  if (bytes < MAPPED) {
    void *memory = NULL;
    return posix_memalign(&memory, 64, bytes ? bytes : 64) == 0 ? memory : NULL;
  }
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return NULL;
#ifdef MADV_HUGEPAGE
  madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

void dxt_free(void *memory, size_t bytes) {
  if (!memory) return;
  if (bytes < MAPPED) free(memory);
  else munmap(memory, bytes);
}
