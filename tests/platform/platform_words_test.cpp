// The reference of platform files: what it lists is what is read, and what ships is what is printed.
#include "sim/platform/platform_words.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "sim/base/error.hpp"
#include "sim/plan/roofline.hpp"
#include "sim/platform/platform_file.hpp"
#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

std::vector<Mistake> mistakes_of(const std::string& zone_content) {
  try {
    read_platform_file(write_platform(zone_content));
  } catch (const UserError& error) {
    return error.mistakes();
  }
  return {};
}

/// A word said of a host, link or zone, in a platform that has nothing wrong besides.
std::string platform_with(const std::string& element, const PlatformWord& word, const std::string& value) {
  const bool is_property = word.place == PlatformWord::Place::property;
  const std::string name = word.name, property = fmt::format("<prop id=\"{}\" value=\"{}\"/>", name, value),
                    attribute = is_property ? "" : fmt::format(" {}=\"{}\"", name, value);
  const auto made = [&](const std::string& which, const std::string& rest) {
    if (which != element) return fmt::format("<{} {}/>\n", which, rest);
    return fmt::format("<{} {}{}>{}</{}>\n", which, rest, attribute, is_property ? property : "", which);
  };
  std::string text;
  if (element == "zone") text += property + "\n";
  if (element == "zone" && name == "mtu") text += "<prop id=\"framing\" value=\"tcp\"/>\n";
  if (element == "host" && name == "aggregator")
    text +=
        "<host id=\"cell-3-edge\" speed=\"1Gf\"><prop id=\"role\" value=\"aggregator\"/></host>\n"
        "<host id=\"server\" speed=\"1Gf\"><prop id=\"role\" value=\"server\"/></host>\n";
  text += made("host", element == "host" && name == "speed" ? "id=\"a\"" : "id=\"a\" speed=\"1Gf\"");
  text += "<host id=\"b\" speed=\"1Gf\"/>\n";
  text += made("link", element == "link" && name == "bandwidth" ? "id=\"l\"" : "id=\"l\" bandwidth=\"1MBps\"");
  return text + "<host_link id=\"a\" up=\"l\" down=\"l\"/>\n";
}

const std::vector<std::pair<std::string, std::vector<PlatformWord>>>& all_words() {
  static const std::vector<std::pair<std::string, std::vector<PlatformWord>>> all = {
      {"host", host_words()}, {"link", link_words()}, {"zone", zone_words()}};
  return all;
}

bool is_profile(const PlatformWord& word) {
  const std::string name = word.name;
  return name.size() > 5 && name.substr(name.size() - 5) == "_file";
}

}  // namespace

TEST_CASE("the platform reference that ships is the one that `msfusion list platform` prints") {
  std::ifstream in(source_file("platforms/README.md"));
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  CHECK_THAT(page, ContainsSubstring("\n" + platform_reference() + "\n## "));
}

TEST_CASE("every example of the platform reference is accepted, and what cannot be read is refused by name") {
  const std::set<std::string> texts = {"kind", "calibration", "network_calibration"};
  int examples = 0;
  for (const auto& [element, words] : all_words())
    for (const PlatformWord& word : words) {
      INFO(element << " " << word.name << "=\"" << word.example << "\"");
      const std::string name = word.name;
      if (name == "routing") continue;  // write_platform has it
      ++examples;
      if (!is_profile(word)) {
        const auto mistakes = mistakes_of(platform_with(element, word, word.example));
        for (const Mistake& mistake : mistakes) CHECK(to_string(mistake) == "");
      }
      if (texts.count(name) > 0) continue;
      const auto mistakes = mistakes_of(platform_with(element, word, "?"));
      REQUIRE(mistakes.size() == 1);
      CHECK_THAT(mistakes.front().found, ContainsSubstring("?"));
    }
  CHECK(examples >= 35);
}

TEST_CASE("properties that are read are in the reference, and nearly their names are mistakes") {
  const auto names = properties_of(host_words());
  const std::set<std::string> known(names.begin(), names.end());
  CHECK(known.size() == names.size());
  for (const RooflineFigure& figure : roofline_figures()) CHECK(known.count(figure.name) == 1);
  // All that a generated fleet or a platform that ships says.
  for (const auto& entry : fs::directory_iterator(source_file("platforms"))) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path());
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    if (entry.path().extension() != ".xml" || text.find("<platform") == text.npos) continue;
    for (std::size_t at = 0; (at = text.find("<prop id=\"", at)) != text.npos; ++at) {
      const std::size_t begin = at + 10;
      const std::string name = text.substr(begin, text.find('"', begin) - begin);
      INFO(entry.path() << " " << name);
      CHECK((known.count(name) == 1 || name == "wattage_range" || name == "background" ||
             name == "network_calibration" || name == "network_uncertainty" || name == "framing" || name == "mtu"));
    }
  }
  for (const PlatformWord& word : host_words()) {
    if (word.place != PlatformWord::Place::property) continue;
    const std::string name = word.name, slip = name.substr(0, name.size() - 1) + (name.back() == 'x' ? "y" : "x");
    INFO(slip);
    const auto mistakes = mistakes_of("<host id=\"a\" speed=\"1Gf\"><prop id=\"" + slip + "\" value=\"1\"/></host>\n");
    if (name.size() < 6) continue;  // short words have too many neighbours to be taken for a slip
    REQUIRE(mistakes.size() == 1);
    CHECK_THAT(mistakes.front().allowed, ContainsSubstring(name));
  }
}
