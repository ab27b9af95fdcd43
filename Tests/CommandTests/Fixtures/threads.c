// threads MODEL RAW WIDTH HEIGHT STRIDE SENTENCE...: many threads ask one model at once, load others, look at pictures
// and let go of them; then a child of a fork does the same. Every answer must be the first one's, to the bit. Compiled
// by LibraryTests.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deixis.h"

enum { callers = 8, turns = 60, most_sentences = 16 };

static const char *path;
static deixis_image image;
static char **sentences;
static int sentence_count;
static deixis_model *model;
static deixis_grounding expected[most_sentences];
static atomic_long asked, wrong;

static void compare(deixis_status status, const deixis_grounding *found, int which) {
    atomic_fetch_add(&asked, 1);
    if (status == DEIXIS_OK && memcmp(&found->center_x, &expected[which].center_x, 4 * sizeof(float)) == 0) return;
    if (atomic_fetch_add(&wrong, 1) < 5)
        fprintf(stderr, "sentence %d: status %d, %s\n", which, status, deixis_last_error());
}

static void ask(deixis_model *whom, int which) {
    deixis_grounding found = {.size = sizeof found};
    compare(deixis_ground(whom, &image, sentences[which], &found), &found, which);
}

static void *caller(void *number) {
    deixis_scene *scene = NULL;
    for (int turn = 0; turn < turns; turn++) {
        int which = (int)(((size_t)number + (size_t)turn) % (size_t)sentence_count);
        switch ((turn + (int)(size_t)number) % 5) {
        case 0: {
            deixis_model *own = NULL;
            deixis_options options = {.size = sizeof options, .threads = 1 + turn % 3};
            if (deixis_load(path, &options, &own) != DEIXIS_OK) atomic_fetch_add(&wrong, 1);
            else ask(own, which);
            deixis_free(own);
            break;
        }
        case 1:
            deixis_scene_free(scene);
            if (deixis_scene_create(model, &image, &scene) != DEIXIS_OK) atomic_fetch_add(&wrong, 1);
            break;
        case 2:
            if (scene) {
                deixis_grounding found = {.size = sizeof found};
                compare(deixis_scene_ground(scene, sentences[which], &found), &found, which);
            }
            break;
        default: ask(model, which);
        }
    }
    deixis_scene_free(scene);
    return NULL;
}

static void *run_callers(void *unused) {
    (void)unused;
    pthread_t threads[callers];
    int started = 0;
    while (started < callers && pthread_create(&threads[started], NULL, caller, (void *)(size_t)started) == 0)
        started++;
    for (int i = 0; i < started; i++) pthread_join(threads[i], NULL);
    if (started < callers) atomic_fetch_add(&wrong, 1);
    return NULL;
}

/// What a child of this process, forked while other threads ask, is left with: it asks, loads and frees, and ends.
static int child_is_well(void) {
    pid_t child = fork();
    if (child == 0) {
        // A child that hangs is ended, whatever signals this process was started with.
        sigset_t alarms;
        sigemptyset(&alarms);
        sigaddset(&alarms, SIGALRM);
        signal(SIGALRM, SIG_DFL);
        sigprocmask(SIG_UNBLOCK, &alarms, NULL);
        alarm(60);
        for (int i = 0; i < sentence_count; i++) ask(model, i);
        caller((void *)1);
        deixis_free(model);
        _exit(atomic_load(&wrong) ? 1 : 0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

int main(int count, char **arguments) {
    if (count < 7 || count - 6 > most_sentences) return 64;
    path = arguments[1];
    image =
        (deixis_image){.width = atoi(arguments[3]), .height = atoi(arguments[4]), .stride = (size_t)atoi(arguments[5])};
    size_t size = image.stride * (size_t)image.height;
    unsigned char *pixels = malloc(size);
    FILE *file = fopen(arguments[2], "rb");
    if (!file || !pixels || fread(pixels, 1, size, file) != size) return 66;
    fclose(file);
    image.rgb = pixels;
    sentences = arguments + 6;
    sentence_count = count - 6;
    deixis_options options = {.size = sizeof options, .threads = 2};
    if (deixis_load(path, &options, &model) != DEIXIS_OK) return fprintf(stderr, "%s\n", deixis_last_error()), 65;
    for (int i = 0; i < sentence_count; i++) {
        expected[i] = (deixis_grounding){.size = sizeof expected[i]};
        if (deixis_ground(model, &image, sentences[i], &expected[i]) != DEIXIS_OK)
            return fprintf(stderr, "%s\n", deixis_last_error()), 65;
    }
    run_callers(NULL);
    // While the callers of one more round are at it.
    pthread_t busy;
    int isBusy = pthread_create(&busy, NULL, run_callers, NULL) == 0;
    for (int i = 0; i < 5; i++) {
        if (!child_is_well()) return fprintf(stderr, "a child of a fork failed or did not end\n"), 2;
    }
    if (isBusy) pthread_join(busy, NULL);
    deixis_free(model);
    free(pixels);
    printf("%ld answers, %ld wrong\n", atomic_load(&asked), atomic_load(&wrong));
    return atomic_load(&wrong) ? 1 : 0;
}
