// Runs the CUDA kernels of limb affinity on the CPU, each block by a team of threads.
//
//   emulated_limb_affinity float|double IMAGES JOINTS CANDIDATES LIMBS HEIGHT WIDTH STRIDE SAMPLES BLOCKS
//
// Read: xy (IMAGES, JOINTS, CANDIDATES, 2), fields (IMAGES, LIMBS, 2, HEIGHT, WIDTH), gradients of affinities (IMAGES,
// LIMBS, CANDIDATES, CANDIDATES), and limbs (LIMBS, 2) of 64 bits; written: affinities, then gradients of fields.
// BLOCKS of 0 asks for as many as the op launches.
#include "emulated_cuda.hpp"

#include "limb_affinity_cuda_kernel.cuh"

#include <cstdio>
#include <cstdlib>
#include <string>

using namespace mmhparse;

template <typename T>
std::vector<T> read(std::size_t count) {
  std::vector<T> numbers(count);
  if (std::fread(numbers.data(), sizeof(T), count, stdin) != count) std::exit(EXIT_FAILURE);
  return numbers;
}

template <typename T>
void write(const std::vector<T>& numbers) {
  std::fwrite(numbers.data(), sizeof(T), numbers.size(), stdout);
}

template <typename T>
void run(const LimbSizes& size, T stride, int blocks) {
  const auto xy = read<T>(size.images * size.joints * size.candidates * 2);
  const auto fields = read<T>(size.images * size.limbs * 2 * size.cells());
  const auto grad_affinity = read<T>(size.links());
  const auto limbs = read<std::int64_t>(size.limbs * 2);
  std::vector<T> affinity(size.links()), grad_fields(fields.size());
  const LimbInputs<T> inputs{size, stride, xy.data(), fields.data(), limbs.data()};
  if (blocks == 0) blocks = link_blocks_for(size.links());
  emulated::launch(limb_affinity_cuda_kernel<T>, blocks, kLinkThreads, 0, inputs, affinity.data());
  emulated::launch(limb_affinity_backward_cuda_kernel<T>, blocks, kLinkThreads, 0, inputs, grad_affinity.data(),
                   grad_fields.data());
  write(affinity);
  write(grad_fields);
}

int main(int argument_count, char** arguments) {
  if (argument_count != 11) return EXIT_FAILURE;
  const auto number = [=](int k) { return std::atoi(arguments[k]); };
  const LimbSizes size{number(2), number(3), number(4), number(5), number(6), number(7), number(9)};
  (std::string(arguments[1]) == "float") ? run<float>(size, number(8), number(10))
                                         : run<double>(size, number(8), number(10));
  return EXIT_SUCCESS;
}
