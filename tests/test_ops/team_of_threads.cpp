// Solves problems as a GPU does, each by a team of threads, on the CPU.
//
//   team_of_threads THREADS float|double COUNT ROWS COLUMNS STEPS STEP_SIZE CYCLES < problems > results
//
// Problems are scores, then gradients of plans, both (COUNT, ROWS, COLUMNS); results are plans, then how far the last
// step moved each (COUNT), then gradients of scores.
#include <barrier>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "projected_gradient.hpp"

using namespace mhparse;

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
ProjectedGradient<Steps> lay_out(Arena& arena, const Problems& problems, bool backward) {
  const int stride = Core::stride_of<typename Steps::Real>(problems.columns);
  return {arena, problems.rows, problems.columns, stride, problems.options, backward};
}

// Memory of its own, as much as is asked for and no more, so that a sanitizer sees what goes beyond.
template <typename Steps>
std::vector<char> memory_for(const Problems& problems, bool backward) {
  Arena counting(nullptr);
  lay_out<Steps>(counting, problems, backward);
  return std::vector<char>(counting.used());
}

template <typename Steps, typename T>
void solve(int threads, const Problems& problems) {
  const std::size_t size = static_cast<std::size_t>(problems.rows) * problems.columns, all = problems.count * size;
  std::vector<T> score(all), grad_plan(all), plan(all), moved(problems.count), grad_score(all);
  for (std::vector<T>* problem : {&score, &grad_plan})
    if (std::fread(problem->data(), sizeof(T), all, stdin) != all) std::exit(EXIT_FAILURE);

  std::vector<char> forward_memory = memory_for<Steps>(problems, false);
  std::vector<char> backward_memory = memory_for<Steps>(problems, true);
  let_team_work(threads, [&](TeamThread& self) {
    Arena forward_arena(forward_memory.data()), backward_arena(backward_memory.data());
    auto forward_solver = lay_out<Steps>(forward_arena, problems, false);
    auto backward_solver = lay_out<Steps>(backward_arena, problems, true);
    for (std::size_t b = 0; b < problems.count; ++b) {
      forward_solver.forward(self, &score[b * size], &plan[b * size], &moved[b]);
      backward_solver.backward(self, &grad_plan[b * size], &score[b * size], &grad_score[b * size]);
      self.sync();
    }
  });
  for (const std::vector<T>* result : {&plan, &moved, &grad_score})
    std::fwrite(result->data(), sizeof(T), result->size(), stdout);
}

int main(int argument_count, char** arguments) {
  if (argument_count != 9) return EXIT_FAILURE;
  const auto number = [=](int k) { return std::atoi(arguments[k]); };
  const Options options{number(6), std::atof(arguments[7]), number(8)};
  const Problems problems{static_cast<std::size_t>(number(3)), number(4), number(5), options};
  const bool is_float = std::string(arguments[2]) == "float", exact = options.cycles == 0;
  const auto chosen = exact ? (is_float ? solve<ExactSteps, float> : solve<ExactSteps, double>)
                            : (is_float ? solve<UnrolledSteps<float>, float> : solve<UnrolledSteps<double>, double>);
  chosen(number(1), problems);
  return EXIT_SUCCESS;
}
