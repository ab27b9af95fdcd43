// libdeixis: point at what a sentence means. One picture and one sentence in, one box out.
//
//     deixis_model *model;
//     if (deixis_load("small.onnx", NULL, &model)) { puts(deixis_last_error()); return 1; }
//     deixis_image image = {.rgb = pixels, .width = 640, .height = 480};
//     deixis_grounding found = {.size = sizeof found};
//     if (deixis_ground(model, &image, "the red mug left of the laptop", &found))
//         puts(deixis_last_error());
//     else
//         printf("%.1f %.1f %.1f %.1f\n", found.x, found.y, found.width, found.height);
//     deixis_free(model);
//
// Needs libc alone. Prints nothing, never exits, starts no process. Any number of threads may call at once, for one
// model too: they share its weights, and each call has memory of its own. With `threads` at 1 each caller keeps to its
// core, which serves most answers a second. A call needs 64 KiB of its thread's stack.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A loaded model: weights packed, buffers planned.
typedef struct deixis_model deixis_model;

/// A picture that a model has looked at, to be asked many sentences.
typedef struct deixis_scene deixis_scene;

/// What a call returns: 0, or why not. `deixis_last_error` has the words.
typedef enum deixis_status {
    DEIXIS_OK = 0,
    /// A null pointer, an extent below 1 or above 262,144, a sentence of more than 65,536 bytes, a `size` field that
    /// this version does not know.
    DEIXIS_INVALID_ARGUMENT = 1,
    /// The file cannot be opened or mapped.
    DEIXIS_CANNOT_READ = 2,
    /// The file is no ONNX model, is damaged or uses what this runtime does not support; or a run met an index outside
    /// its axis.
    DEIXIS_INVALID_MODEL = 3,
    /// A sound ONNX model, but not one that grounds: inputs, outputs or metadata are not as formats/metadata.md says,
    /// or the vocabulary has more tokens than the table of word vectors.
    DEIXIS_NOT_A_GROUNDING_MODEL = 4,
    /// The sentence has no words.
    DEIXIS_EMPTY_SENTENCE = 5,
    /// The model answered with something that is no number, e.g. for NaN among its weights.
    DEIXIS_NOT_FINITE = 6,
    // 7 was for two calls at once, which are fine now.
    /// The deadline of the call passed; the model can be asked again.
    DEIXIS_TIMEOUT = 8,
    /// Memory that loading, planning or the call needs could not be had. The library goes on: 16 MiB of address space,
    /// untouched until then, are set aside for its way out.
    DEIXIS_OUT_OF_MEMORY = 9
} deixis_status;

/// How to load. Set `size` to sizeof(deixis_options) so that later versions may add fields; the rest zero means
/// defaults.
typedef struct deixis_options {
    size_t size;
    /// Threads for one call, this one included; 0: as many as there are usable cores.
    int32_t threads;
    /// Milliseconds one call may take, looked at between the network's steps; 0: as long as it needs.
    int32_t deadline_ms;
} deixis_options;

/// A picture in memory: rows of width * 3 bytes R G B from top to bottom. Borrowed during the call.
typedef struct deixis_image {
    const uint8_t *rgb;
    int32_t width;
    int32_t height;
    /// Bytes from one row to the next; 0 means width * 3.
    size_t stride;
} deixis_image;

/// The answer. Set `size` to sizeof(deixis_grounding) before the call.
typedef struct deixis_grounding {
    size_t size;
    /// In pixels of the picture as given, origin top left; inside the picture.
    double x, y, width, height;
    /// As the network said it: center and size in 0...1 of the letterboxed square.
    float center_x, center_y, box_width, box_height;
    /// Tokens used, [CLS] and [SEP] included, and word pieces that were cut off because the sentence was too long.
    int32_t tokens, tokens_dropped;
    /// Milliseconds: letterbox and tokenizer; network.
    double input_ms, network_ms;
    /// Words among the tokens that the model's vocabulary lacks; it cannot tell one from another. Structures that end
    /// before this field are taken too.
    int32_t tokens_unknown;
    /// The IoU with what was meant that is to be expected, 0...1; -1 where the model gives none. It lies where the
    /// structure was padding before: sizes of older headers are taken too.
    float score;
} deixis_grounding;

/// Loads a model file: ONNX, or what `deixis compile` made of one. It stays mapped and must keep its bytes while the
/// model lives; to replace it, rename another over it. `options` may be null. On failure `*model` is null.
deixis_status deixis_load(const char *path, const deixis_options *options, deixis_model **model);

/// Finds what `sentence` (UTF-8) points at. `*result` is untouched on failure.
deixis_status deixis_ground(
    deixis_model *model, const deixis_image *image, const char *sentence, deixis_grounding *result);

/// Looks at a picture once: the part of the work that does not depend on a sentence. The pixels are not needed
/// afterwards. On failure `*scene` is null.
deixis_status deixis_scene_create(deixis_model *model, const deixis_image *image, deixis_scene **scene);

/// `deixis_ground` for a picture already looked at: the same answer, to the bit, sooner. `input_ms` and `network_ms`
/// are this sentence's.
deixis_status deixis_scene_ground(deixis_scene *scene, const char *sentence, deixis_grounding *result);

/// Releases a scene; null is fine.
void deixis_scene_free(deixis_scene *scene);

/// Releases a model, when no call for it is under way; null is fine. Its scenes may go before or after; what they need
/// of it lives as long as they.
void deixis_free(deixis_model *model);

/// Why the last call of this thread failed, one line of UTF-8 valid until the next call of this thread; empty if none
/// has failed.
const char *deixis_last_error(void);

/// The library's version, e.g. "0.1.0".
const char *deixis_version(void);

#ifdef __cplusplus
}
#endif
