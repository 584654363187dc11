#include "sim/platform/platform_generator.hpp"

#include "sim/base/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using msfusion::Catalogue;
using msfusion::FleetMix;
using msfusion::generate_platform;
using msfusion::UserError;

namespace {

const Catalogue& catalogue() {
  static const Catalogue result = msfusion::read_catalogue(msfusion::source_file("platforms/catalogue.xml"));
  return result;
}

}  // namespace

TEST_CASE("a platform depends on its seed alone") {
  FleetMix mix;
  mix.parts = {{"old-phone", "4g", 1}, {"laptop", "fibre", 1}};
  const std::string text = generate_platform(catalogue(), mix);
  CHECK(generate_platform(catalogue(), mix) == text);
  mix.seed = 2;
  CHECK(generate_platform(catalogue(), mix) != text);
}

TEST_CASE("cells can be larger than the catalogue's, or left out") {
  FleetMix mix;
  mix.devices = 16;
  mix.parts = {{"laptop", "wifi4", 1}};
  const auto cells = [&] {
    const std::string text = generate_platform(catalogue(), mix);
    int count = 0;
    for (std::size_t at = 0; (at = text.find("<backbone", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  CHECK(cells() == 2);
  mix.devices_per_cell = 16;
  CHECK(cells() == 1);
  mix.devices_per_cell = 0;
  CHECK(cells() == 0);
}

TEST_CASE("a mix that makes no sense is refused with what is allowed") {
  const auto refused = [](FleetMix mix) { CHECK_THROWS_AS(generate_platform(catalogue(), mix), UserError); };
  FleetMix good;
  good.parts = {{"laptop", "fibre", 1}};
  FleetMix mix = good;
  mix.devices = 0;
  refused(mix);
  mix = good;
  mix.parts[0].share = 0;
  refused(mix);
  mix = good;
  mix.spread = -1;
  refused(mix);
  mix = good;
  mix.parts.clear();
  refused(mix);
  mix = good;
  mix.parts[0].device = "labtop";
  CHECK_THROWS_WITH(generate_platform(catalogue(), mix), ContainsSubstring("laptop"));
}
