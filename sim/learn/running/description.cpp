#include "sim/learn/running/description.hpp"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <torch/version.h>

#include "sim/learn/kernels/convolution.hpp"

namespace msfusion {

namespace {

// The rest of the line behind `key` in LibTorch's report: it has no narrower interface for this.
std::string configured(const std::string& key) {
  const std::string report = at::show_config();
  const auto found = report.find(key);
  if (found == std::string::npos) return "unknown";
  const auto begin = found + key.size();
  return report.substr(begin, report.find('\n', begin) - begin);
}

std::string blas() {
  using GetConfig = char* (*)();
  const auto get_config = reinterpret_cast<GetConfig>(dlsym(RTLD_DEFAULT, "openblas_get_config"));
  return get_config ? get_config() : "BLAS unknown";
}

}  // namespace

std::string learner_description() {
  return fmt::format("LibTorch {}, oneDNN {}, convolutions and products by {}, {}, {}", TORCH_VERSION,
                     at::hasMKLDNN() ? at::get_mkldnn_version() : "off", convolution_description(),
                     configured("CPU capability usage: "), blas());
}

}  // namespace msfusion
