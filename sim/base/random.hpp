// Random draws that are the same on every platform and with every standard library.
#pragma once

#include <boost/random/uniform_int_distribution.hpp>
#include <cstddef>
#include <random>
#include <utility>
#include <vector>

namespace msfusion {

/// The only generator: the standard fixes its numbers, which it does not do for the standard distributions and
/// std::shuffle.
using Random = std::mt19937_64;

/// Fisher-Yates, from the last element down.
template <class T>
void shuffle(std::vector<T>& values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i) {
    const std::size_t j = boost::random::uniform_int_distribution<std::size_t>(0, i - 1)(random);
    std::swap(values[i - 1], values[j]);
  }
}

}  // namespace msfusion
