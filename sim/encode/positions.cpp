#include "sim/encode/positions.hpp"

#include <algorithm>
#include <cmath>

#include "sim/base/random.hpp"
#include "sim/base/vectorised.hpp"
#include "sim/encode/bytes.hpp"

namespace msfusion {

namespace {

constexpr int kWord = 64;

// One bit for each element.
class Bits {
 public:
  explicit Bits(std::int64_t elements) : words_(static_cast<std::size_t>(ceil_divide(elements, kWord))) {}

  bool has(std::uint64_t place) const { return (words_[place / kWord] >> place % kWord & 1) != 0; }
  void add(std::uint64_t place) { words_[place / kWord] |= std::uint64_t{1} << place % kWord; }
  void flip() {
    for (std::uint64_t& word : words_) word = ~word;
  }
  std::uint64_t* words() { return words_.data(); }

  Positions positions(std::int64_t count) const {
    Positions result;
    result.reserve(static_cast<std::size_t>(count));
    for (std::size_t w = 0; w < words_.size(); ++w)
      for (std::uint64_t word = words_[w]; word != 0 && static_cast<std::int64_t>(result.size()) < count;
           word &= word - 1)
        result.push_back(static_cast<std::uint32_t>(w * kWord + static_cast<unsigned>(__builtin_ctzll(word))));
    return result;
  }

 private:
  std::vector<std::uint64_t> words_;
};

bool as_bits(std::int64_t elements, std::int64_t count) {
  return ceil_divide(elements, 8) < count * static_cast<std::int64_t>(sizeof(std::uint32_t));
}

// |u| as a number that is ordered like it.
std::uint32_t magnitude(float value, float reference) {
  const float u = value - reference;
  std::uint32_t bits;
  std::memcpy(&bits, &u, sizeof bits);
  return bits & 0x7fffffffU;
}

MSFUSION_VECTORISED bool any_at_least(const float* values, const float* reference, std::int64_t count,
                                      std::uint32_t least) {
  std::uint32_t found = 0;
  for (std::int64_t i = 0; i < count; ++i) found |= magnitude(values[i], reference[i]) >= least ? 1U : 0U;
  return found != 0;
}

struct Candidate {
  std::uint32_t magnitude, place;
};

// In the order of places.
std::vector<Candidate> candidates(const float* values, const float* reference, std::int64_t elements,
                                  std::uint32_t least) {
  constexpr std::int64_t kBlock = 64;
  std::vector<Candidate> found;
  for (std::int64_t first = 0; first < elements; first += kBlock) {
    const std::int64_t count = std::min(kBlock, elements - first);
    if (!any_at_least(values + first, reference + first, count, least)) continue;
    for (std::int64_t i = first; i < first + count; ++i) {
      const std::uint32_t size = magnitude(values[i], reference[i]);
      if (size >= least) found.push_back({size, static_cast<std::uint32_t>(i)});
    }
  }
  return found;
}

// What a sample says is somewhat below the magnitude of the last position to keep; 0 for small tensors.
std::uint32_t guessed_least(const float* values, const float* reference, std::int64_t elements, std::int64_t count) {
  constexpr std::int64_t kSample = 8192;
  if (elements < 4 * kSample) return 0;
  std::vector<std::uint32_t> sample;
  const std::int64_t stride = elements / kSample;
  for (std::int64_t i = 0; i < kSample; ++i) sample.push_back(magnitude(values[i * stride], reference[i * stride]));
  const double expected = static_cast<double>(count) / static_cast<double>(elements) * kSample;
  const auto rank = static_cast<std::int64_t>(expected + 4 * std::sqrt(expected) + 8);
  if (rank >= kSample) return 0;
  std::nth_element(sample.begin(), sample.begin() + rank, sample.end(), std::greater<>());
  return sample[static_cast<std::size_t>(rank)];
}

}  // namespace

std::int64_t kept_elements(double ratio, std::int64_t elements) {
  const double exact = ratio * static_cast<double>(elements);
  const auto count = static_cast<std::int64_t>(std::ceil(exact - 1e-9 * std::max(1.0, exact)));
  return std::clamp<std::int64_t>(count, 1, elements);
}

Positions random_positions(std::uint64_t seed, std::int64_t elements, std::int64_t count) {
  // Floyd's sampling of the smaller part.
  const bool inverse = count > elements / 2;
  const std::int64_t drawn = inverse ? elements - count : count;
  Bits chosen(elements);
  Random random(seed);
  for (std::int64_t last = elements - drawn; last < elements; ++last) {
    const std::uint64_t place =
        boost::random::uniform_int_distribution<std::uint64_t>(0, static_cast<std::uint64_t>(last))(random);
    chosen.add(chosen.has(place) ? static_cast<std::uint64_t>(last) : place);
  }
  if (inverse) chosen.flip();
  return chosen.positions(count);
}

Positions largest_positions(const float* values, const float* reference, std::int64_t elements, std::int64_t count) {
  std::vector<Candidate> found =
      candidates(values, reference, elements, guessed_least(values, reference, elements, count));
  if (static_cast<std::int64_t>(found.size()) < count) found = candidates(values, reference, elements, 0);
  std::vector<std::uint32_t> sizes;
  sizes.reserve(found.size());
  for (const Candidate& one : found) sizes.push_back(one.magnitude);
  std::nth_element(sizes.begin(), sizes.begin() + (count - 1), sizes.end(), std::greater<>());
  const std::uint32_t least = sizes[static_cast<std::size_t>(count - 1)];
  const auto larger =
      std::count_if(sizes.begin(), sizes.begin() + count, [&](std::uint32_t size) { return size > least; });
  std::int64_t equal = count - larger;
  Positions result;
  result.reserve(static_cast<std::size_t>(count));
  for (const Candidate& one : found)
    if (one.magnitude > least || (one.magnitude == least && equal-- > 0)) result.push_back(one.place);
  return result;
}

std::int64_t position_bytes(std::int64_t elements, std::int64_t count) {
  return as_bits(elements, count) ? ceil_divide(elements, 8) : count * static_cast<std::int64_t>(sizeof(std::uint32_t));
}

void put_positions(std::byte*& message, const Positions& positions, std::int64_t elements) {
  const auto count = static_cast<std::int64_t>(positions.size());
  if (as_bits(elements, count)) {
    Bits bits(elements);
    for (const std::uint32_t place : positions) bits.add(place);
    std::memcpy(message, bits.words(), static_cast<std::size_t>(ceil_divide(elements, 8)));
  } else {
    std::memcpy(message, positions.data(), positions.size() * sizeof(std::uint32_t));
  }
  message += position_bytes(elements, count);
}

Positions get_positions(const std::byte*& message, std::int64_t elements, std::int64_t count) {
  const std::byte* from = message;
  message += position_bytes(elements, count);
  if (as_bits(elements, count)) {
    Bits bits(elements);
    std::memcpy(bits.words(), from, static_cast<std::size_t>(ceil_divide(elements, 8)));
    return bits.positions(count);
  }
  Positions positions(static_cast<std::size_t>(count));
  std::memcpy(positions.data(), from, positions.size() * sizeof(std::uint32_t));
  return positions;
}

}  // namespace msfusion
