// Elements, attributes and text that do not belong where they stand.
#include "tests/scenario/scenario_file.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using test::Parts;

namespace {

Parts with_more(const std::string& more) {
  Parts parts;
  parts.more = more;
  return parts;
}

}  // namespace

TEST_CASE("the outermost element is <scenario>, in no namespace") {
  CHECK(test::mistakes("<scenari/>") == "1: the outermost element is <scenari>; only <scenario> is allowed\n");
  CHECK(test::mistakes("<scenario xmlns='urn:other'/>") ==
        "1: the outermost element is <scenario>; only <scenario> is allowed\n");
}

TEST_CASE("what stands in the wrong place is told with what may stand there") {
  const auto [more, expected] = GENERATE(table<std::string, std::string>({
      {"<prices/>\n<prices/>", "8: a second <prices> in <scenario>; only one is allowed\n"},
      {"<prices><x/></prices>", "7: unknown element <x> in <prices>; no elements are allowed in it\n"},
      {"hm", "1: text within <scenario>; only elements and attributes are allowed\n"},
      {"<prices>hm</prices>", "7: text within <prices>; only elements and attributes are allowed\n"},
      {"<prices><![CDATA[hm]]></prices>", "7: text within <prices>; only elements and attributes are allowed\n"},
      {"<seeds/>",
       "7: <seeds> has no values; needed: 1 to 1000 whole numbers from 0 to 18446744073709551615, "
       "separated by blanks\n"},
      {"<seeds value='1'\n/>", "7: unknown attribute value in <seeds>; allowed: only values; did you mean 'values'?\n"},
      {"<prices xmlns='urn:other'/>",
       "7: unknown element <prices> in <scenario>; allowed: one of platform, data, "
       "model, training, evaluation, constraints, privacy, prices, methods, seeds, sweep, target"},
  }));
  INFO(more);
  const std::string found = test::mistakes(with_more(more));
  CHECK(found.find(expected) != std::string::npos);
}

TEST_CASE("comments, processing instructions and attributes of a schema's namespace may stand anywhere") {
  Parts parts = with_more("<!-- a --><?b c?>\n<prices><!-- d --></prices>");
  parts.scenario += " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:noNamespaceSchemaLocation='/dev/zero'";
  CHECK(test::mistakes(parts).empty());
}

TEST_CASE("of many mistakes a hundred are told, and thousands of elements are one mistake") {
  const auto lines_of = [](int elements) {
    std::string more;
    for (int i = 0; i < elements; ++i) more += "<x" + std::to_string(i) + "/>\n";
    const std::string found = test::mistakes(with_more(more));
    return std::count(found.begin(), found.end(), '\n');
  };
  CHECK(lines_of(900) == 100);
  CHECK(lines_of(20000) == 1);
}

TEST_CASE("100,000 methods are refused at once") {
  Parts parts;
  parts.methods = "<methods>";
  for (int i = 0; i < 100000; ++i) parts.methods += "<method name='fedavg'/>";
  parts.methods += "</methods>";
  CHECK(test::mistakes(parts) == "6: 100000 elements in <methods>; at most 1000 are allowed\n");
}

TEST_CASE("an element that --set makes is checked as if it stood in the file") {
  const std::string found = test::mistakes(Parts(), {{"sweep.vary.path", "training.batch"}});
  CHECK(found.rfind("--set sweep.vary.path=training.batch: <vary> has no values; needed: ", 0) == 0);
}

TEST_CASE("the mistakes of several changes come at once, each with its change") {
  CHECK(test::mistakes(Parts(), {{"training.rounds", "0"}, {"training.batch", "x"}, {"evaluation.every", "2"}}) ==
        "--set training.rounds=0: rounds=\"0\" in <training>; allowed: a whole number from 1 to 1000000000\n"
        "--set training.batch=x: batch=\"x\" in <training>; allowed: a whole number from 1 to 1000000000\n");
}
