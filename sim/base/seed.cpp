#include "sim/base/seed.hpp"

namespace msfusion {

namespace {
// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection in which every input bit reaches every output bit.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}
}  // namespace

std::uint64_t derive_seed(std::uint64_t run_seed, Purpose purpose, std::uint64_t node, std::uint64_t round) {
  std::uint64_t seed = mix(run_seed);
  seed = mix(seed ^ static_cast<std::uint64_t>(purpose));
  seed = mix(seed ^ node);
  return mix(seed ^ round);
}

}  // namespace msfusion
