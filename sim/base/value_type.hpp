// What the value of an attribute may be: how a text is read, how messages and the schema say what is allowed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/choice.hpp"
#include "sim/base/units.hpp"

namespace msfusion {

/// A type of values, without the reading of them.
struct ValueType {
  std::string name;                ///< of the simple type in the schema
  std::string allowed;             ///< "a whole number from 1 to 1000"
  std::vector<std::string> words;  ///< of a closed set; empty for all other types
  std::string schema;              ///< what the schema's simple type consists of
  std::vector<ValueType> parts;    ///< types that `schema` names
  bool is_share = false;           ///< a part of 1, which people also give in percent
  bool is_path = false;            ///< relative ones start at the folder of the file that states them

  std::function<bool(const std::string&)> accepts;  ///< whether a text is a value

  /// What may be written instead of `found`: closed sets list their words and suggest the nearest.
  std::string instead_of(const std::string& found) const;
};

/// A type whose values are T.
template <class T>
struct TypeOf : ValueType {
  std::function<std::optional<T>(const std::string&)> parse;  ///< none: the text is not a value of this type
  std::function<std::string(const T&)> write;

  /// The same type for those who only ask whether a text is a value.
  ValueType without_values() const {
    ValueType type = static_cast<const ValueType&>(*this);
    type.accepts = [parse = parse](const std::string& text) { return parse(text).has_value(); };
    return type;
  }
};

/// The largest count that an attribute takes.
constexpr std::int64_t kMostCounted = 1'000'000'000;

TypeOf<std::int64_t> whole(std::int64_t low, std::int64_t high = kMostCounted);
TypeOf<std::uint64_t> whole_of_64_bits();

/// Numbers in [low, high], (low, high] and [low, high). Numbers are decimal, finite, without a sign; those up to 1 may
/// be fractions too: "1/8".
constexpr double kLargestNumber = 1e12;
TypeOf<double> number_from(double low, double high = kLargestNumber);
TypeOf<double> number_above(double low, double high = kLargestNumber);
TypeOf<double> number_below(double low, double high);

/// 1 to 1000 items of a type, separated by blanks.
TypeOf<std::vector<std::int64_t>> list_of(const TypeOf<std::int64_t>& item);
TypeOf<std::vector<std::uint64_t>> list_of(const TypeOf<std::uint64_t>& item);
TypeOf<std::vector<double>> list_of(const TypeOf<double>& item);

/// A number with a unit, not negative; the value is in base units.
TypeOf<double> quantity(Quantity quantity, const std::string& example);

TypeOf<std::string> text_up_to(int characters);  ///< may be empty
TypeOf<std::string> line_up_to(int characters);  ///< at least one character
TypeOf<std::string> path();                      ///< of a file or folder
TypeOf<std::string> identifier();                ///< a name that can be a folder's

/// The shortest decimal text of a number: "0.05", "1e-8".
std::string decimal(double value);

/// Without blanks at both ends.
std::string trimmed(const std::string& text);

/// A closed set as a type without values of its own.
ValueType words_type(const std::string& name, std::vector<std::string> words);

/// A closed set, by its table. `name` is the schema's.
template <class Table>
auto one_of_table(const std::string& name, const Table& table) {
  using T = std::remove_const_t<decltype(table.begin()->value)>;
  TypeOf<T> type;
  static_cast<ValueType&>(type) = words_type(name, names_of(table));
  type.parse = [&table](const std::string& text) { return value_of(table, trimmed(text)); };
  type.write = [&table](const T& value) { return std::string(name_of(table, value)); };
  return type;
}

/// Attributes that are switched on or off.
TypeOf<bool> on_off();

}  // namespace msfusion
