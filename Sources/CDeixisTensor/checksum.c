#include <string.h>
#include "include/CDeixisTensor.h"

uint64_t dxt_checksum(const void *bytes, size_t count) {
  const uint64_t prime = 0x100000001B3ull;
  const unsigned char *p = bytes;
  uint64_t lanes[8];
  for (int i = 0; i < 8; i++) lanes[i] = 0xCBF29CE484222325ull + (uint64_t)i;
  size_t word = 0;
  const size_t whole = count / 8;
  for (; word + 8 <= whole; word += 8)
    for (int i = 0; i < 8; i++) {
      uint64_t w;
      memcpy(&w, p + 8 * (word + (size_t)i), 8);
      lanes[i] = (lanes[i] ^ w) * prime;
    }
  for (; word < whole + (count % 8 ? 1 : 0); word++) {
    uint64_t w = 0;
    const size_t left = count - 8 * word;
    memcpy(&w, p + 8 * word, left < 8 ? left : 8);
    lanes[word % 8] = (lanes[word % 8] ^ w) * prime;
  }
  uint64_t r = count;
  for (int i = 0; i < 8; i++) r = (r ^ lanes[i]) * prime;
  return r ^ (r >> 32);
}
