// Every kernel family checked against its reference, variant by variant. In C, so that the same checks run in the Swift tests, as a bare
// program under an emulator of another CPU, and under sanitizers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct deixis_check {
    const char *family;
    size_t (*variants)(void);
    const char *(*name)(size_t variant);
    uint32_t (*isa)(size_t variant);
    /// True when the variant passes; else `message` says what differs. The caller makes sure that the CPU has the variant's ISA.
    bool (*run)(size_t variant, char *message, size_t capacity);
} deixis_check;

const deixis_check *deixis_checks(size_t *count);
