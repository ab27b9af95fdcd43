#define _POSIX_C_SOURCE 200809L
#include "CDeixisSystem.h"

#include <errno.h>
#include <string.h>

size_t deixis_error_text(int code, char *buffer, size_t capacity) {
    if (capacity == 0) return 0;
    if (strerror_r(code, buffer, capacity) != 0 && buffer[0] == 0) strncpy(buffer, "unknown error", capacity);
    buffer[capacity - 1] = 0;
    return strlen(buffer);
}

bool deixis_error_is_memory(int code) { return code == ENOMEM; }
bool deixis_error_is_shortage(int code) { return code == ENOMEM || code == EAGAIN; }
