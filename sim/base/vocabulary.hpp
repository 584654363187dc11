// What a user can say in one element: a row per attribute, bound to the member of a struct of options that it sets.
// Reading, messages, the schema and the reference all walk these rows.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/base/value_type.hpp"

namespace msfusion {

/// What is said about an attribute.
struct AttributeInfo {
  std::string name;
  ValueType type;
  bool required = false;
  std::string fallback;  ///< the value when it is absent, or what happens then: "all"
  std::string unit;      ///< "samples"; empty: none, or part of the value
  std::string meaning;   ///< one or two sentences
  std::string when;      ///< to change it
  std::string needs;     ///< the condition under which it has an effect: partition="dirichlet"; empty: always
};

/// How many children of one name an element may have.
constexpr int kMostChildren = 1000;

struct ChildInfo {
  std::string name;
  bool required = false;
  bool repeated = false;
};

/// What is said about an element.
struct ElementInfo {
  std::string name;
  std::string meaning;
  std::vector<AttributeInfo> attributes;
  std::vector<ChildInfo> children;
};

/// What is wrong with an element, at one of its attributes or (empty) at the element itself.
struct Objection {
  std::string attribute;
  std::string found;
  std::string allowed;
};

/// The attributes that a document gives for one element, and what reading objects to.
class GivenAttributes {
 public:
  struct Value {
    std::string written;  ///< in the document
    std::string meant;    ///< the same, with relative paths resolved
  };

  GivenAttributes(std::string element, std::map<std::string, Value> values)
      : element_(std::move(element)), values_(std::move(values)) {}

  bool has(const std::string& name) const { return values_.count(name) > 0; }
  const Value& value(const std::string& name) const { return values_.at(name); }

  /// Whether the attribute's value was refused, so that what follows from its default is not the user's mistake.
  bool refused(const std::string& name) const { return refused_.count(name) > 0; }

  /// name="value" in <element>, for messages.
  std::string quote(const std::string& name) const;

  void object(const std::string& name, const std::string& found, const std::string& allowed);
  void refuse(const std::string& name, const std::string& allowed);  ///< objects to the value itself

  const std::vector<Objection>& objections() const { return objections_; }

 private:
  std::string element_;
  std::map<std::string, Value> values_;
  std::set<std::string> refused_;
  std::vector<Objection> objections_;
};

namespace detail {

template <class T>
struct ItemOf {
  using Type = T;
  static constexpr bool kOptional = false, kList = false;
};
template <class T>
struct ItemOf<std::optional<T>> {
  using Type = T;
  static constexpr bool kOptional = true, kList = false;
};
template <class T>
struct ItemOf<std::vector<T>> {
  using Type = T;
  static constexpr bool kOptional = false, kList = true;
};

/// A value of the type as the member keeps it: int for int64_t, item by item in lists.
template <class Member, class T>
Member convert(const T& value) {
  using Item = typename ItemOf<Member>::Type;
  if constexpr (std::is_same_v<Member, T>) {
    return value;
  } else if constexpr (ItemOf<Member>::kList) {
    Member all;
    for (const auto& item : value) all.push_back(static_cast<Item>(item));
    return all;
  } else {
    return Member(static_cast<Item>(value));
  }
}

}  // namespace detail

/// A row: an attribute of Options. The functions that return the row add to it.
template <class Options>
struct Attribute : AttributeInfo {
  std::function<bool(Options&, const std::string&)> assign;  ///< false: the text is not a value of the type
  std::function<std::string(const Options&)> written;        ///< the member's value as a text; empty: none
  std::function<bool(const Options&)> applies;               ///< judged when all attributes are read; none: always
  std::string depends_on;                                    ///< the attribute that `applies` asks about

  Attribute is_required() && {
    required = true;
    fallback.clear();
    return std::move(*this);
  }
  Attribute in(const char* its_unit) && {
    unit = its_unit;
    return std::move(*this);
  }
  /// What holds when it is absent, where that is not the member's own default value.
  Attribute absent(const char* what) && {
    fallback = what;
    return std::move(*this);
  }
  /// It means something only under a condition on another attribute.
  Attribute only_with(const char* other, std::function<bool(const Options&)> condition, const char* in_words) && {
    depends_on = other;
    applies = std::move(condition);
    needs = in_words;
    return std::move(*this);
  }
};

/// A row bound to what `member` gives: a pointer to a member, or a function from Options& to a reference.
template <class Options, class Member, class T>
Attribute<Options> attribute(const char* name, Member member, const TypeOf<T>& type, const char* meaning,
                             const char* when) {
  using Bound = std::remove_reference_t<std::invoke_result_t<Member, Options&>>;
  Attribute<Options> row;
  row.name = name;
  row.type = type.without_values();
  row.meaning = meaning;
  row.when = when;
  row.assign = [member, parse = type.parse](Options& options, const std::string& text) {
    const auto value = parse(text);
    if (value) std::invoke(member, options) = detail::convert<Bound>(*value);
    return value.has_value();
  };
  row.written = [member, write = type.write](const Options& options) -> std::string {
    Options copy = options;
    const Bound& bound = std::invoke(member, copy);
    if constexpr (detail::ItemOf<Bound>::kOptional)
      return bound ? write(detail::convert<T>(*bound)) : "";
    else
      return write(detail::convert<T>(bound));
  };
  return row;
}

/// All that a user can say to one struct of options.
template <class Options>
struct Vocabulary {
  std::vector<Attribute<Options>> attributes;
  std::function<void(const Options&, GivenAttributes&)> rules;  ///< objects to what no row can express by itself
};

/// The rows' descriptions; defaults are those of a default-made Options where a row does not say otherwise.
template <class Options>
std::vector<AttributeInfo> describe(const Vocabulary<Options>& vocabulary) {
  std::vector<AttributeInfo> all;
  for (const Attribute<Options>& row : vocabulary.attributes) {
    all.push_back(static_cast<const AttributeInfo&>(row));
    if (!row.required && row.fallback.empty()) all.back().fallback = row.written(Options());
  }
  return all;
}

/// Sets what the attributes say; values that are none of their type are refused and leave the member as it was.
template <class Options>
void read_values(const Vocabulary<Options>& vocabulary, Options& options, GivenAttributes& given) {
  for (const Attribute<Options>& row : vocabulary.attributes)
    if (given.has(row.name) && !row.assign(options, given.value(row.name).meant))
      given.refuse(row.name, "allowed: " + row.type.instead_of(given.value(row.name).written));
}

/// The same, then judges what was given together.
template <class Options>
void read_options(const Vocabulary<Options>& vocabulary, Options& options, GivenAttributes& given) {
  read_values(vocabulary, options, given);
  for (const Attribute<Options>& row : vocabulary.attributes)
    if (given.has(row.name) && row.applies && !given.refused(row.depends_on) && !row.applies(options))
      given.object(row.name, given.quote(row.name), "allowed only with " + row.needs);
  if (vocabulary.rules) vocabulary.rules(options, given);
}

}  // namespace msfusion
