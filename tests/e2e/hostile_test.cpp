// Inputs made to do harm: a message with file and line or byte, exit code 2, in a second and 200 MB.
#include <fstream>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sanitizer.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

constexpr double kSeconds = kSanitized ? 20 : 1;
constexpr std::int64_t kBytes = kSanitized ? 1'000'000'000 : 200'000'000;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

void check_refused(const std::string& scenario, const std::string& says) {
  const Ended ended = msfusion_program({"check", scenario});
  INFO(ended.err);
  CHECK(ended.code == 2);
  CHECK_THAT(ended.err, ContainsSubstring(says));
  CHECK(ended.cpu_seconds < kSeconds);
  CHECK(ended.peak_bytes < kBytes);
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

// Nine levels of ten: a billion letters.
std::string entity_bomb() {
  std::string declarations = "<!ENTITY a0 \"aaaaaaaaaa\">";
  for (int level = 1; level <= 9; ++level) {
    declarations += "<!ENTITY a" + std::to_string(level) + " \"";
    for (int i = 0; i < 10; ++i) declarations += "&a" + std::to_string(level - 1) + ";";
    declarations += "\">";
  }
  return declarations;
}

class Hostile {
 public:
  Hostile() : platform(text_of(input("platform.xml"))), scenario(text_of(input("tiny.xml"))) {
    folder.write("platform.xml", platform);
  }
  std::string with(const std::string& from, const std::string& to) const {
    return folder.write("s.xml", replaced(scenario, from, to));
  }

  const TemporaryFolder folder;
  const std::string platform, scenario;
};

}  // namespace

TEST_CASE("entity bombs and external entities are refused, in scenarios, platforms and peer graphs") {
  const Hostile hostile;
  for (const std::string& declarations :
       {entity_bomb(), std::string("<!ENTITY a9 SYSTEM \"file:///etc/passwd\">"),
        std::string("<!ENTITY % p SYSTEM \"http://127.0.0.1:9/x.dtd\"> %p;<!ENTITY a9 \"x\">")}) {
    const std::string doctype = "<!DOCTYPE a [" + declarations + "]>";
    check_refused(hostile.folder.write("s.xml", replaced(replaced(hostile.scenario, "<!--", doctype + "\n<!--"),
                                                         "For the tests", "&a9;")),
                  "s.xml:2: a document type declaration");
    hostile.folder.write(
        "bad.xml", replaced(replaced(hostile.platform, "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">",
                                     "<!DOCTYPE platform [" + declarations + "]>"),
                            "1Gf", "&a9;"));
    check_refused(hostile.with("file=\"platform.xml\"", "file=\"bad.xml\""), "bad.xml:2: ");
    hostile.folder.write("graph.xml", "<?xml version=\"1.0\"?>\n" + doctype + "\n<graphml>&a9;</graphml>\n");
    check_refused(hostile.with("<method name=\"msfusion\" split=\"0.5\" overlap=\"constant\"/>",
                               "<method name=\"msfusion\" split=\"0.5\" graph=\"file\" graph-file=\"graph.xml\"/>"),
                  "graph.xml:2: a document type declaration");
  }
}

TEST_CASE("attributes of a gigabyte, depths without end and files that are none are refused") {
  const Hostile hostile;
  const std::string huge = hostile.folder.write("huge.xml", "<scenario name=\"");
  fs::resize_file(huge, std::uintmax_t{1} << 30);  // the rest is a hole: zeros without end
  check_refused(huge, "huge.xml: is too large");
  check_refused(hostile.with("For the tests", std::string(4'000'000, 'x')), "s.xml:");
  std::string deep = "<?xml version=\"1.0\"?>\n";
  for (int i = 0; i < 1'000'000; ++i) deep += "<a>";
  check_refused(hostile.folder.write("deep.xml", deep), "deep.xml:2: not well-formed XML");
  check_refused("/dev/zero", "/dev/zero: is a device");
  check_refused(hostile.with("file=\"platform.xml\"", "file=\"/dev/zero\""), "/dev/zero: is a device");
  check_refused(hostile.with("file=\"platform.xml\"", "file=\"/etc/passwd\""), "/etc/passwd:1: ");
}

TEST_CASE("numbers that are none, that overflow or that have the wrong sign are refused with their line") {
  const Hostile hostile;
  struct Row {
    const char *from, *attribute, *line;
  };
  for (const Row& row : std::vector<Row>{{"rounds=\"5\"", "rounds", ":7: "},
                                         {"batch=\"8\"", "batch", ":7: "},
                                         {"learning-rate=\"0.05\"", "learning-rate", ":7: "},
                                         {"alpha=\"0.5\"", "alpha", ":5: "},
                                         {"train-samples=\"160\"", "train-samples", ":5: "},
                                         {"channels=\"8 12\"", "channels", ":6: "},
                                         {"values=\"1 2\"", "values", ":17: "},
                                         {"split=\"0.5\"", "split", ":11: "}})
    for (const char* value : {"nan", "inf", "1e999", "-0", "-1", "99999999999999999999999999", "0x10", "1,5", ""}) {
      if (row.attribute == std::string("values") && value == std::string("-0")) continue;
      INFO(row.attribute << " " << value);
      check_refused(hostile.with(row.from, row.attribute + std::string("=\"") + value + "\""), row.line);
    }
  for (const char* speed : {"nan", "infGf", "1e999Gf", "-1Gf", "-0", ""}) {
    hostile.folder.write("bad.xml", replaced(hostile.platform, "1Gf", speed));
    check_refused(hostile.with("file=\"platform.xml\"", "file=\"bad.xml\""), "bad.xml:5: ");
  }
  for (const char* latency : {"nan", "inf", "-20ms"}) {
    hostile.folder.write("bad.xml",
                         replaced(hostile.platform, "latency=\"20ms\"", "latency=\"" + std::string(latency) + "\""));
    check_refused(hostile.with("file=\"platform.xml\"", "file=\"bad.xml\""), "bad.xml:11: ");
  }
}

TEST_CASE("headers that promise two to the 31 images cost no memory") {
  const Hostile hostile;
  const auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(hostile.folder.path() / name, std::ios::binary) << bytes;
  };
  const std::string images = big_endian(0x803) + big_endian(1u << 31) + big_endian(28) + big_endian(28);
  const std::string labels = big_endian(0x801) + big_endian(1u << 31);
  for (const char* part : {"train", "t10k"}) {
    write(std::string(part) + "-images-idx3-ubyte", images);
    write(std::string(part) + "-labels-idx1-ubyte", labels);
  }
  check_refused(hostile.with("set=\"synthetic\"", "set=\"mnist\" path=\"" + hostile.folder.path().string() + "\""),
                "byte ");
  for (int batch = 1; batch <= 5; ++batch)
    write("data_batch_" + std::to_string(batch) + ".bin", std::string(4000, '\xff'));
  write("test_batch.bin", std::string(4000, '\xff'));
  check_refused(hostile.with("set=\"synthetic\"", "set=\"cifar-10\" path=\"" + hostile.folder.path().string() + "\""),
                "byte ");
}

TEST_CASE("names cannot leave the results folder, and sweeps cannot multiply without end") {
  const Hostile hostile;
  for (const char* name : {"../../evil", "a/b", "/etc/x", "..", ".hidden", "a\tb", ""})
    check_refused(hostile.with("name=\"tiny\"", "name=\"" + std::string(name) + "\""), "s.xml:3: name=");
  std::string values = "1";
  for (int i = 2; i <= 200; ++i) values += " | " + std::to_string(i);
  const std::string sweep = hostile.with(
      "<seeds values=\"1 2\"/>", "<seeds values=\"1\"/><sweep><vary path=\"training.rounds\" values=\"" + values +
                                     "\"/><vary path=\"training.batch\" values=\"" + values + "\"/></sweep>");
  const Ended ended = msfusion_program({"run", sweep, "-o", hostile.folder.file("r")});
  CHECK(ended.code == 2);
  CHECK_THAT(ended.err, ContainsSubstring("at most 10000 combinations"));
  CHECK(ended.cpu_seconds < kSeconds);
}

TEST_CASE("store and report treat every name as data") {
  const Hostile hostile;
  const std::string name = "&lt;script&gt;alert(1)&lt;/script&gt;'); DROP TABLE runs; --";
  std::string text = replaced(text_of(input("two-methods.xml")), "<method name=\"fedavg\"/>",
                              "<method name=\"fedavg\" label=\"" + name + "\"/>");
  text = replaced(text, "For the tests", "&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt;");
  const Ended run = msfusion_program(
      {"run", hostile.folder.write("s.xml", text), "--set", "training.rounds=1", "-o", hostile.folder.file("r")});
  INFO(run.out << run.err);
  REQUIRE(run.code == 0);
  CHECK(StoreReader(hostile.folder.file("r/run.sqlite")).runs().at(1).label ==
        "<script>alert(1)</script>'); DROP TABLE runs; --");
  const std::string page = text_of(hostile.folder.file("r/report.html"));
  CHECK(page.find("<script>alert(1)") == std::string::npos);
  CHECK(page.find("<img src=x") == std::string::npos);
}
