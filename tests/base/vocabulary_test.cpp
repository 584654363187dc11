#include "sim/base/vocabulary.hpp"

#include <array>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

enum class Colour { red, green };
constexpr std::array<Choice<Colour>, 2> kColours{{{Colour::red, "red", ""}, {Colour::green, "green", ""}}};

struct Inner {
  int depth = 2;
};
struct Options {
  int count = 3;
  std::optional<int> limit;
  std::vector<int> widths = {8, 16};
  double share = 0.5;
  Colour colour = Colour::red;
  Inner inner;
};

const Vocabulary<Options>& vocabulary() {
  using O = Options;
  static const Vocabulary<O> all{
      {
          attribute<O>("count", &O::count, whole(1, 9), "How many.", ""),
          attribute<O>("limit", &O::limit, whole(0), "At most.", "").absent("no limit"),
          attribute<O>("widths", &O::widths, list_of(whole(1)), "How wide.", ""),
          attribute<O>("share", &O::share, number_below(0, 1), "How much.", "")
              .only_with(
                  "colour", [](const O& o) { return o.colour == Colour::green; }, "colour=\"green\""),
          attribute<O>("colour", &O::colour, one_of_table("colour", kColours), "Which.", ""),
          attribute<O>(
              "depth", [](auto& o) -> auto& { return o.inner.depth; }, whole(1), "How deep.", ""),
      },
      {}};
  return all;
}

struct Outcome {
  Options options;
  std::vector<Objection> objections;
};

Outcome read(const std::map<std::string, std::string>& attributes) {
  std::map<std::string, GivenAttributes::Value> values;
  for (const auto& [name, text] : attributes) values[name] = {text, text};
  GivenAttributes given("box", values);
  Outcome outcome;
  read_options(vocabulary(), outcome.options, given);
  outcome.objections = given.objections();
  return outcome;
}

}  // namespace

TEST_CASE("attributes set the members that their rows are bound to") {
  const Outcome outcome = read(
      {{"count", " 7 "}, {"limit", "0"}, {"widths", "1  2 3"}, {"colour", "green"}, {"share", "0.25"}, {"depth", "5"}});
  CHECK(outcome.objections.empty());
  CHECK(outcome.options.count == 7);
  CHECK(outcome.options.limit == 0);
  CHECK(outcome.options.widths == std::vector<int>{1, 2, 3});
  CHECK(outcome.options.share == 0.25);
  CHECK(outcome.options.inner.depth == 5);
}

TEST_CASE("a wrong value leaves the default, and says what is allowed") {
  const Outcome outcome = read({{"count", "10"}, {"colour", "gren"}});
  CHECK(outcome.options.count == 3);
  REQUIRE(outcome.objections.size() == 2);
  CHECK(outcome.objections[0].found == "count=\"10\" in <box>");
  CHECK(outcome.objections[0].allowed == "allowed: a whole number from 1 to 9");
  CHECK(outcome.objections[1].allowed == "allowed: one of red, green; did you mean 'green'?");
}

TEST_CASE("an attribute without effect is refused, unless the one that it depends on is wrong itself") {
  CHECK(read({{"share", "0.1"}}).objections.front().allowed == "allowed only with colour=\"green\"");
  CHECK(read({{"share", "0.1"}, {"colour", "blue"}}).objections.size() == 1);
}

TEST_CASE("defaults are those of the options themselves") {
  std::map<std::string, std::string> defaults;
  for (const AttributeInfo& row : describe(vocabulary())) defaults[row.name] = row.fallback;
  CHECK(defaults == std::map<std::string, std::string>{{"count", "3"},
                                                       {"limit", "no limit"},
                                                       {"widths", "8 16"},
                                                       {"share", "0.5"},
                                                       {"colour", "red"},
                                                       {"depth", "2"}});
}

TEST_CASE("what a type takes is what it says") {
  CHECK(whole(1, 9).parse("9") == 9);
  for (const char* text : {"0", "10", "-1", "+1", "1.0", "1e0", "", " ", "1 2", "0x1"})
    CHECK_FALSE(whole(1, 9).parse(text));
  CHECK(whole_of_64_bits().parse("18446744073709551615") == UINT64_MAX);
  CHECK_FALSE(whole_of_64_bits().parse("18446744073709551616"));
  CHECK(number_from(0, 1).parse("1") == 1.0);
  CHECK_FALSE(number_below(0, 1).parse("1"));
  CHECK_FALSE(number_above(0, 1).parse("0"));
  for (const char* text : {"nan", "inf", "-0", "+0.5", "0,5", "1e999", "0x1"})
    CHECK_FALSE(number_from(0, 1).parse(text));
  CHECK(quantity(Quantity::seconds, "30s").parse("1.5min") == 90.0);
  for (const char* text : {"-1s", "30", "s", "1e308d"}) CHECK_FALSE(quantity(Quantity::seconds, "30s").parse(text));
  CHECK(text_up_to(3).parse("äöü") == "äöü");
  CHECK_FALSE(text_up_to(2).parse("äöü"));
  CHECK_FALSE(line_up_to(2).parse(""));
}

TEST_CASE("numbers are written as people write them") {
  CHECK(decimal(0.05) == "0.05");
  CHECK(decimal(1e-8) == "1e-8");
  CHECK(decimal(1e12) == "1e12");
  CHECK(decimal(1) == "1");
}
