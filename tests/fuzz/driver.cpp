// libFuzzer's entry for one harness, MSFUSION_HARNESS.
#include "tests/fuzz/harness.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  msfusion::MSFUSION_HARNESS(bytes, count);
  return 0;
}
