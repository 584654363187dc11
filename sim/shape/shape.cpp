#include "sim/shape/shape.hpp"

namespace msfusion {

std::int64_t element_count(const ParameterTensor& tensor) {
  std::int64_t count = 1;
  for (const Dim& dim : tensor.dims) count *= dim.size;
  return count;
}

}  // namespace msfusion
