// Every kernel family checked against its reference, variant by variant. In C, so that the same checks run in the Swift
// tests, as a bare program under an emulator of another CPU, and under sanitizers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum deixis_outcome {
    DEIXIS_PASSED = 0,
    DEIXIS_FAILED = 1,
    /// This CPU lacks the variant's instructions: nothing was run.
    DEIXIS_SKIPPED = 2,
} deixis_outcome;

typedef struct deixis_check {
    const char *family;
    size_t (*variants)(void);
    const char *(*name)(size_t variant);
    uint32_t (*isa)(size_t variant);
    /// Runs the variant where the CPU can. `message` says what differs, or what the CPU lacks.
    deixis_outcome (*run)(size_t variant, char *message, size_t capacity);
} deixis_check;

const deixis_check *deixis_checks(size_t *count);

/// Whether this CPU (or DEIXIS_ISA) lacks some of `isa`; `message` then names it.
bool check_lacks(uint32_t isa, char *message, size_t capacity);
