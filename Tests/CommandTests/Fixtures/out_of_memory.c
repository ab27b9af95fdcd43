// out_of_memory MODEL RAW WIDTH HEIGHT STRIDE STEP: refuses libdeixis one of its requests for memory, then that one and
// all after it, for every STEP-th request; prints how many there were and how many refusals ended a call. Compiled by
// LibraryMemoryTests.
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

/// Requests until one is refused; 0: none is.
static long until_refusal;
/// Whether all after it are refused too.
static int is_the_end;
static int was_refused;

static int is_refused(void) {
    if (until_refusal <= 0) return 0;
    if (until_refusal > 1) return until_refusal--, 0;
    if (!is_the_end) until_refusal = 0;
    return was_refused = 1;
}

// What libdeixis asks for weights, tables, activations, mapped files and Swift's own objects stands here before the C
// library's.
int posix_memalign(void **block, size_t alignment, size_t size) {
    if (is_refused()) return ENOMEM;
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

/// Loads, asks and frees with the refusals that are set up. Returns whether there was one.
static int ask(const char *path, const deixis_image *image, deixis_grounding *wanted, long request) {
    deixis_options options = {.size = sizeof options, .threads = 1};
    deixis_model *model = NULL;
    deixis_scene *scene = NULL;
    deixis_grounding found = {.size = sizeof found};
    was_refused = 0;
    until_refusal = request;
    if (succeeded(deixis_load(path, &options, &model), "loading", request)) {
        if (succeeded(deixis_ground(model, image, "red mug", &found), "grounding", request)) {
            if (request == 0) *wanted = found;
            expect(memcmp(&found.center_x, &wanted->center_x, 4 * sizeof(float)) == 0, "the same answer", request);
        }
        if (succeeded(deixis_scene_create(model, image, &scene), "a scene", request)) {
            succeeded(deixis_scene_ground(scene, "mug", &found), "asking the scene", request);
        }
        // There is memory again.
        until_refusal = 0;
        expect(deixis_ground(model, image, "red mug", &found) == DEIXIS_OK, "grounding afterwards", request);
        expect(
            memcmp(&found.center_x, &wanted->center_x, 4 * sizeof(float)) == 0, "the same answer afterwards", request);
    } else {
        expect(!model, "no model after a failure", request);
    }
    until_refusal = 0;
    deixis_scene_free(scene);
    deixis_free(model);
    return was_refused;
}

/// A picture and a sentence that are large where every request is refused, from one to another on: the call ends, with
/// an answer or without, and the next one has the answer.
static void ask_much(const char *path, const deixis_image *image) {
    enum { side = 11000, longest = 1 << 16 };
    static char sentence[(1 << 20) + 1];
    const deixis_image large = {.rgb = calloc((size_t)side * side, 3), .width = side, .height = side};
    deixis_options options = {.size = sizeof options, .threads = 1};
    deixis_model *model;
    deixis_grounding found = {.size = sizeof found}, wanted = found;
    expect(large.rgb != NULL, "a large picture", 0);
    expect(deixis_load(path, &options, &model) == DEIXIS_OK, "loading", 0);
    expect(deixis_ground(model, image, "red mug", &wanted) == DEIXIS_OK, "grounding", 0);
    // Letters with many accents: what each becomes is longest.
    for (size_t i = 0; i < sizeof sentence - 1; i++) sentence[i] = "a\xCC\x81\xCC\xA7\xCC\x81\xCC\xA7"[i % 9];
    expect(deixis_ground(model, image, sentence, &found) == DEIXIS_INVALID_ARGUMENT, "a sentence too long", 0);
    expect(strstr(deixis_last_error(), "more than 65536 bytes") != NULL, "words of its length", 0);
    expect(deixis_load(sentence, &options, &(deixis_model *){0}) == DEIXIS_CANNOT_READ, "a path too long", 0);
    sentence[longest] = 0;
    is_the_end = 1;
    for (long request = 1; request < 200; request = request < 4 ? request + 1 : request * 3) {
        const deixis_image *const images[] = {&large, image};
        for (int i = 0; i < 2; i++) {
            was_refused = 0;
            until_refusal = request;
            succeeded(deixis_ground(model, images[i], i == 0 ? "red mug" : sentence, &found), "much", request);
            until_refusal = 0;
            expect(deixis_ground(model, image, "red mug", &found) == DEIXIS_OK, "grounding afterwards", request);
            expect(
                memcmp(&found.center_x, &wanted.center_x, 4 * sizeof(float)) == 0, "the same answer afterwards",
                request);
        }
    }
    deixis_free(model);
    free((void *)large.rgb);
}

int main(int count, char **arguments) {
    if (count != 7) return 64;
    const long step = atol(arguments[6]);
    deixis_image image = {
        .width = atoi(arguments[3]), .height = atoi(arguments[4]), .stride = (size_t)atol(arguments[5])};
    size_t size = image.stride * (size_t)(image.height - 1) + (size_t)image.width * 3;
    uint8_t *pixels = malloc(size);
    FILE *file = fopen(arguments[2], "rb");
    expect(file && fread(pixels, 1, size, file) == size, "the picture", 0);
    fclose(file);
    image.rgb = pixels;

    deixis_grounding wanted = {.size = sizeof wanted};
    ask(arguments[1], &image, &wanted, 0);
    long request = 1;
    for (;; request += step) {
        is_the_end = 0;
        if (!ask(arguments[1], &image, &wanted, request)) break;
        is_the_end = 1;
        ask(arguments[1], &image, &wanted, request);
    }
    ask_much(arguments[1], &image);
    free(pixels);
    printf("%ld\n%ld\n", request, failures);
    return 0;
}
