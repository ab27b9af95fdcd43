// out_of_memory MODEL RAW WIDTH HEIGHT STRIDE: refuses libdeixis each of its requests for memory in turn, and prints
// how many there were and how many of them ended a call. Compiled by LibraryMemoryTests.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "deixis.h"

extern void *__libc_memalign(size_t, size_t);

/// Requests until one is refused; 0 and less: none is.
static long until_refusal;
static int was_refused;

static int is_refused(void) {
    if (until_refusal <= 0 || --until_refusal > 0) return 0;
    return was_refused = 1;
}

// What libdeixis asks for weights, tables, activations and mapped files stands here before the C library's.
int posix_memalign(void **block, size_t alignment, size_t size) {
    // Whole cache lines: Swift's own objects are aligned to less, and their absence ends a process whatever it does.
    if (alignment >= 64 && is_refused()) return ENOMEM;
    *block = __libc_memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

void *mmap(void *place, size_t size, int protection, int flags, int file, off_t offset) {
    if (is_refused()) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    return (void *)syscall(SYS_mmap, place, size, protection, flags, file, offset);
}

static void expect(int condition, const char *what, long request) {
    if (condition) return;
    fprintf(stderr, "failed: %s at request %ld (last error: %s)\n", what, request, deixis_last_error());
    exit(1);
}

static long failures;

/// Whether the call succeeded; a failure must be that of memory, in words too.
static int succeeded(deixis_status status, const char *what, long request) {
    if (status == DEIXIS_OK) return 1;
    expect(was_refused, "an error although nothing was refused", request);
    expect(status == DEIXIS_OUT_OF_MEMORY, what, request);
    expect(strstr(deixis_last_error(), "memory") != NULL, "words of memory", request);
    failures++;
    return 0;
}

int main(int count, char **arguments) {
    if (count != 6) return 64;
    deixis_image image = {
        .width = atoi(arguments[3]), .height = atoi(arguments[4]), .stride = (size_t)atol(arguments[5])};
    size_t size = image.stride * (size_t)(image.height - 1) + (size_t)image.width * 3;
    uint8_t *pixels = malloc(size);
    FILE *file = fopen(arguments[2], "rb");
    expect(file && fread(pixels, 1, size, file) == size, "the picture", 0);
    fclose(file);
    image.rgb = pixels;

    deixis_grounding wanted = {.size = sizeof wanted};
    long request = 0;
    for (;; request++) {
        deixis_options options = {.size = sizeof options, .threads = 1};
        deixis_model *model = NULL;
        deixis_scene *scene = NULL;
        deixis_grounding found = {.size = sizeof found};
        was_refused = 0;
        until_refusal = request;
        if (succeeded(deixis_load(arguments[1], &options, &model), "loading", request)) {
            if (succeeded(deixis_ground(model, &image, "red mug", &found), "grounding", request)) {
                if (request == 0) wanted = found;
                expect(memcmp(&found.center_x, &wanted.center_x, 4 * sizeof(float)) == 0, "the same answer", request);
            }
            if (succeeded(deixis_scene_create(model, &image, &scene), "a scene", request)) {
                succeeded(deixis_scene_ground(scene, "mug", &found), "asking the scene", request);
            }
            // There is memory again.
            until_refusal = 0;
            expect(deixis_ground(model, &image, "red mug", &found) == DEIXIS_OK, "grounding afterwards", request);
            expect(memcmp(&found.center_x, &wanted.center_x, 4 * sizeof(float)) == 0, "the same answer afterwards",
                request);
        } else {
            expect(!model, "no model after a failure", request);
        }
        deixis_scene_free(scene);
        deixis_free(model);
        if (request > 0 && !was_refused) break;
    }
    free(pixels);
    printf("%ld\n%ld\n", request - 1, failures);
    return 0;
}
