// ground LIBRARY-MODEL RAW WIDTH HEIGHT STRIDE SENTENCE: prints what libdeixis finds, one number a line. Compiled by
// LibraryTests.
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deixis.h"

static void expect(int condition, const char *what) {
    if (condition) return;
    fprintf(stderr, "failed: %s (last error: %s)\n", what, deixis_last_error());
    exit(1);
}

/// Every misuse is refused with a status and words, and leaves the model usable.
static void misuse(deixis_model *model, const deixis_image *image) {
    deixis_grounding found = {.size = sizeof found, .x = -7};
    expect(deixis_ground(NULL, image, "mug", &found) == DEIXIS_INVALID_ARGUMENT, "null model");
    expect(strcmp(deixis_last_error(), "deixis_ground: model is null") == 0, "words for a null model");
    expect(deixis_ground(model, NULL, "mug", &found) == DEIXIS_INVALID_ARGUMENT, "null image");
    expect(deixis_ground(model, image, NULL, &found) == DEIXIS_INVALID_ARGUMENT, "null sentence");
    expect(deixis_ground(model, image, "mug", NULL) == DEIXIS_INVALID_ARGUMENT, "null result");
    deixis_image bad = *image;
    bad.rgb = NULL;
    expect(deixis_ground(model, &bad, "mug", &found) == DEIXIS_INVALID_ARGUMENT, "null pixels");
    bad = *image;
    bad.width = 0;
    expect(deixis_ground(model, &bad, "mug", &found) == DEIXIS_INVALID_ARGUMENT, "no width");
    bad = *image;
    bad.height = -1;
    expect(deixis_ground(model, &bad, "mug", &found) == DEIXIS_INVALID_ARGUMENT, "negative height");
    bad = *image;
    bad.stride = (size_t)image->width * 3 - 1;
    expect(deixis_ground(model, &bad, "mug", &found) == DEIXIS_INVALID_ARGUMENT, "rows that overlap");
    bad.stride = (size_t)-1;
    expect(deixis_ground(model, &bad, "mug", &found) == DEIXIS_INVALID_ARGUMENT, "rows beyond all memory");
    deixis_grounding unknown = {.size = 3};
    expect(deixis_ground(model, image, "mug", &unknown) == DEIXIS_INVALID_ARGUMENT, "unknown size");
    expect(deixis_ground(model, image, " ", &found) == DEIXIS_EMPTY_SENTENCE, "empty sentence");
    expect(deixis_ground(model, image, "\xff\xfe", &found) == DEIXIS_EMPTY_SENTENCE, "a sentence that is no UTF-8");
    expect(found.x == -7, "a result untouched by failures");

    deixis_model *other = (deixis_model *)1;
    expect(deixis_load("/no/such/file.onnx", NULL, &other) == DEIXIS_CANNOT_READ && !other, "missing file");
    expect(strcmp(deixis_last_error(), "/no/such/file.onnx: cannot be opened: No such file or directory") == 0,
        "words for it");
    expect(deixis_load(NULL, NULL, &other) == DEIXIS_INVALID_ARGUMENT, "null path");
    expect(deixis_load("x", NULL, NULL) == DEIXIS_INVALID_ARGUMENT, "null place for the model");
    expect(deixis_load(__FILE__, NULL, &other) == DEIXIS_INVALID_MODEL && !other, "a file that is no model");
    deixis_options options = {.size = 1};
    expect(deixis_load("x", &options, &other) == DEIXIS_INVALID_ARGUMENT, "options of an unknown size");
    options = (deixis_options){.size = sizeof options, .threads = -1};
    expect(deixis_load("x", &options, &other) == DEIXIS_INVALID_ARGUMENT, "negative threads");
    deixis_free(NULL);

    deixis_scene *scene = (deixis_scene *)1;
    expect(deixis_scene_create(NULL, image, &scene) == DEIXIS_INVALID_ARGUMENT && !scene, "a scene of no model");
    expect(strcmp(deixis_last_error(), "deixis_scene_create: model is null") == 0, "words for it");
    expect(deixis_scene_create(model, NULL, &scene) == DEIXIS_INVALID_ARGUMENT, "a scene of no picture");
    expect(deixis_scene_create(model, &bad, &scene) == DEIXIS_INVALID_ARGUMENT, "a scene of a bad picture");
    expect(deixis_scene_create(model, image, NULL) == DEIXIS_INVALID_ARGUMENT, "no place for the scene");
    expect(deixis_scene_ground(NULL, "mug", &found) == DEIXIS_INVALID_ARGUMENT, "null scene");
    deixis_scene_free(NULL);
}

/// A scene answers as `deixis_ground` did, to the bit, also after other pictures and after its model was freed.
static void scenes(
    deixis_model *model, const deixis_image *image, const char *sentence, const deixis_grounding *wanted) {
    deixis_image smaller = *image;
    smaller.height = (image->height + 1) / 2;
    deixis_scene *scene = NULL, *other = NULL;
    expect(deixis_scene_create(model, image, &scene) == DEIXIS_OK && scene, "a scene");
    expect(deixis_scene_create(model, &smaller, &other) == DEIXIS_OK && other, "another");
    for (int i = 0; i < 4; i++) {
        deixis_grounding found = {.size = sizeof found}, ignored = {.size = sizeof ignored};
        if (i == 3) deixis_free(model);
        expect(deixis_scene_ground(scene, sentence, &found) == DEIXIS_OK, "asking it");
        expect(found.x == wanted->x && found.y == wanted->y && found.width == wanted->width &&
                found.height == wanted->height,
            "the same box");
        expect(found.center_x == wanted->center_x && found.box_height == wanted->box_height &&
                found.tokens == wanted->tokens,
            "the same answer");
        expect(deixis_scene_ground(scene, " ", &found) == DEIXIS_EMPTY_SENTENCE, "an empty sentence");
        expect(deixis_scene_ground(other, "mug", &ignored) == DEIXIS_OK, "asking the other");
        if (i < 3) expect(deixis_ground(model, &smaller, "red", &ignored) == DEIXIS_OK, "grounding between");
    }
    deixis_scene_free(other);
    deixis_scene_free(scene);
}

/// Words that the vocabulary lacks are counted; a caller who does not know that field yet is served without it.
static void unknown_words(deixis_model *model, const deixis_image *image) {
    deixis_grounding found = {.size = sizeof found, .tokens_unknown = -7};
    expect(deixis_ground(model, image, "zebra mug quux", &found) == DEIXIS_OK && found.tokens_unknown == 2,
        "two unknown words");
    expect(found.score == -1, "a model that gives no score");
    expect(deixis_ground(model, image, "red mug", &found) == DEIXIS_OK && found.tokens_unknown == 0, "no unknown word");
    deixis_grounding old = {.size = offsetof(deixis_grounding, tokens_unknown), .tokens_unknown = -7};
    expect(deixis_ground(model, image, "zebra mug quux", &old) == DEIXIS_OK && old.tokens == 5,
        "a structure of the first version");
    expect(old.tokens_unknown == -7, "nothing written behind it");
    deixis_grounding between = {.size = old.size + 1};
    expect(deixis_ground(model, image, "mug", &between) == DEIXIS_INVALID_ARGUMENT, "a size that no version had");
}

/// A child may ask, load and free what its parent loaded, whose threads it has not.
static void forks(const char *path, const deixis_image *image, const char *sentence, const deixis_grounding *wanted) {
    deixis_model *model = NULL;
    deixis_options options = {.size = sizeof options, .threads = 5000};
    expect(deixis_load(path, &options, &model) == DEIXIS_INVALID_ARGUMENT && !model, "5000 threads");
    expect(
        strstr(deixis_last_error(), "5000 threads cannot be started: at most 1024") != NULL, "5000 threads, in words");
    options.threads = 3;
    expect(deixis_load(path, &options, &model) == DEIXIS_OK, "loading for three threads");
    pid_t child = fork();
    if (child == 0) {
        alarm(60);  // a hang ends it
        for (int i = 0; i < 2; i++) {
            deixis_grounding found = {.size = sizeof found};
            expect(deixis_ground(model, image, sentence, &found) == DEIXIS_OK, "asking in a child");
            expect(memcmp(&found.center_x, &wanted->center_x, 4 * sizeof(float)) == 0, "the same answer in a child");
            deixis_free(model);
            if (i == 0) expect(deixis_load(path, &options, &model) == DEIXIS_OK, "loading in a child");
        }
        _exit(0);
    }
    int status = -1;
    expect(waitpid(child, &status, 0) == child && status == 0, "the child");
    deixis_free(model);
}

/// Rounding down, up and to zero, and exceptions that trap: the host's mode does not reach answers, and is there afterwards.
static void float_modes(
    const char *path, const deixis_image *image, const char *sentence, const deixis_grounding *expected) {
#if defined(__x86_64__)
    const unsigned modes[] = {0x3F80, 0x5F80, 0x7F80, 0x0000}, before = __builtin_ia32_stmxcsr();
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        deixis_model *model = NULL;
        deixis_grounding found = {.size = sizeof found};
        __builtin_ia32_ldmxcsr(modes[i]);
        const deixis_status loaded = deixis_load(path, NULL, &model);
        const deixis_status status = loaded ? loaded : deixis_ground(model, image, sentence, &found);
        const unsigned after = __builtin_ia32_stmxcsr();
        __builtin_ia32_ldmxcsr(before);
        expect(status == DEIXIS_OK, "grounding in another floating-point mode");
        expect((after & ~0x3Fu) == modes[i], "the host's mode afterwards");
        expect(found.center_x == expected->center_x && found.center_y == expected->center_y &&
                found.box_width == expected->box_width && found.box_height == expected->box_height,
            "the same box in every mode");
        deixis_free(model);
    }
#else
    (void)path, (void)image, (void)sentence, (void)expected;
#endif
}

int main(int count, char **arguments) {
    if (count != 7) return 64;
    deixis_image image = {
        .width = atoi(arguments[3]), .height = atoi(arguments[4]), .stride = (size_t)atol(arguments[5])};
    // Exactly as many bytes as the rows span, so that a checker sees one byte too far.
    size_t size = image.stride * (size_t)(image.height - 1) + (size_t)image.width * 3;
    uint8_t *pixels = malloc(size);
    FILE *file = fopen(arguments[2], "rb");
    expect(file && fread(pixels, 1, size, file) == size, "the picture");
    fclose(file);
    image.rgb = pixels;

    deixis_model *model = NULL;
    deixis_options hurried = {.size = sizeof hurried, .deadline_ms = -1};
    expect(deixis_load(arguments[1], &hurried, &model) == DEIXIS_INVALID_ARGUMENT, "a deadline below 0");
    deixis_options options = {.size = sizeof options, .threads = 1, .deadline_ms = 60000};
    expect(deixis_load(arguments[1], &options, &model) == DEIXIS_OK, "loading");
    misuse(model, &image);
    deixis_grounding found = {.size = sizeof found};
    expect(deixis_ground(model, &image, arguments[6], &found) == DEIXIS_OK, "grounding");
    printf("%.17g\n%.17g\n%.17g\n%.17g\n", found.x, found.y, found.width, found.height);
    printf("%.9g\n%.9g\n%.9g\n%.9g\n", found.center_x, found.center_y, found.box_width, found.box_height);
    printf("%d\n%d\n", found.tokens, found.tokens_dropped);
    expect(found.input_ms > 0 && found.network_ms > 0, "times");
    unknown_words(model, &image);
    // Frees the model.
    scenes(model, &image, arguments[6], &found);
    forks(arguments[1], &image, arguments[6], &found);
    float_modes(arguments[1], &image, arguments[6], &found);
    free(pixels);

    // Loading and freeing again and again must not gather memory; a leak of one arena a time would be seen by whoever
    // runs this longer.
    for (int i = 0; i < 20; i++) {
        expect(deixis_load(arguments[1], NULL, &model) == DEIXIS_OK, "loading again");
        deixis_free(model);
    }
    return 0;
}
