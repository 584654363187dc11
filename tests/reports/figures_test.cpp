// The report's charts as files, drawn without a browser.
#include "reports/figures.hpp"

#include <set>

#include "sim/base/xml.hpp"
#include "tests/reports/sample_store.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

const char* const kHostile = "<script>alert(1)</script><!-- \"'&\x1b[31m";

}  // namespace

TEST_CASE("figures are drawn without a browser") {
  TemporaryFolder folder;
  auto options = one_method();
  options.rounds = 3;
  options.labels = {kHostile};
  write_sample(folder.path, options);
  const auto drawn = figures({folder.path.string()}, (folder.path / "figures").string());
  CHECK(drawn.files.size() >= 15);
  CHECK(drawn.failures.empty());
  for (const auto& name : drawn.files) {
    const auto svg = text_of(folder.path / "figures" / name);
    CHECK_THAT(svg, StartsWith("<svg") && !ContainsSubstring("<script"));
    CHECK_NOTHROW(XmlDocument::parse_text(svg, name, XmlDocument::Doctype::refused));
  }
}

TEST_CASE("a peer graph of any kind is drawn") {
  for (const char* graph : {"complete", "ring", "chords", "star"}) {
    INFO(graph);
    TemporaryFolder folder;
    auto options = one_method();
    options.peer_graph = graph;
    write_sample(folder.path, options);
    const auto drawn = figures({folder.path.string()}, (folder.path / "figures").string());
    CHECK(drawn.failures.empty());
    CHECK_THAT(text_of(folder.path / "figures" / "peers-msfusion.svg"),
               StartsWith("<svg") && !ContainsSubstring("NaN"));
  }
}

TEST_CASE("figures of labels without ASCII letters have names of their own, the same every time") {
  TemporaryFolder folder;
  SampleOptions options;
  options.methods = {"msfusion", "fedavg", "fedavg", "fedavg"};
  options.labels = {"\xe5\x90\x88\xe4\xbd\x93", "\xe5\xb9\xb3\xe5\x9d\x87", "+", "*"};
  options.seeds = 1;
  options.rounds = 2;
  write_sample(folder.path, options);
  const auto drawn = figures({folder.path.string()}, (folder.path / "figures").string());
  const std::set<std::string> distinct(drawn.files.begin(), drawn.files.end());
  CHECK(distinct.size() == drawn.files.size());
  for (const char* name : {"timeline-\xe5\x90\x88\xe4\xbd\x93.svg", "timeline-\xe5\xb9\xb3\xe5\x9d\x87.svg",
                           "timeline--.svg", "timeline---2.svg"})
    CHECK(distinct.count(name) == 1);
  CHECK(figures({folder.path.string()}, (folder.path / "again").string()).files == drawn.files);
}
