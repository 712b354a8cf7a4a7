// The schema of limb affinity.
#include <torch/library.h>

TORCH_LIBRARY_FRAGMENT(mmhparse, library) {
  library.def("limb_affinity(Tensor xy, Tensor limb_fields, Tensor limbs, int stride, int samples) -> Tensor");
}
