#include "sim/base/spelling.hpp"

#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("the nearest spelling is found, and nothing far-fetched") {
  const std::vector<std::string> words = {"fedavg", "fedavgm", "msfusion", "rounds"};
  CHECK(nearest_spelling("fedvag", words) == "fedavg");
  CHECK(nearest_spelling("msfuson", words) == "msfusion");
  CHECK(nearest_spelling("round", words) == "rounds");
  CHECK(nearest_spelling("rnu", {"run", "plan"}) == "run");
  CHECK(nearest_spelling("zebra", words).empty());
  CHECK(nearest_spelling(std::string(1000000, 'x'), words).empty());
}

TEST_CASE("a message lists what is allowed and what was probably meant") {
  CHECK(one_of("dwon", {"down", "up"}) == "one of down, up; did you mean 'down'?");
  CHECK(one_of("sideways", {"down", "up"}) == "one of down, up");
}
