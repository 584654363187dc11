#include "reports/sweeps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <sstream>

#include "sim/base/natural_order.hpp"
#include "sim/base/units.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kLongestName = 120;

std::string meta_of(const OpenedStore& store, const char* key) {
  const auto found = store.meta.find(key);
  return found == store.meta.end() ? "" : found->second;
}

using Values = std::vector<std::pair<std::string, std::string>>;

bool combination_less(const Values& a, const Values& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.first == other.first ? value_less(one.second, other.second) : natural_less(one.first, other.first);
  });
}

std::string name_of(const Values& values) {
  std::string name;
  for (const auto& [path, value] : values)
    name += fmt::format("{}{}={}", name.empty() ? "" : ", ", path.substr(path.rfind('.') + 1), value);
  return name;
}

}  // namespace

std::string sweep_of(const std::vector<OpenedStore>& stores) {
  if (stores.size() == 1) return "";  // a combination's own page has its name
  const std::string sweep = meta_of(stores.front(), meta_key::sweep);
  const bool all = std::all_of(stores.begin(), stores.end(),
                               [&](const OpenedStore& store) { return meta_of(store, meta_key::sweep) == sweep; });
  return all ? sweep : "";
}

std::vector<std::pair<std::string, std::string>> varied_values(const OpenedStore& store) {
  Values values;
  std::istringstream lines(meta_of(store, meta_key::sweep_values));
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=', line.rfind(']') == line.npos ? 0 : line.rfind(']'));
    if (equals != line.npos) values.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  return values;
}

bool value_less(const std::string& a, const std::string& b) {
  const auto x = parse_share(a), y = parse_share(b);
  if (x && y && *x != *y) return *x < *y;
  if (x.has_value() != y.has_value()) return x.has_value();
  return natural_less(a, b);
}

void arrange_sweep(std::vector<OpenedStore>& stores) {
  if (sweep_of(stores).empty()) return;
  std::vector<Values> values;
  for (const OpenedStore& store : stores) values.push_back(varied_values(store));
  std::vector<std::size_t> order(stores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return combination_less(values[a], values[b]); });
  std::vector<OpenedStore> arranged;
  for (const std::size_t i : order) {
    arranged.push_back(std::move(stores[i]));
    const std::string name = name_of(values[i]);
    if (!name.empty() && name.size() <= kLongestName) arranged.back().name = name;
  }
  stores = std::move(arranged);
}

}  // namespace msfusion
