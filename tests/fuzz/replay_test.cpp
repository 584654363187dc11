#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/harness.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

TEST_CASE("readers take or refuse every input that fuzzing found") {
  for (const NamedHarness& harness : kHarnesses) {
    const fs::path corpus = fs::path(msfusion::source_file("tests/fuzz/corpus")) / harness.name;
    INFO(corpus.string());
    int inputs = 0;
    for (const auto& entry : fs::directory_iterator(corpus)) {
      INFO(entry.path().string());
      std::ifstream in(entry.path(), std::ios::binary);
      const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
      CHECK_NOTHROW(harness.run(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
      ++inputs;
    }
    CHECK(inputs > 0);
  }
}
