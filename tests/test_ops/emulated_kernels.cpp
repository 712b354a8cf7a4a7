// Runs the CUDA kernels of projected gradient on the CPU, each block by a team of threads.
//
//   emulated_kernels float|double COUNT ROWS COLUMNS STEPS STEP_SIZE CYCLES BLOCKS shared|global < problems > results
//
// Problems are scores, then gradients of plans, both (COUNT, ROWS, COLUMNS); results are plans, then how far the last
// step moved each (COUNT), then gradients of scores.
#include "emulated_cuda.hpp"

#include "projected_gradient_cuda_kernel.cuh"

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace mmhparse;

// As the op launches a kernel: with a problem in shared memory, or in the workspace of its block in global memory.
template <typename Steps, typename Kernel, typename... Arrays>
void launch(Kernel kernel, Problems problems, int blocks, bool shared, bool backward, Arrays... arrays) {
  problems.bytes = bytes_for<Steps>(problems, backward);
  std::vector<char> workspace(shared ? 0 : blocks * problems.bytes, '\x7f');
  problems.workspace = workspace.data();
  const int threads = threads_for(problems.rows, problems.columns);
  emulated::launch(kernel, blocks, threads, shared ? problems.bytes : 0, problems, arrays...);
}

template <typename Steps, bool kShared, typename T>
void solve(const Problems& problems, int blocks) {
  const std::size_t all = static_cast<std::size_t>(problems.count) * problems.rows * problems.columns;
  std::vector<T> score(all), grad_plan(all), plan(all), moved(problems.count), grad_score(all);
  for (std::vector<T>* problem : {&score, &grad_plan})
    if (std::fread(problem->data(), sizeof(T), all, stdin) != all) std::exit(EXIT_FAILURE);
  launch<Steps>(projected_gradient_cuda_kernel<Steps, kShared, T>, problems, blocks, kShared, false,
                static_cast<const T*>(score.data()), plan.data(), moved.data());
  launch<Steps>(projected_gradient_backward_cuda_kernel<Steps, kShared, T>, problems, blocks, kShared, true,
                static_cast<const T*>(grad_plan.data()), static_cast<const T*>(score.data()), grad_score.data());
  for (const std::vector<T>* result : {&plan, &moved, &grad_score})
    std::fwrite(result->data(), sizeof(T), result->size(), stdout);
}

template <typename T>
void solve_in(const Problems& problems, int blocks, bool shared) {
  const bool exact = problems.options.cycles == 0;
  const auto chosen = shared ? (exact ? solve<ExactSteps, true, T> : solve<UnrolledSteps<T>, true, T>)
                             : (exact ? solve<ExactSteps, false, T> : solve<UnrolledSteps<T>, false, T>);
  chosen(problems, blocks);
}

int main(int argument_count, char** arguments) {
  if (argument_count != 10) return EXIT_FAILURE;
  const auto number = [=](int k) { return std::atoi(arguments[k]); };
  Problems problems{};
  problems.count = number(2), problems.rows = number(3), problems.columns = number(4);
  problems.options = Options{number(5), std::atof(arguments[6]), number(7)};
  const bool shared = std::string(arguments[9]) == "shared";
  (std::string(arguments[1]) == "float" ? solve_in<float> : solve_in<double>)(problems, number(8), shared);
  return EXIT_SUCCESS;
}
