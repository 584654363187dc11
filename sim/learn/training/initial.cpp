#include "sim/learn/training/initial.hpp"

#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_real_distribution.hpp>
#include <random>

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

}  // namespace msfusion
