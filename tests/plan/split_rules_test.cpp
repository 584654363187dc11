#include "sim/plan/split_rules.hpp"

#include <set>

#include "sim/shape/models.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
Shape mlp(std::vector<int> hidden) {
  return build_shape(MlpOptions{std::move(hidden)}, {InputKind::image, 1, 4, 4, 3});
}
}  // namespace

TEST_CASE("HeteroFL keeps the first units, rounded up where the width does not divide") {
  const WidthSlice slice = fixed_slice(mlp({10, 7}), 0.25);
  CHECK(slice.axes[0].units() == std::vector<int>{0, 1, 2});
  CHECK(slice.axes[1].units() == std::vector<int>{0, 1});
}

TEST_CASE("FedRolex rolls its window by one unit a round, down as released or up as in the text") {
  const Shape shape = mlp({7});
  CHECK(rolling_slice(shape, 0.4, 0, -1).axes[0].units() == std::vector<int>{0, 1, 2});
  CHECK(rolling_slice(shape, 0.4, 1, -1).axes[0].units() == std::vector<int>{6, 0, 1});
  CHECK(rolling_slice(shape, 0.4, 8, -1).axes[0].units() == std::vector<int>{6, 0, 1});
  CHECK(rolling_slice(shape, 0.4, 6, 1).axes[0].units() == std::vector<int>{6, 0, 1});
}

TEST_CASE("Federated Dropout draws distinct units that depend on the seed alone") {
  const Shape shape = mlp({20, 20});
  const WidthSlice slice = random_slice(shape, 0.3, 5);
  const auto units = slice.axes[0].units();
  CHECK(std::set<int>(units.begin(), units.end()).size() == 6);
  CHECK(slice == random_slice(shape, 0.3, 5));
  CHECK_FALSE(slice == random_slice(shape, 0.3, 6));
}

TEST_CASE("double shift spreads equal windows by K / N and moves them by zeta a round") {
  const Shape shape = mlp({8});
  const std::vector<double> rates(4, 0.25);
  CHECK(double_shift_slice(shape, {}, 0, rates, 0).axes[0].units() == std::vector<int>{0, 1});
  CHECK(double_shift_slice(shape, {}, 0, rates, 3).axes[0].units() == std::vector<int>{6, 7});
  CHECK(double_shift_slice(shape, {}, 1, rates, 3).axes[0].units() == std::vector<int>{7, 0});
  CHECK(double_shift_slice(shape, {3, 1, false}, 2, rates, 1).axes[0].units() == std::vector<int>{0, 1});
  CHECK(double_shift_slice(shape, {1, 0.5, false}, 0, rates, 3).axes[0].units() == std::vector<int>{3, 4});
}

TEST_CASE("a decorrelated shift moves every axis by a stride of its own") {
  const Shape shape = mlp({8, 8});
  const WidthSlice slice = double_shift_slice(shape, {1, 1, true}, 3, {0.25, 0.25}, 0);
  CHECK(slice.axes[0].start() == 3);
  CHECK(slice.axes[1].start() == 6);
}

TEST_CASE("every unit is in some window when the rates sum to one or more") {
  for (const auto& rates : std::vector<std::vector<double>>{
           {0.25, 0.25, 0.25, 0.25}, {0.5, 0.2, 0.3}, {0.1, 0.1, 0.4, 0.4}, {0.37, 0.35, 0.33}, {1.0}}) {
    for (int units : {3, 7, 10, 64, 127}) {
      const Shape shape = mlp({units});
      for (int round : {0, 1, 5, 130}) {
        std::set<int> covered;
        for (std::size_t n = 0; n < rates.size(); ++n) {
          const auto window = double_shift_slice(shape, {}, round, rates, n).axes[0].units();
          covered.insert(window.begin(), window.end());
        }
        INFO("units " << units << ", round " << round << ", " << rates.size() << " devices");
        REQUIRE(static_cast<int>(covered.size()) == units);
      }
    }
  }
}
