#include "sim/learn/training/initial.hpp"

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_real_distribution.hpp>
#include <random>
#include <stdexcept>

#include "sim/base/seed.hpp"

namespace msfusion {

namespace {

template <class Distribution>
at::Tensor drawn(const std::vector<std::int64_t>& sizes, Distribution distribution, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  at::Tensor values = at::empty(sizes);
  float* out = values.data_ptr<float>();
  for (std::int64_t i = 0; i < values.numel(); ++i) out[i] = static_cast<float>(distribution(random));
  return values;
}

// The first units of every width, where the file's model is wider.
at::Tensor leading_units(at::Tensor values, const ParameterTensor& tensor) {
  if (values.dim() != static_cast<std::int64_t>(tensor.dims.size()))
    throw std::logic_error("start values of another kind for " + tensor.name);
  for (std::size_t d = 0; d < tensor.dims.size(); ++d) {
    const Dim& dim = tensor.dims[d];
    const auto place = static_cast<std::int64_t>(d);
    const std::int64_t size = values.size(place), others = std::int64_t{dim.outer} * dim.inner;
    if (size == dim.size) continue;
    if (dim.axis == kFixed || size < dim.size || size % others != 0)
      throw std::logic_error("start values of another size for " + tensor.name);
    const std::int64_t kept = dim.size / others * dim.inner, unit_block = size / dim.outer;
    std::vector<at::Tensor> blocks;
    for (std::int64_t o = 0; o < dim.outer; ++o) blocks.push_back(values.narrow(place, o * unit_block, kept));
    values = at::cat(blocks, place);
  }
  return values;
}

}  // namespace

at::Tensor initial_values(const Shape& shape, const ParameterLayout& full, std::uint64_t seed) {
  at::Tensor flat = at::zeros({full.size()});
  for (int t = 0; t < full.tensors(); ++t) {
    const Init& init = shape.tensors[static_cast<std::size_t>(t)].init;
    at::Tensor place = full.view(flat, t);
    const auto stream = derive_seed(seed, Purpose::initial_parameters, static_cast<std::uint64_t>(t));
    switch (init.kind) {
      case Init::Kind::constant:
        place.fill_(init.scale);
        break;
      case Init::Kind::uniform:
        if (init.scale > 0)
          place.copy_(drawn(full.slot(t).sizes,
                            boost::random::uniform_real_distribution<double>(-init.scale, init.scale), stream));
        break;
      case Init::Kind::normal:
        if (init.scale > 0)
          place.copy_(drawn(full.slot(t).sizes, boost::random::normal_distribution<double>(0, init.scale), stream));
        break;
    }
  }
  return flat;
}

void load_values(const TensorFile& file, const Shape& shape, const ParameterLayout& full, at::Tensor& flat) {
  for (int t = 0; t < full.tensors(); ++t) {
    const std::string& name = shape.tensors[static_cast<std::size_t>(t)].name;
    const auto found = std::find_if(file.tensors.begin(), file.tensors.end(),
                                    [&](const NamedTensor& tensor) { return tensor.name == name; });
    if (found == file.tensors.end()) continue;
    at::Tensor values = at::empty(found->sizes);
    std::copy(found->values.begin(), found->values.end(), values.data_ptr<float>());
    full.view(flat, t).copy_(leading_units(values, shape.tensors[static_cast<std::size_t>(t)]));
  }
}

}  // namespace msfusion
