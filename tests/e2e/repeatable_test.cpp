// The same scenario and seed give the same results: to the last bit on one computer, within a tolerance on another.
#include <random>
#include <sstream>

#include "sim/base/units.hpp"
#include "tests/e2e/folder_watch.hpp"
#include "tests/e2e/program.hpp"
#include "tests/e2e/small_variant.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> every_method(const std::string& folder, int workers) {
  return {"run", input("every-method.xml"), "-j", std::to_string(workers), "--checkpoint-every", "1", "-o", folder};
}

// Kills it after so many changes in its folder.
void break_off(const std::vector<std::string>& arguments, const std::string& folder, std::size_t changes) {
  fs::create_directories(folder);
  FolderWatch watch({folder});
  Program program(arguments);
  while (changes > 0 && !program.has_ended())
    if (watch.next(100)) --changes;
  REQUIRE_FALSE(program.has_ended());
  program.kill_all();
  program.wait();
}

using Table = std::vector<std::vector<std::string>>;

// Fields with commas stand in quotes; none of those below is a figure.
Table rows_of(const std::string& csv) {
  Table table;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string>& row = table.emplace_back(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"')
        quoted = !quoted;
      else if (c == ',' && !quoted)
        row.emplace_back();
      else
        row.back() += c;
    }
  }
  return table;
}

// What training found, which depends on the kernels of the computer; everything else is arithmetic that does not.
bool is_learned(const std::string& column) {
  return column.find("loss") != std::string::npos || column.find("accuracy") != std::string::npos ||
         column == "disagreement";
}

// Accuracies are of 40 test samples; losses are near log 10.
constexpr double kLearnedTolerance = 0.05, kComputedTolerance = 1e-9;

// Compares the results in "r" with the stored tables whose names begin with `prefix`.
void check_stored(const TemporaryFolder& folder, const std::string& prefix) {
  REQUIRE(msfusion_program({"export", folder.file("r"), "--csv", folder.file("csv")}).code == 0);
  for (const std::string name : {"rounds", "evaluations"}) {
    const Table stored = rows_of(text_of(input("figures/" + prefix + name + ".csv"))),
                found = rows_of(text_of(folder.file("csv/" + name + ".csv")));
    REQUIRE(stored.size() > 1);
    REQUIRE(stored.size() == found.size());
    for (std::size_t column = 0; column < stored.front().size(); ++column) {
      const std::string& heading = stored.front()[column];
      const auto same = std::find(found.front().begin(), found.front().end(), heading);
      INFO(name << ", column " << heading);
      REQUIRE(same != found.front().end());
      const auto index = static_cast<std::size_t>(same - found.front().begin());
      for (std::size_t row = 1; row < stored.size(); ++row) {
        INFO("row " << row);
        const auto wanted = parse_number(stored[row][column]), got = parse_number(found[row][index]);
        REQUIRE(wanted.has_value() == got.has_value());
        if (!wanted) continue;  // a text, as of the critical path, may gain words
        const double tolerance = is_learned(heading) ? kLearnedTolerance : kComputedTolerance;
        CHECK(*got == Approx(*wanted).epsilon(tolerance).margin(is_learned(heading) ? tolerance : 0));
      }
    }
  }
}

}  // namespace

TEST_CASE("every method gives the same results with one, two and four workers, again, and resumed") {
  const TemporaryFolder folder;
  std::mt19937_64 random(11);
  std::map<std::string, std::string> first;
  for (const int workers : {1, 2, 4}) {
    for (const std::string once : {"once", "again"}) {
      const std::string unbroken = folder.file(once + "-" + std::to_string(workers)), broken = unbroken + "-resumed";
      const Ended run = msfusion_program(every_method(unbroken, workers));
      INFO(run.out << run.err);
      REQUIRE(run.code == 0);
      if (first.empty()) first = tables_of(unbroken);
      CHECK(tables_of(unbroken) == first);

      auto arguments = every_method(broken, workers);
      break_off(arguments, broken, 20 + random() % 60);
      arguments.push_back("--resume");
      REQUIRE(msfusion_program(arguments).code == 0);
      CHECK(tables_of(broken) == first);
    }
  }
}

// The stored tables are those of `msfusion export` of tests/e2e/inputs/every-method.xml.
TEST_CASE("every method gives the figures that are stored in the repository") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(every_method(folder.file("r"), 2)).code == 0);
  check_stored(folder, "");
}

// The stored tables are those of `msfusion export` of the scenario's small variant.
TEST_CASE("ten rounds of the paper's headline give the figures that are stored in the repository") {
  const TemporaryFolder folder;
  std::vector<std::string> arguments = small_variant("paper/headline");
  arguments.insert(arguments.end(), {"-o", folder.file("r")});
  const Ended run = msfusion_program(arguments);
  INFO(run.out << run.err);
  REQUIRE(run.code == 0);
  check_stored(folder, "headline-");
}
