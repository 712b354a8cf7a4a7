// Solves problems as a GPU does, each by a team of threads, on the CPU.
//
//   team_of_threads THREADS dense|sparse float|double COUNT ROWS COLUMNS STEPS STEP_SIZE CYCLES < problems > results
//
// 'sparse' computes the links alone, by one thread. Problems are scores, then gradients of plans, both (COUNT, ROWS,
// COLUMNS); results are plans, then how far the last step moved each (COUNT), then gradients of scores.
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "projected_gradient.hpp"
#include "sparse_steps.hpp"

using namespace mmhparse;

// What the threads of a team share.
struct Meeting {
  explicit Meeting(int threads) : barrier(threads), parts(threads) {}

  std::barrier<> barrier;
  std::vector<double> parts;
};

class TeamThread {
 public:
  TeamThread(Meeting& meeting, int rank) : meeting_(meeting), rank_(rank) {}

  int rank() const { return rank_; }
  int size() const { return static_cast<int>(meeting_.parts.size()); }
  void sync() const { meeting_.barrier.arrive_and_wait(); }

  double sum(double x) const {
    meeting_.parts[rank_] = x;
    sync();
    double total = 0;
    for (const double part : meeting_.parts) total += part;
    sync();  // the next sum overwrites the parts
    return total;
  }

 private:
  Meeting& meeting_;
  int rank_;
};

struct Problems {
  std::size_t count;
  int rows, columns;
  Options options;
};

using Work = std::function<void(TeamThread&)>;

void let_team_work(int threads, const Work& work) {
  Meeting meeting(threads);
  std::vector<std::thread> team;
  for (int rank = 0; rank < threads; ++rank)
    team.emplace_back([&, rank] {
      TeamThread self(meeting, rank);
      work(self);
    });
  for (std::thread& thread : team) thread.join();
}

template <typename Steps>
ProjectedGradient<Steps> lay_out(Arena& arena, Arena* trace, const Problems& problems) {
  const int stride = Core<typename Steps::Real>::stride_of(problems.columns);
  return {arena, trace, problems.rows, problems.columns, stride, problems.options};
}

// Solvers that trace nothing, keep a trace apart, and run the steps again. Their memory is as much as they ask for and
// no more, so that a sanitizer sees what goes beyond.
template <typename Steps>
class Solvers {
 public:
  explicit Solvers(const Problems& problems) : problems_(problems) {
    Arena plain(nullptr), kept(nullptr), again(nullptr);
    lay_out<Steps>(plain, nullptr, problems);
    memory_.resize(plain.used());
    lay_out<Steps>(again, &kept, problems);
    trace_.resize(kept.used());
    lay_out<Steps>(again = Arena(nullptr), &again, problems);
    memory_again_.resize(again.used());
  }

  template <typename T>
  void forward(TeamThread& team, const T* score, T* plan, T* moved) {
    Arena arena(memory_.data());
    lay_out<Steps>(arena, nullptr, problems_).template forward<false>(team, score, plan, moved);
  }

  template <typename T>
  void forward_and_backward(TeamThread& team, const T* grad_plan, const T* score, T* plan, T* moved, T* grad) {
    Arena arena(memory_.data()), trace(trace_.data());
    auto solver = lay_out<Steps>(arena, &trace, problems_);
    solver.template forward<true>(team, score, plan, moved);
    team.sync();
    solver.template backward<true>(team, grad_plan, score, grad);
  }

  template <typename T>
  void backward(TeamThread& team, const T* grad_plan, const T* score, T* grad) {
    Arena arena(memory_again_.data());
    lay_out<Steps>(arena, &arena, problems_).template backward<false>(team, grad_plan, score, grad);
  }

 private:
  const Problems& problems_;
  std::vector<char> memory_, trace_, memory_again_;
};

template <typename T>
void require_same(const std::vector<T>& one, const std::vector<T>& other, const char* what) {
  if (one == other) return;
  std::fprintf(stderr, "%s differ with and without a kept trace\n", what);
  std::exit(EXIT_FAILURE);
}

template <typename Steps, typename T>
void solve(int threads, const Problems& problems) {
  const std::size_t size = static_cast<std::size_t>(problems.rows) * problems.columns, all = problems.count * size;
  std::vector<T> score(all), grad_plan(all), plan(all), moved(problems.count), grad_score(all);
  std::vector<T> traced_plan(all), traced_moved(problems.count), traced_grad(all);
  for (std::vector<T>* problem : {&score, &grad_plan})
    if (std::fread(problem->data(), sizeof(T), all, stdin) != all) std::exit(EXIT_FAILURE);

  Solvers<Steps> solvers(problems);
  let_team_work(threads, [&](TeamThread& self) {
    for (std::size_t b = 0, at = 0; b < problems.count; ++b, at += size) {
      solvers.forward(self, &score[at], &plan[at], &moved[b]);
      self.sync();
      solvers.forward_and_backward(self, &grad_plan[at], &score[at], &traced_plan[at], &traced_moved[b],
                                   &traced_grad[at]);
      self.sync();
      solvers.backward(self, &grad_plan[at], &score[at], &grad_score[at]);
      self.sync();
    }
  });
  require_same(plan, traced_plan, "plans");
  require_same(moved, traced_moved, "last moves");
  require_same(grad_score, traced_grad, "gradients");
  for (const std::vector<T>* result : {&plan, &moved, &grad_score})
    std::fwrite(result->data(), sizeof(T), result->size(), stdout);
}

template <typename T>
void solve_as(const std::string& kind, int threads, const Problems& problems) {
  if (problems.options.cycles == 0) return solve<ExactSteps, T>(threads, problems);
  if (kind == "sparse") return solve<SparseSteps<T>, T>(threads, problems);
  solve<UnrolledSteps<T>, T>(threads, problems);
}

int main(int argument_count, char** arguments) {
  if (argument_count != 10) return EXIT_FAILURE;
  const auto number = [=](int k) { return std::atoi(arguments[k]); };
  const Options options{number(7), std::atof(arguments[8]), number(9)};
  const Problems problems{static_cast<std::size_t>(number(4)), number(5), number(6), options};
  const bool is_float = std::string(arguments[3]) == "float";
  (is_float ? solve_as<float> : solve_as<double>)(arguments[2], number(1), problems);
  return EXIT_SUCCESS;
}
