#include "deixis.h"
#include "deixis_private.h"

#include <string.h>

// The binary interface is settled: programs built against one version run with the next.
_Static_assert(sizeof(deixis_status) == 4, "deixis_status is passed as a C int");
#if UINTPTR_MAX == UINT64_MAX
_Static_assert(sizeof(deixis_options) == 16, "deixis_options may only grow at its end");
_Static_assert(sizeof(deixis_image) == 24, "deixis_image has no size field: it cannot change");
_Static_assert(offsetof(deixis_grounding, tokens) == 56 && offsetof(deixis_grounding, tokens_unknown) == 80,
    "deixis_grounding may only grow at its end");
#endif

static _Thread_local char last_error[1024];

void deixis_set_last_error(const char *text, size_t count) {
    if (count > sizeof last_error - 1) {
        count = sizeof last_error - 1;
        // Not in the middle of a UTF-8 sequence.
        while (count > 0 && ((unsigned char)text[count] & 0xC0) == 0x80) count--;
    }
    memcpy(last_error, text, count);
    last_error[count] = 0;
}

const char *deixis_last_error(void) { return last_error; }

const char *deixis_version(void) { return "0.1.0"; }
