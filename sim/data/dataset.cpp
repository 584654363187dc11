#include "sim/data/dataset.hpp"

namespace msfusion {

namespace {
std::int64_t samples(DataKind kind, const ImageSet& images, const TokenSet& tokens, int window) {
  if (kind == DataKind::images) return images.size();
  if (window <= 0 || tokens.tokens.empty()) return 0;
  return (static_cast<std::int64_t>(tokens.tokens.size()) - 1) / window;
}
}  // namespace

std::int64_t Dataset::train_samples() const {
  return samples(kind, train_images, train_tokens, window);
}
std::int64_t Dataset::test_samples() const {
  return samples(kind, test_images, test_tokens, window);
}

}  // namespace msfusion
