#include "tools/commands/sweep.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include "sim/base/error.hpp"
#include "sim/experiment/preparation.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostCombinations = 10'000;
constexpr std::size_t kMostMistakes = 100;

constexpr std::size_t kLongestName = 200;  // of a folder, with ".log" behind it; most systems allow 255 bytes

std::string fit_for_a_name(std::string text) {
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '=' && c != ',') c = '_';
  return text;
}

// "batch=16,split=0.25": the last word of each path, which is what a reader looks for. Long names end in a checksum.
std::string name_of(const std::vector<Override>& combination) {
  std::string name;
  for (const Override& value : combination)
    name += fmt::format("{}{}={}", name.empty() ? "" : ",", value.path.substr(value.path.rfind('.') + 1), value.value);
  name = fit_for_a_name(name);
  if (name.size() <= kLongestName) return name;
  const auto sum = crc32_z(0, reinterpret_cast<const unsigned char*>(name.data()), name.size());
  return name.substr(0, kLongestName) + fmt::format("-{:08x}", sum);
}

// As the scenario's own name, so that the comparison tells the combinations apart.
std::string run_name(const std::vector<Override>& combination) {
  std::string name = name_of(combination).substr(0, 100);
  std::replace(name.begin(), name.end(), '=', '-');
  std::replace(name.begin(), name.end(), ',', '_');
  return name;
}

std::vector<std::vector<Override>> product(const std::vector<SweepAxis>& axes, const std::string& scenario) {
  std::vector<std::vector<Override>> combinations(1);
  for (const SweepAxis& axis : axes) {
    std::vector<std::vector<Override>> longer;
    for (const std::vector<Override>& combination : combinations)
      for (const std::string& value : axis.values) {
        longer.push_back(combination);
        longer.back().push_back({axis.path, value});
        if (axis.line > 0) longer.back().back().source = fmt::format("{}:{}: <vary>", scenario, axis.line);
      }
    combinations = std::move(longer);
  }
  return combinations;
}

void check_count(const Sweep& sweep, const std::string& scenario) {
  std::size_t count = 1;
  for (const SweepAxis& axis : sweep.axes) {
    count *= axis.values.size();  // cannot overflow: each axis is a list that was read, and the product stops here
    if (count > kMostCombinations)
      throw UserError(Mistake{scenario, axis.line, "a sweep that multiplies without end",
                              fmt::format("at most {} combinations", kMostCombinations)});
  }
}

std::string text_of(const std::vector<Override>& values) {
  std::string text;
  for (const Override& value : values)
    text += fmt::format("{}{}={}{}", text.empty() ? "" : ", ", value.path, value.value,
                        value.source.empty() ? "" : " of " + value.source);
  return text;
}

/// What is wrong with the combinations, each mistake once.
class SweepMistakes {
 public:
  explicit SweepMistakes(std::size_t combinations) : combinations_(combinations) {}

  template <class Action>
  void collect(const Combination& combination, Action action) {
    try {
      action();
    } catch (const UserError& error) {
      for (const Mistake& mistake : error.mistakes()) add(mistake, combination);
    }
  }

  bool is_full() const { return order_.size() >= kMostMistakes; }

  /// Throws them, if there are any: with the values that all combinations with the mistake share.
  void report() const {
    std::vector<Mistake> mistakes;
    for (const Found* found : order_) {
      mistakes.push_back(found->mistake);
      const std::string& where = found->mistake.file;
      if (found->times == combinations_ || where.find("<vary>") != where.npos || where.rfind("--set", 0) == 0) continue;
      mistakes.back().found += found->shared.empty() ? fmt::format(" (e.g. with {})", text_of(found->first))
                                                     : fmt::format(" (with {})", text_of(found->shared));
    }
    if (!mistakes.empty()) throw UserError(std::move(mistakes));
  }

 private:
  struct Found {
    Mistake mistake;
    std::size_t times = 0;
    std::vector<Override> first, shared;  // values of the combinations
  };

  void add(const Mistake& mistake, const Combination& combination) {
    Found& found = found_[to_string(mistake)];
    if (found.times++ == 0) {
      found = {mistake, 1, combination.values, combination.values};
      order_.push_back(&found);
      return;
    }
    const auto differs = [&](const Override& value) {
      return std::none_of(combination.values.begin(), combination.values.end(), [&](const Override& other) {
        return other.path == value.path && other.value == value.value;
      });
    };
    found.shared.erase(std::remove_if(found.shared.begin(), found.shared.end(), differs), found.shared.end());
  }

  std::size_t combinations_;
  std::map<std::string, Found> found_;
  std::vector<const Found*> order_;
};

}  // namespace

Sweep split_sweep(const std::vector<Override>& overrides, const std::vector<SweepAxis>& of_scenario) {
  Sweep sweep;
  std::map<std::string, int> times;
  for (const Override& change : overrides) ++times[change.path];
  sweep.axes = of_scenario;
  const auto axis_of = [&](const std::string& path) {
    return std::find_if(sweep.axes.begin(), sweep.axes.end(), [&](const SweepAxis& axis) { return axis.path == path; });
  };
  // What the command line says about a path replaces what the file's sweep says about it.
  for (const auto& [path, count] : times)
    if (const auto axis = axis_of(path); axis != sweep.axes.end()) sweep.axes.erase(axis);
  for (const Override& change : overrides) {
    if (times[change.path] == 1) {
      sweep.fixed.push_back(change);
      continue;
    }
    auto axis = axis_of(change.path);
    if (axis == sweep.axes.end()) axis = sweep.axes.insert(axis, SweepAxis{change.path, {}, 0});
    axis->values.push_back(change.value);
  }
  return sweep;
}

std::vector<Combination> checked_combinations(const Sweep& sweep, const std::string& scenario) {
  check_count(sweep, scenario);
  std::vector<Combination> combinations;
  std::set<std::string> names;
  for (const std::vector<Override>& values : product(sweep.axes, scenario)) {
    combinations.push_back({values, sweep.fixed, name_of(values), run_name(values), {}});
    if (!names.insert(combinations.back().name).second)
      throw UserError(Mistake{scenario, 0, fmt::format("two combinations of the sweep called {}", name_of(values)),
                              "values that differ in letters or digits"});
    std::vector<Override>& all = combinations.back().overrides;
    all.insert(all.end(), values.begin(), values.end());
    all.push_back({"name", combinations.back().run_name});
  }
  // A mistake in the last combination must not cost the first ones' hours. What the scenarios say is judged before
  // anything is loaded for them.
  SweepMistakes of_texts(combinations.size()), of_contents(combinations.size());
  for (Combination& one : combinations)
    if (!of_texts.is_full())
      of_texts.collect(one, [&] { one.until = read_scenario(scenario, one.overrides).training.until; });
  of_texts.report();
  for (const Combination& one : combinations)
    if (!of_contents.is_full()) of_contents.collect(one, [&] { prepare(scenario, one.overrides, true); });
  of_contents.report();
  return combinations;
}

}  // namespace msfusion
