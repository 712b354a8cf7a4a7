// The linear system of the exact projection's Newton step and of its gradient (exact_projection.hpp): sums of the
// active entries of rows and columns, shifted by one unknown per row and column.
//
// Few entries are active, so that most of the matrix is 0: sets of the others, in bits, tell where there is work.
#pragma once

#include "workspace.hpp"

namespace MMHPARSE_NAMESPACE {

// The system [diag(row counts), W; W^T, diag(column counts)] restricted to some rows and columns, solved by
// elimination. W has ones at the active entries. All vectors have n + stride entries: first the rows, then the columns.
struct DualSystem {
  const std::uint32_t* active;  // (n, words of m) bits of the active entries; set by who sets up the system
  double* chosen;               // 1 for rows and columns in the system, else 0
  double* right;                // right-hand side
  double* solution;             // 0 for rows and columns that are not in the system
  double* counts;               // the diagonal
  double* inverse;              // 1 / count of a row and 1 / pivot of a column; 0 for those that are not eliminated
  std::uint32_t* chosen_columns;  // (words of m) bits
  std::uint32_t* links;   // (n, words of m) the active entries of rows and columns in the system
  std::uint32_t* linked;  // (stride, words of m) the columns from which and into which a column is eliminated
  double* schur;  // (stride, stride) the columns' equations without the rows (Schur complement), then D L^T
  double* lower;  // (stride, stride) L without its diagonal

  MMHPARSE_DEVICE DualSystem(Arena& arena, int rows, int columns, int stride)
      : active(nullptr),
        chosen(arena.take<double>(rows + stride)),
        right(arena.take<double>(rows + stride)),
        solution(arena.take<double>(rows + stride)),
        counts(arena.take<double>(rows + stride)),
        inverse(arena.take<double>(rows + stride)),
        chosen_columns(arena.take<std::uint32_t>(words_of(columns))),
        links(arena.take<std::uint32_t>(static_cast<std::size_t>(rows) * words_of(columns))),
        linked(arena.take<std::uint32_t>(static_cast<std::size_t>(stride) * words_of(columns))),
        schur(arena.take<double>(static_cast<std::size_t>(stride) * stride)),
        lower(arena.take<double>(static_cast<std::size_t>(stride) * stride)) {}
};

// The size of a problem: rows, columns, and elements between the starts of two rows.
struct Shape {
  int n, m, stride;
};

// The flags of the entries of row i from column j on, of bits (n, words of m).
MMHPARSE_DEVICE Flags<double> flags_at(const std::uint32_t* bits, Shape shape, int i, int j) {
  return unpack_flags<double>(bits[static_cast<std::size_t>(i) * words_of(shape.m) + j / 32], j % 32);
}

// Calls visit(i, sum of entry(i, j) over all columns j) for every row i.
template <typename Team, typename Entry, typename Visit>
MMHPARSE_DEVICE void for_each_row_sum(Team& team, Shape shape, Entry entry, Visit visit) {
  for (int i = team.rank(); i < shape.n; i += team.size()) {
    Lanes<double> sum = {};
    for (int j = 0; j < shape.m; j += kLanes<double>) sum += entry(i, j);
    visit(i, total_of(sum));
  }
}

// Calls visit(j, lanes of the sums of entry(i, j) over all rows i) for every kLanes columns from j on, with the
// padding.
template <typename Team, typename Entry, typename Visit>
MMHPARSE_DEVICE void for_each_column_sum(Team& team, Shape shape, Entry entry, Visit visit) {
  for (int j = team.rank() * kLanes<double>; j < shape.m; j += team.size() * kLanes<double>) {
    Lanes<double> sum = {};
    for (int i = 0; i < shape.n; ++i) sum += entry(i, j);
    visit(j, sum);
  }
}

// Calls visit(index) for each bit from `first` to last - 1 that is set, shared out among the team.
template <typename Team, typename Visit>
MMHPARSE_DEVICE void for_each_bit(Team& team, const std::uint32_t* words, int first, int last, Visit visit) {
  if (team.size() > 1) {
    for (int k = first + team.rank(); k < last; k += team.size())
      if ((words[k / 32] >> (k % 32)) & 1) visit(k);
    return;
  }
  for (int w = first / 32; 32 * w < last; ++w) {
    std::uint32_t bits = words[w];
    if (first > 32 * w) bits &= ~0u << (first % 32);
    if (last < 32 * w + 32) bits &= (1u << (last % 32)) - 1;
    for (; bits != 0; bits &= bits - 1) visit(32 * w + lowest_bit(bits));
  }
}

constexpr double kZeroPivot = 1e-9;  // counts are from 1 to n; a zero pivot is left with rounding errors

// Counts the active entries of rows and columns, removes from the system those that have none, and finds its links.
template <typename Team>
MMHPARSE_DEVICE_CALL void find_links(Team& team, const DualSystem& system, Shape shape) {
  const int n = shape.n, m = shape.m, words = words_of(m);
  for (int i = team.rank(); i < n; i += team.size()) {
    int count = 0;
    for (int w = 0; w < words; ++w) count += bits_in(system.active[static_cast<std::size_t>(i) * words + w]);
    system.counts[i] = count;
    system.chosen[i] = count > 0 ? system.chosen[i] : 0;
    system.inverse[i] = system.chosen[i] > 0 ? 1. / count : 0;
  }
  for_each_column_sum(
      team, shape, [=](int i, int j) { return keep(flags_at(system.active, shape, i, j), splat(1.)); },
      [=](int j, Lanes<double> count) {
        double* chosen = system.chosen + n + j;
        store<double>(count, system.counts + n + j);
        store<double>(keep(above<double>(count, Lanes<double>{}), load(chosen)), chosen);
        store<double>(Lanes<double>{}, system.inverse + n + j);
      });
  team.sync();
  for (int w = team.rank(); w < words; w += team.size()) {
    std::uint32_t bits = 0;
    for (int j = 32 * w; j < min_of(m, 32 * w + 32); j += kLanes<double>)
      bits |= pack_flags<double>(above<double>(load(system.chosen + n + j), Lanes<double>{}), j % 32);
    system.chosen_columns[w] = bits;
  }
  team.sync();
  for (int i = team.rank(); i < n; i += team.size())
    for (int w = 0; w < words; ++w) {
      const std::size_t at = static_cast<std::size_t>(i) * words + w;
      system.links[at] = system.chosen[i] > 0 ? system.active[at] & system.chosen_columns[w] : 0;
    }
  team.sync();
}

// Calls visit with `count`, from 1 to kMost, as a constant of the compiler.
template <int kMost, typename Visit>
MMHPARSE_DEVICE void with_constant(int count, Visit visit) {
  if (count == kMost)
    visit(std::integral_constant<int, kMost>{});
  else if constexpr (kMost > 1)
    with_constant<kMost - 1>(count, visit);
}

// How many registers of an equation are computed together, so that what they have in common is computed once.
constexpr int kTogether = MMHPARSE_SINGLE_LANES ? 1 : 4;

// Eliminates the rows from the columns' equations: schur = diag(column counts) - W^T diag(1 / row counts) W. Only its
// upper triangle is of use. Columns that share a row are linked.
template <typename Team>
MMHPARSE_DEVICE_CALL void eliminate_rows(Team& team, const DualSystem& system, Shape shape) {
  constexpr int kBlock = kLanes<double>;
  const int m = shape.m, stride = shape.stride, words = words_of(m);
  const auto equation_of = [=](int j) { return system.schur + static_cast<std::size_t>(j) * stride; };
  for_each_bit(team, system.chosen_columns, 0, m, [=](int j) {
    for (int k = 0; k < m; k += kBlock) {
      store<double>(Lanes<double>{}, equation_of(j) + k);
      store<double>(Lanes<double>{}, system.lower + static_cast<std::size_t>(j) * stride + k);
    }
    equation_of(j)[j] = system.counts[shape.n + j];
    for (int w = 0; w < words; ++w) system.linked[static_cast<std::size_t>(j) * words + w] = 0;
  });
  for (int i = 0; i < shape.n; ++i) {
    if (!(system.chosen[i] > 0)) continue;
    const std::uint32_t* links = system.links + static_cast<std::size_t>(i) * words;
    for (int k0 = 0; k0 < m; k0 += kTogether * kBlock)
      with_constant<kTogether>(min_of(kTogether, (stride - k0) / kBlock), [=](auto count) {
        constexpr int kCount = decltype(count)::value;
        Lanes<double> shares[kCount];
        for (int t = 0; t < kCount; ++t)
          shares[t] = keep(flags_at(system.links, shape, i, k0 + t * kBlock), splat(system.inverse[i]));
        // one thread adds up a column's equation, because a bit is always given to the same one
        for_each_bit(team, links, 0, min_of(m, k0 + kCount * kBlock), [=](int j) {
          double* equation = equation_of(j) + k0;
          for (int t = 0; t < kCount; ++t)
            store<double>(load(equation + t * kBlock) - shares[t], equation + t * kBlock);
        });
      });
    for_each_bit(team, links, 0, m, [=](int j) {
      for (int w = 0; w < words; ++w) system.linked[static_cast<std::size_t>(j) * words + w] |= links[w];
    });
  }
  team.sync();
}

// Computes kCount registers of equation k of D L^T, from column l0 on. With the first ones, which begin at column k or
// before, also its row of L, and its entry of the right-hand side `x`.
template <int kCount>
MMHPARSE_DEVICE void factor_registers(const DualSystem& system, double* x, int k, int l0, Shape shape) {
  const int stride = shape.stride;
  const bool first = l0 <= k;
  double* inverse = system.inverse + shape.n;
  double* equation = system.schur + static_cast<std::size_t>(k) * stride;
  double* factors = system.lower + static_cast<std::size_t>(k) * stride;
  Lanes<double> sums[kCount];
  for (int t = 0; t < kCount; ++t) sums[t] = load(equation + l0 + t * kLanes<double>);
  double right = first ? x[k] : 0;
  SingleThread alone;
  for_each_bit(alone, system.linked + static_cast<std::size_t>(k) * words_of(shape.m), 0, k, [&](int e) {
    const double* eliminated = system.schur + static_cast<std::size_t>(e) * stride;
    const double factor = eliminated[k] * inverse[e];  // L[k, e], by symmetry
    for (int t = 0; t < kCount; ++t) sums[t] -= factor * load(eliminated + l0 + t * kLanes<double>);
    right -= factor * x[e];
    if (first) factors[e] = factor;
  });
  for (int t = 0; t < kCount; ++t) store<double>(sums[t], equation + l0 + t * kLanes<double>);
  if (!first) return;
  x[k] = right;
  inverse[k] = equation[k] > kZeroPivot ? 1 / equation[k] : 0;
}

// Factors the columns' equations into L D L^T, row by row, and replaces their right-hand side, `x` (stride), by L^-1 of
// it. D L^T, with the pivots D on its diagonal, takes the upper triangle of `schur`. The matrix is symmetric positive
// semidefinite, so no pivoting is needed. It is singular where all sums of a connected block are capped: increasing u
// and decreasing v by the same amount there does not change X. Columns with a zero pivot are not eliminated.
template <typename Team>
MMHPARSE_DEVICE_CALL void factor_columns(Team& team, const DualSystem& system, double* x, Shape shape) {
  constexpr int kBlock = kLanes<double>;
  const int m = shape.m, words = words_of(m);
  for (int k = 0; k < m; ++k) {
    if (!(system.chosen[shape.n + k] > 0)) continue;
    const int first = k / kBlock * kBlock, width = kTogether * kBlock;
    for (int l0 = first + team.rank() * width; l0 < m; l0 += team.size() * width)
      with_constant<kTogether>(min_of(kTogether, (shape.stride - l0) / kBlock), [=](auto count) {
        factor_registers<decltype(count)::value>(system, x, k, l0, shape);
      });
    const std::uint32_t* linked = system.linked + static_cast<std::size_t>(k) * words;
    for_each_bit(team, linked, k + 1, m, [=](int j) {  // whose equation now has what column k is linked with
      std::uint32_t* joined = system.linked + static_cast<std::size_t>(j) * words;
      joined[k / 32] |= linked[k / 32] & (~0u << (k % 32));
      for (int w = k / 32 + 1; w < words; ++w) joined[w] |= linked[w];
    });
    team.sync();
  }
}

// Replaces L^-1 of a right-hand side, `x` (stride), by the solution of the columns' equations. A column with a zero
// pivot gets 0, which selects one of the solutions.
template <typename Team>
MMHPARSE_DEVICE_CALL void substitute_columns(Team& team, const DualSystem& system, double* x, Shape shape) {
  constexpr int kBlock = kLanes<double>;
  const double* inverse = system.inverse + shape.n;
  for (int l = team.rank() * kBlock; l < shape.m; l += team.size() * kBlock)
    store<double>(load(x + l) * load(inverse + l), x + l);
  team.sync();
  for (int k = shape.m - 1; k > 0; --k) {
    if (!(system.chosen[shape.n + k] > 0)) continue;
    const double* factors = system.lower + static_cast<std::size_t>(k) * shape.stride;
    const double value = x[k];
    for (int l = team.rank() * kBlock; l < k; l += team.size() * kBlock)
      store<double>(load(x + l) - value * load(factors + l), x + l);
    team.sync();
  }
}

// Solves the system of the active entries and the chosen rows and columns for `right` into `solution`.
template <typename Team>
MMHPARSE_DEVICE void solve_dual_system(Team& team, const DualSystem& system, Shape shape) {
  double* rows = system.solution;
  double* columns = system.solution + shape.n;
  const auto link = [=](int i, int j) { return flags_at(system.links, shape, i, j); };
  find_links(team, system, shape);
  for (int i = team.rank(); i < shape.n; i += team.size()) rows[i] = system.right[i] * system.inverse[i];
  team.sync();
  for_each_column_sum(
      team, shape, [=](int i, int j) { return keep(link(i, j), splat(rows[i])); },
      [=](int j, Lanes<double> sum) {
        store<double>(load(system.chosen + shape.n + j) * (load(system.right + shape.n + j) - sum), columns + j);
      });
  eliminate_rows(team, system, shape);
  factor_columns(team, system, columns, shape);
  substitute_columns(team, system, columns, shape);
  for_each_row_sum(
      team, shape, [=](int i, int j) { return keep(link(i, j), load(columns + j)); },
      [=](int i, double sum) { rows[i] = (system.right[i] - sum) * system.inverse[i]; });
  team.sync();
}

}  // namespace MMHPARSE_NAMESPACE
