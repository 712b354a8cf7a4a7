// Part and person of each pixel, row by row; there is a build for each set of vector instructions.
#pragma once

#include <cstdint>

namespace mmhparse {

// Of a square of four cells that disagree on their part.
constexpr std::uint8_t kUnsure = 255;

// Part logits on a grid of cells, with all cells of one class side by side, or all classes of one cell.
struct PartLogits {
  const float* values;
  std::int64_t classes, height, width;
  std::int64_t class_stride, cell_stride;  // from one class or cell to the next; one of them is 1
};

// The two cells around each pixel along one axis, and the weight of the second.
struct PixelAxis {
  const std::int64_t *low, *high;
  const float* share;
  std::int64_t count;

  // The end of the pixels from `begin` on, up to `end`, that lie between the same two cells.
  std::int64_t run(std::int64_t begin, std::int64_t end) const {
    std::int64_t next = begin + 1;
    while (next < end && low[next] == low[begin]) ++next;
    return next;
  }
};

// The parts of all pixels, from the logits, the part that each square of four cells agrees on, and the probability of
// each cell's part.
struct PartReading {
  PartLogits logits;
  const std::uint8_t* squares;  // (height, width)
  const float* certainty;       // (height, width)
  PixelAxis x, y;
};

// likeliest() writes the part of the cells begin to end - 1 and its probability, 0 for the background. read_parts()
// writes the parts of the rows begin to end - 1 of an image and their probabilities, (end - begin, W).
#define MMHPARSE_DECLARE(architecture)                                                                               \
  namespace architecture {                                                                                          \
  void likeliest(const PartLogits& logits, std::int64_t begin, std::int64_t end, std::uint8_t* part,                \
                 float* certainty);                                                                                 \
  void read_parts(const PartReading& reading, std::int64_t begin, std::int64_t end, std::uint8_t* part_map,         \
                  float* certainty);                                                                                \
  }
MMHPARSE_DECLARE(baseline)
MMHPARSE_DECLARE(avx2)
MMHPARSE_DECLARE(avx512)
#undef MMHPARSE_DECLARE

}  // namespace mmhparse
