// soak MODEL THREADS ANSWERS SECONDS FLUSH: one question again and again must get one answer, to the bit. Ends after
// ANSWERS, or after SECONDS where ANSWERS is 0. With FLUSH every second round (100 answers or a second) is asked with
// subnormal numbers taken as zero on the asking thread. Says each minute how far it has come. tools/soak builds and runs
// it.
#define _POSIX_C_SOURCE 200809L
#include "deixis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
static void flush_subnormals(int on) { _mm_setcsr(on ? _mm_getcsr() | 0x8040 : _mm_getcsr() & ~0x8040u); }
#elif defined(__aarch64__)
static void flush_subnormals(int on) {
    unsigned long mode;
    __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
    mode = on ? mode | 1ul << 24 : mode & ~(1ul << 24);
    __asm__ volatile("msr fpcr, %0" : : "r"(mode));
}
#endif

enum { width = 320, height = 240, answer_bytes = 4 * sizeof(float) };
static unsigned char pixels[width * height * 3];

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void fail(void) {
    fprintf(stderr, "soak: %s\n", deixis_last_error());
    exit(70);
}

static deixis_grounding ask(deixis_model *model) {
    const deixis_image image = {.rgb = pixels, .width = width, .height = height};
    deixis_grounding found = {.size = sizeof found};
    if (deixis_ground(model, &image, "the red circle left of the star", &found)) fail();
    return found;
}

int main(int count, char **arguments) {
    if (count != 6) return fprintf(stderr, "soak MODEL THREADS ANSWERS SECONDS FLUSH\n"), 64;
    const deixis_options options = {.size = sizeof options, .threads = atoi(arguments[2])};
    const long answers = atol(arguments[3]);
    const double most = atof(arguments[4]);
    const int flush = atoi(arguments[5]);
    unsigned noise = 1;
    for (int i = 0; i < width * height * 3; i++) {
        noise = noise * 1664525 + 1013904223;
        pixels[i] = (unsigned char)(i / 3 % width / 2 + (int)(noise >> 28));
    }
    deixis_model *model;
    if (deixis_load(arguments[1], &options, &model)) fail();
    const deixis_grounding first = ask(model);
    long asked[2] = {0, 0}, differing[2] = {0, 0};
    double spent[2] = {0, 0}, said = seconds();
    while (answers ? asked[0] + asked[1] < answers : spent[0] + spent[1] < most) {
        for (int flushing = 0; flushing <= flush; flushing++) {
            flush_subnormals(flushing);
            const double start = seconds();
            for (int i = 0; i < 100 && seconds() - start < 1 && !(answers && asked[0] + asked[1] == answers); i++) {
                const deixis_grounding found = ask(model);
                asked[flushing]++;
                if (memcmp(&found.center_x, &first.center_x, answer_bytes) && differing[flushing]++ < 3)
                    printf("answer %ld: %.9g %.9g %.9g %.9g, the first was %.9g %.9g %.9g %.9g\n", asked[flushing],
                        found.center_x, found.center_y, found.box_width, found.box_height, first.center_x,
                        first.center_y, first.box_width, first.box_height);
            }
            spent[flushing] += seconds() - start;
        }
        flush_subnormals(0);
        if (seconds() - said > 60) {
            said = seconds();
            fprintf(stderr, "soak: %s, %s threads: %ld answers, %ld differ\n", arguments[1], arguments[2],
                asked[0] + asked[1], differing[0] + differing[1]);
        }
    }
    deixis_free(model);
    for (int flushing = 0; flushing <= flush; flushing++)
        printf("%s, %s threads%s: %ld of %ld answers differ, %.0f a second\n", arguments[1], arguments[2],
            flushing ? ", subnormals as zero" : "", differing[flushing], asked[flushing],
            (double)asked[flushing] / spent[flushing]);
    return differing[0] ? 1 : 0;
}
