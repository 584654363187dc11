#include "sim/method/choices.hpp"

#include <algorithm>
#include <set>

#include "sim/method/exchanges/exchange.hpp"
#include "sim/method/personal_options.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

// Rows 0, 1, 2, ... stand for enumerators 0, 1, 2, ...: with the last enumerator, every one has its row.
template <class Table, class T>
void check_table(const Table& table, T last) {
  CHECK(table.size() == static_cast<std::size_t>(last) + 1);
  std::set<std::string> names;
  for (std::size_t i = 0; i < table.size(); ++i) {
    CHECK(static_cast<std::size_t>(table[i].value) == i);
    CHECK(value_of(table, table[i].name) == table[i].value);
    CHECK(!std::string(table[i].meaning).empty());
    names.insert(table[i].name);
  }
  CHECK(names.size() == table.size());
}

}  // namespace

TEST_CASE("every choice has a row of its own, a name that no other has, and a meaning") {
  check_table(kSplitRules, SplitRule::double_shift);
  check_table(kObjectives, ObjectiveKind::important_weights);
  check_table(kPersonals, PersonalKind::norms);
  check_table(kExchanges, ExchangeKind::central);
  check_table(kMerges, MergeKind::none);
  check_table(kPeerGraphs, PeerGraph::file);
}

TEST_CASE("every split rule cuts a slice and every exchange adds steps") {
  for (const SplitRuleRow& rule : kSplitRules) CHECK(rule.slice);
  for (const ExchangeRow& row : kExchanges) CHECK(exchange_of(row.value).add_steps);
}

TEST_CASE("every merge goes with an exchange, and every exchange with a merge") {
  for (const MergeRow& merge : kMerges) {
    INFO(merge.name);
    CHECK(std::any_of(kExchanges.begin(), kExchanges.end(),
                      [&](const ExchangeRow& exchange) { return exchange.merges.has(merge.value); }));
  }
  for (const ExchangeRow& exchange : kExchanges) {
    INFO(exchange.name);
    CHECK(std::any_of(kMerges.begin(), kMerges.end(),
                      [&](const MergeRow& merge) { return exchange.merges.has(merge.value); }));
  }
}
