// Block sizes of products and convolutions, in proportion to the caches between bounds beyond which nothing is gained.
//
// What they are worth, blocks for L2 of 256 KiB against those for its own 1 MiB on a Zen 4 (tools/bench-kernels
// --caches 32 256): products of floats 3 to 4%, most of it by the depth; of bytes less than 1%.
#pragma once

#include "deixis/caches.h"

static inline size_t deixis_within(size_t value, size_t least, size_t most) {
    return value < least ? least : value > most ? most : value;
}

/// Rows of `bytes` bytes each that fill half of the L2 cache, where they stay while panels pass by; whole tiles of `mr`
/// rows.
static inline size_t deixis_block_rows(deixis_caches caches, size_t bytes, size_t mr, size_t most) {
    const size_t rows = deixis_within(caches.l2 / 2 / (bytes + 1), 8 * mr, most);
    return rows - rows % mr;
}

/// Steps of k that a tile of floats takes before the next one begins: a slice of a panel that deep, a quarter of the L2
/// cache at 64 columns, stays there over a block of rows.
static inline size_t deixis_block_depth(deixis_caches caches) { return deixis_within(caches.l2 / 1024, 256, 1024); }

/// Pixels of a convolution whose weights do not stay in the L2 cache and come by once a block: 288 for 1 MiB.
static inline size_t deixis_block_pixels(deixis_caches caches) {
    return deixis_within(caches.l2 / 3640 / 24 * 24, 96, 576);
}
/// Pixels where weights do stay: what they read does too, in the L1 cache. 96 for 32 KiB.
static inline size_t deixis_block_pixels_near(deixis_caches caches) {
    return deixis_within(caches.l1 / 341 / 24 * 24, 48, 192);
}
