#include "sim/data/partition.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "tests/data/data_files.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;
using Rule = DataOptions::Partition;

namespace {
/// `per_class` samples of each of `classes` classes, the classes interleaved.
Dataset labelled(int classes, int per_class) {
  Dataset data;
  data.name = "labelled";
  data.classes = classes;
  for (int i = 0; i < classes * per_class; ++i) data.train_images.labels.push_back(i % classes);
  return data;
}

Dataset text(int windows) {
  Dataset data;
  data.kind = DataKind::tokens;
  data.window = 5;
  data.train_tokens.tokens.resize(static_cast<std::size_t>(windows * 5 + 1));
  return data;
}

DataOptions rule(Rule partition) {
  DataOptions spec;
  spec.partition = partition;
  spec.line = 12;
  return spec;
}

std::vector<std::int32_t> everything(const Partition& parts) {
  std::vector<std::int32_t> all;
  for (const auto& part : parts.samples) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::int32_t> first_numbers(std::size_t count) {
  std::vector<std::int32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

std::set<int> classes_of(const Dataset& data, const std::vector<std::int32_t>& part) {
  std::set<int> classes;
  for (const auto i : part) classes.insert(data.train_images.labels[static_cast<std::size_t>(i)]);
  return classes;
}
}  // namespace

TEST_CASE("every rule deals every sample to exactly one device, in ascending order, by the seed alone") {
  Dataset data = labelled(10, 60);
  for (std::size_t i = 0; i < 600; ++i) data.train_images.groups.push_back(static_cast<std::int32_t>(i / 20));
  const auto which = GENERATE(Rule::iid, Rule::dirichlet, Rule::shards, Rule::label_k, Rule::natural);
  const DataOptions spec = rule(which);
  const Partition parts = partition(data, spec, 10, 4);
  REQUIRE(parts.samples.size() == 10);
  CHECK(everything(parts) == first_numbers(600));
  for (const auto& part : parts.samples) CHECK(std::is_sorted(part.begin(), part.end()));
  CHECK(partition(data, spec, 10, 4).samples == parts.samples);
  CHECK(partition(data, spec, 10, 5).samples != parts.samples);
}

TEST_CASE("iid parts have equal sizes, give or take one") {
  const Partition parts = partition(labelled(10, 10), rule(Rule::iid), 7, 1);
  for (const auto& part : parts.samples) CHECK((part.size() == 14 || part.size() == 15));
}

TEST_CASE("as many devices as samples get one each") {
  for (const double skew : {0.0, 3.0}) {
    DataOptions spec = rule(Rule::iid);
    spec.size_skew = skew;
    for (const auto& part : partition(labelled(2, 20), spec, 40, 1).samples) CHECK(part.size() == 1);
  }
}

TEST_CASE("size_skew is the spread of the logarithm of iid sizes") {
  DataOptions spec = rule(Rule::iid);
  spec.size_skew = 0.5;
  const Partition parts = partition(labelled(10, 100000), spec, 1000, 1);
  double sum = 0, squares = 0;
  for (const auto& part : parts.samples) {
    const double log_size = std::log(static_cast<double>(part.size()));
    sum += log_size;
    squares += log_size * log_size;
  }
  CHECK(std::sqrt(squares / 1000 - sum * sum / 1e6) == Approx(0.5).epsilon(0.1));
  CHECK(everything(parts) == first_numbers(1000000));
}

TEST_CASE("a small Dirichlet alpha makes devices unlike each other, a large one alike") {
  const Dataset data = labelled(10, 1000);
  // The mean over devices of the largest class's share of a part: 0.1 when classes are equally frequent.
  const auto largest_share = [&](double alpha) {
    DataOptions spec = rule(Rule::dirichlet);
    spec.alpha = alpha;
    const Partition parts = partition(data, spec, 10, 2);
    double total = 0;
    for (const auto& part : parts.samples) {
      std::vector<int> counts(10, 0);
      for (const auto i : part)
        ++counts[static_cast<std::size_t>(data.train_images.labels[static_cast<std::size_t>(i)])];
      total += *std::max_element(counts.begin(), counts.end()) / static_cast<double>(part.size());
    }
    return total / 10;
  };
  CHECK(largest_share(0.1) > 0.5);
  CHECK(largest_share(1000) < 0.13);
}

TEST_CASE("a Dirichlet partition's smallest part has ten samples, or half a fair share where that is less") {
  DataOptions spec = rule(Rule::dirichlet);
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    spec.alpha = 0.3;
    for (const auto& part : partition(labelled(10, 60), spec, 10, seed).samples) CHECK(part.size() >= 10);
    spec.alpha = 1;
    for (const auto& part : partition(labelled(4, 20), spec, 10, seed).samples) CHECK(part.size() >= 4);
  }
}

TEST_CASE("a device that has its fair share gets no more classes") {
  // A device below its fair share of 1000 gets at most one more class of 500. Without the rule three whole classes at
  // one device would be common at an alpha near 0, and would pass the lower limit.
  DataOptions spec = rule(Rule::dirichlet);
  spec.alpha = 0.001;
  const Dataset data = labelled(4, 500);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const auto& part : partition(data, spec, 2, seed).samples) CHECK(part.size() < 1500);
  }
}

TEST_CASE("shards give every device its number of classes, in equal contiguous pieces") {
  const Dataset data = labelled(10, 100);
  DataOptions spec = rule(Rule::shards);
  for (const int classes : {1, 2, 3, 10}) {
    spec.classes_per_device = classes;
    const Partition parts = partition(data, spec, 20, 1);
    for (const auto& part : parts.samples) {
      CHECK(classes_of(data, part).size() == static_cast<std::size_t>(classes));
      CHECK(std::abs(static_cast<int>(part.size()) - 50) < classes);  // a class of 100 among 6 devices: 16 or 17
    }
    CHECK(everything(parts) == first_numbers(1000));
  }
  SECTION("a piece is a run of its class in the order of the data") {
    spec.classes_per_device = 1;
    for (const auto& part : partition(data, spec, 20, 1).samples) {
      for (std::size_t i = 1; i < part.size(); ++i) CHECK(part[i] - part[i - 1] == 10);
    }
  }
}

TEST_CASE("label-k gives device n class n mod K and others by chance, every class cut equally among its devices") {
  const Dataset data = labelled(10, 120);
  DataOptions spec = rule(Rule::label_k);
  spec.classes_per_device = 3;
  const Partition parts = partition(data, spec, 15, 1);
  std::vector<int> takers(10, 0);
  for (std::size_t n = 0; n < 15; ++n) {
    const std::set<int> classes = classes_of(data, parts.samples[n]);
    CHECK(classes.size() == 3);
    CHECK(classes.count(static_cast<int>(n % 10)) == 1);
    for (const int k : classes) ++takers[static_cast<std::size_t>(k)];
  }
  CHECK(everything(parts) == first_numbers(1200));
  for (std::size_t n = 0; n < 15; ++n) {
    double expected = 0;
    for (const int k : classes_of(data, parts.samples[n])) expected += 120.0 / takers[static_cast<std::size_t>(k)];
    CHECK(std::abs(static_cast<double>(parts.samples[n].size()) - expected) < 3);
  }
}

TEST_CASE("shards of fewer places than classes leave whole classes out") {
  DataOptions spec = rule(Rule::shards);
  const Dataset data = labelled(10, 10);
  const Partition parts = partition(data, spec, 3, 1);
  CHECK(everything(parts).size() == 60);
  for (const auto& part : parts.samples) CHECK(classes_of(data, part).size() == 2);
}

TEST_CASE("a natural partition keeps groups whole, and text in contiguous blocks") {
  Dataset data = labelled(2, 50);
  for (int i = 0; i < 100; ++i) data.train_images.groups.push_back(i % 7);
  const Partition parts = partition(data, rule(Rule::natural), 3, 1);
  std::set<std::int32_t> seen;
  for (const auto& part : parts.samples) {
    std::set<std::int32_t> groups;
    for (const auto i : part) groups.insert(data.train_images.groups[static_cast<std::size_t>(i)]);
    for (const auto group : groups) CHECK(seen.insert(group).second);
  }
  CHECK(partition(text(10), rule(Rule::natural), 3, 1).samples ==
        std::vector<std::vector<std::int32_t>>{{0, 1, 2}, {3, 4, 5}, {6, 7, 8, 9}});
  CHECK(everything(partition(text(10), rule(Rule::iid), 3, 1)) == first_numbers(10));
}

TEST_CASE("a partition that cannot be made says why, at the scenario's line") {
  const Dataset data = labelled(10, 10);
  const auto message = [](const Dataset& set, const DataOptions& spec, int devices) {
    return error_of([&] { partition(set, spec, devices, 1); });
  };
  CHECK_THAT(message(data, rule(Rule::iid), 101), ContainsSubstring(":12: 101 devices for 100 training samples"));
  CHECK_THAT(message(data, rule(Rule::natural), 2), ContainsSubstring("natural") && ContainsSubstring("no key"));
  CHECK_THAT(message(text(10), rule(Rule::dirichlet), 2), ContainsSubstring("text, which has no classes"));
  CHECK_THAT(message(text(10), rule(Rule::shards), 2), ContainsSubstring("text, which has no classes"));
  DataOptions spec = rule(Rule::shards);
  spec.classes_per_device = 11;
  CHECK_THAT(message(data, spec, 2), ContainsSubstring("11 classes per device; 1 to 10"));
  spec = rule(Rule::dirichlet);
  spec.alpha = 1e-3;
  CHECK_THAT(message(data, spec, 20), ContainsSubstring("alpha=0.001") && ContainsSubstring("a larger alpha"));
}
