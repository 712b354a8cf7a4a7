// The person of each pixel of a part, and how much each person shows of each part.
#pragma once

#include <cmath>
#include <cstdint>

namespace mmhparse {

// Part and person of the cells of a grid, and where the pixels of an image lie among them.
struct PersonCells {
  const std::uint8_t* part;        // (height, width)
  const std::int32_t* person;      // (height, width)
  std::int64_t height, width;
  const double *columns, *rows;    // (W,) and (H,); of the pixels, in cells
  const std::int64_t *column, *row;  // (W,) and (H,); the nearest cells
};

// What is summed over the pixels of each part of each person; row 0 is nobody.
struct PartSums {
  std::int64_t* areas;  // (P + 1, classes)
  double* certainty;    // (P + 1, classes)
  std::int64_t classes;
};

// Of the nine cells around a place, the person of the nearest that shows the part, or of the nearest one if none does.
inline std::int32_t person_of_same_part(const PersonCells& cells, double row, double column, std::uint8_t part) {
  // added to the squared distance of a cell that shows another part: any cell of the same part is nearer
  constexpr double kOtherPart = 100;
  constexpr int kSteps[] = {0, -1, 1};
  const auto clipped = [](double place, std::int64_t length) {
    return place < 0 ? std::int64_t{0} : place >= static_cast<double>(length) ? length - 1 : static_cast<std::int64_t>(place);
  };
  const double middle_row = std::nearbyint(row), middle_column = std::nearbyint(column);
  double best = INFINITY;
  std::int32_t person = 0;
  for (const int down : kSteps)
    for (const int right : kSteps) {
      const std::int64_t y = clipped(middle_row + down, cells.height), x = clipped(middle_column + right, cells.width);
      const double above = static_cast<double>(y) - row, left = static_cast<double>(x) - column;
      const std::int64_t cell = y * cells.width + x;
      const double distance = above * above + left * left + (cells.part[cell] == part ? 0 : kOtherPart);
      if (distance < best) best = distance, person = cells.person[cell];
    }
  return person;
}

// Writes a row of the person map (W,), and adds its pixels.
inline void read_person_row(const PersonCells& cells, std::int64_t row, std::int64_t width, const std::uint8_t* part_row,
                            const float* certainty_row, std::int32_t* person_row, const PartSums& sums) {
  const std::int64_t start = cells.row[row] * cells.width;
  for (std::int64_t j = 0; j < width; ++j) {
    const std::uint8_t part = part_row[j];
    std::int32_t person = 0;
    if (part != 0) {
      const std::int64_t cell = start + cells.column[j];
      person = cells.part[cell] == part ? cells.person[cell]
                                        : person_of_same_part(cells, cells.rows[row], cells.columns[j], part);
    }
    person_row[j] = person;
    if (person == 0) continue;
    const std::int64_t at = person * sums.classes + part;
    sums.areas[at] += 1;
    sums.certainty[at] += certainty_row[j];
  }
}

}  // namespace mmhparse
