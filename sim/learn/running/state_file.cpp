#include "sim/learn/running/state_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {

constexpr std::int64_t kNone = -1;  // an undefined tensor

std::int64_t type_number(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return 0;
    case at::kDouble:
      return 1;
    case at::kInt:
      return 2;
    default:
      throw std::logic_error("a tensor of a type that states are not made of");
  }
}

at::ScalarType type_of(std::int64_t number) {
  return number == 0 ? at::kFloat : number == 1 ? at::kDouble : at::kInt;
}

void require_fit(const at::Tensor& value, at::ScalarType type, std::int64_t elements) {
  const auto named = [](at::ScalarType of) { return std::string(c10::toString(of)); };
  if (!value.defined())
    throw RunError(fmt::format("the saved state of the learner has no tensor where the model needs {} x {}", elements,
                               named(type)));
  if (value.numel() != elements || value.scalar_type() != type)
    throw RunError(fmt::format("the saved state of the learner has a tensor of {} x {} where the model needs {} x {}",
                               value.numel(), named(value.scalar_type()), elements, named(type)));
}

bool are_distinct_units(const IndexSet& axis) {
  std::vector<int> units = axis.units();
  std::sort(units.begin(), units.end());
  return std::adjacent_find(units.begin(), units.end()) == units.end();
}

}  // namespace

void StateWriter::number(std::int64_t value) {
  out_.write(reinterpret_cast<const char*>(&value), sizeof value);
}
void StateWriter::real(double value) {
  out_.write(reinterpret_cast<const char*>(&value), sizeof value);
}

void StateWriter::text(const std::string& value) {
  number(static_cast<std::int64_t>(value.size()));
  out_.write(value.data(), static_cast<std::streamsize>(value.size()));
}

void StateWriter::tensor(const at::Tensor& value) {
  if (!value.defined()) return number(kNone);
  const auto [known, is_new] = written_.emplace(value.data_ptr(), static_cast<std::int64_t>(written_.size()));
  number(known->second);
  if (!is_new) return;
  number(type_number(value.scalar_type()));
  number(value.numel());
  out_.write(static_cast<const char*>(value.data_ptr()), static_cast<std::streamsize>(value.nbytes()));
}

void StateWriter::tensors(const std::vector<at::Tensor>& values) {
  number(static_cast<std::int64_t>(values.size()));
  for (const auto& value : values) tensor(value);
}

void StateWriter::slice(const WidthSlice& value) {
  number(static_cast<std::int64_t>(value.axes.size()));
  for (const IndexSet& axis : value.axes) {
    number(axis.size());
    number(axis.length());
    number(axis.is_window() ? axis.start() : kNone);
    if (!axis.is_window())
      for (const int unit : axis.units()) number(unit);
  }
}

StateReader::StateReader(std::istream& in) : in_(in) {
  const auto here = in_.tellg();
  in_.seekg(0, std::ios::end);
  bytes_left_ = static_cast<std::int64_t>(in_.tellg() - here);
  in_.seekg(here);
}

void StateReader::raw(void* to, std::size_t bytes) {
  in_.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes));
  if (!in_) throw RunError("the saved state of the learner ends too early");
  bytes_left_ -= static_cast<std::int64_t>(bytes);
}

// A declared size is checked against the stream before memory is allocated for it.
std::int64_t StateReader::count(std::int64_t bytes_each) {
  const std::int64_t value = number(0, std::numeric_limits<std::int64_t>::max());
  if (value > bytes_left_ / bytes_each)
    throw RunError(fmt::format("the saved state of the learner promises {} of what has room for {}", value,
                               bytes_left_ / bytes_each));
  return value;
}

std::int64_t StateReader::number() {
  std::int64_t value = 0;
  raw(&value, sizeof value);
  return value;
}

std::int64_t StateReader::number(std::int64_t lowest, std::int64_t highest) {
  const std::int64_t value = number();
  if (value < lowest || value > highest)
    throw RunError(
        fmt::format("the saved state of the learner holds {} where {} .. {} can stand", value, lowest, highest));
  return value;
}

double StateReader::real() {
  double value = 0;
  raw(&value, sizeof value);
  return value;
}

std::string StateReader::text() {
  std::string value(static_cast<std::size_t>(count(1)), '\0');
  raw(value.data(), value.size());
  return value;
}

at::Tensor StateReader::tensor() {
  const auto id = number(kNone, static_cast<std::int64_t>(read_.size()));
  if (id == kNone) return {};
  if (id < static_cast<std::int64_t>(read_.size())) return read_[static_cast<std::size_t>(id)];
  const at::ScalarType type = type_of(number(0, 2));
  at::Tensor value = at::empty({count(static_cast<std::int64_t>(c10::elementSize(type)))}, type);
  raw(value.data_ptr(), value.nbytes());
  read_.push_back(value);
  return value;
}

std::vector<at::Tensor> StateReader::tensors() {
  std::vector<at::Tensor> values(static_cast<std::size_t>(count(sizeof(std::int64_t))));
  for (auto& value : values) value = tensor();
  return values;
}

WidthSlice StateReader::slice() {
  WidthSlice value;
  const auto axes = count(3 * sizeof(std::int64_t));
  for (std::int64_t a = 0; a < axes; ++a) {
    const auto size = number(1, std::numeric_limits<int>::max());
    const auto length = number(1, size);
    const auto start = number(kNone, size - 1);
    if (start != kNone) {
      value.axes.push_back(IndexSet::window(static_cast<int>(start), static_cast<int>(length), static_cast<int>(size)));
      continue;
    }
    std::vector<int> units;
    for (std::int64_t i = 0; i < length; ++i) units.push_back(static_cast<int>(number(0, size - 1)));
    value.axes.push_back(IndexSet::subset(std::move(units), static_cast<int>(size)));
  }
  return value;
}

at::Tensor StateReader::tensor(at::ScalarType type, std::int64_t elements) {
  at::Tensor value = tensor();
  require_fit(value, type, elements);
  return value;
}

at::Tensor StateReader::optional_tensor(at::ScalarType type, std::int64_t elements) {
  at::Tensor value = tensor();
  if (value.defined()) require_fit(value, type, elements);
  return value;
}

std::vector<at::Tensor> StateReader::tensors(std::initializer_list<std::size_t> counts, at::ScalarType type,
                                             std::int64_t elements) {
  std::vector<at::Tensor> values = tensors();
  if (std::find(counts.begin(), counts.end(), values.size()) == counts.end())
    throw RunError(fmt::format("the saved state of the learner has {} tensors where the method needs {}", values.size(),
                               fmt::join(counts, " or ")));
  for (const at::Tensor& value : values) require_fit(value, type, elements);
  return values;
}

WidthSlice StateReader::slice(const Shape& shape) {
  WidthSlice value = slice();
  const bool fits = value.axes.size() == shape.axes.size() &&
                    std::equal(value.axes.begin(), value.axes.end(), shape.axes.begin(),
                               [](const IndexSet& set, const Axis& axis) { return set.size() == axis.units; }) &&
                    std::all_of(value.axes.begin(), value.axes.end(), are_distinct_units);
  if (!fits) throw RunError("the saved state of the learner has a sub-model that is none of this model");
  return value;
}

}  // namespace msfusion
