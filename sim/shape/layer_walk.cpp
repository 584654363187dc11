#include "sim/shape/layer_walk.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {
constexpr int kMostSteps = 100'000;  // elements carried out, repetitions included
constexpr std::size_t kMostLayers = 10'000;
constexpr double kMostProducts = 1e14;  // of a layer, a sample
}  // namespace

const char* LayerWalk::name_of(Form form) {
  switch (form) {
    case Form::map:
      return "a map";
    case Form::tokens:
      return "tokens";
    case Form::vector:
      return "a vector";
    case Form::words:
      break;
  }
  return "words";
}

Shape LayerWalk::build(const std::map<std::string, std::string>& parameters) && {
  for (const LayerParameter& parameter : file_.parameters) variables_.set(parameter.name, parameter.value);
  for (const auto& [name, value] : parameters) variables_.set(name, value);
  variables_.set("classes", samples_.classes);
  for (const LayerElement& layer : file_.layers) add(layer);
  if (!ended_) refuse(file_.layers.back().line, "the last layer is no classifier", "needed: <classifier/>");
  return std::move(builder_).build();
}

void LayerWalk::refuse(int line, const std::string& found, const std::string& allowed) const {
  throw UserError(Mistake{file_.file, line, found, allowed});
}

void LayerWalk::require(bool holds, const LayerElement& at, const std::string& found,
                        const std::string& allowed) const {
  if (!holds) refuse(at.line, fmt::format("<{}>: {}", at.kind, found), allowed);
}

std::string LayerWalk::written(const LayerElement& at, const char* attribute) const {
  const auto given = at.attributes.find(attribute);
  if (given != at.attributes.end()) return given->second;
  for (const LayerAttribute& known : layer_kind(at.kind).attributes)
    if (std::string(known.name) == attribute) return known.fallback;
  return "";
}

std::string LayerWalk::text(const LayerElement& at, const char* attribute) const {
  return read(at, attribute, [&](const std::string& given) { return variables_.filled(given); });
}

double LayerWalk::number(const LayerElement& at, const char* attribute) const {
  return read(at, attribute, [&](const std::string& given) { return variables_.number(given); });
}

double LayerWalk::number(const LayerElement& at, const char* attribute, double low, double high) const {
  const double value = number(at, attribute);
  if (value >= low && value <= high) return value;
  refuse(at.line, fmt::format("{}=\"{}\" in <{}> is {}", attribute, written(at, attribute), at.kind, value),
         fmt::format("allowed: from {} to {}", low, high));
}

int LayerWalk::whole(const LayerElement& at, const char* attribute, int low, int high) const {
  const double value = number(at, attribute);
  if (value >= low && value <= high && value == std::floor(value)) return static_cast<int>(value);
  refuse(at.line, fmt::format("{}=\"{}\" in <{}> is {}", attribute, written(at, attribute), at.kind, value),
         fmt::format("allowed: a whole number from {} to {}", low, high));
}

LayerWalk::Form LayerWalk::form(int layer) const {
  if (layer != kModelInput) return forms_[static_cast<std::size_t>(layer)];
  return samples_.kind == InputKind::image ? Form::map : Form::words;
}

std::string LayerWalk::described(int layer) const {
  const Extent& size = extent(layer);
  if (form(layer) == Form::map) return fmt::format("{} x {} x {}", size.features.size, size.height, size.width);
  if (form(layer) == Form::tokens) return fmt::format("{} tokens of {}", size.width, size.features.size);
  return form(layer) == Form::words ? "words" : fmt::format("a vector of {}", size.features.size);
}

void LayerWalk::require_form(const LayerElement& at, int layer, std::initializer_list<Form> allowed,
                             const std::string& advice) const {
  require(std::count(allowed.begin(), allowed.end(), form(layer)) > 0, at,
          fmt::format("reads {}", name_of(form(layer))), advice);
}

bool LayerWalk::is_cut_alike(int a, int b) const {
  return extent(a).features.inner == extent(b).features.inner;
}

bool LayerWalk::is_alike(int a, int b) const {
  return form(a) == form(b) && extent(a).features.size == extent(b).features.size &&
         extent(a).height == extent(b).height && extent(a).width == extent(b).width && is_cut_alike(a, b);
}

int LayerWalk::find(const LayerElement& at, const char* attribute) const {
  return find(at, attribute, text(at, attribute));
}

int LayerWalk::find(const LayerElement& at, const char* attribute, const std::string& name) const {
  for (const std::string& full : {prefix_ + name, name})
    if (const auto found = layers_.find(full); found != layers_.end()) return found->second;
  refuse(at.line, fmt::format("{}=\"{}\" in <{}>: no layer before has this name", attribute, name, at.kind),
         "the name of an earlier layer");
}

std::string LayerWalk::layer_name(const LayerElement& at) {
  if (has(at, "name")) return prefix_ + text(at, "name");
  return numbered(at.kind);
}

std::string LayerWalk::numbered(std::string kind) {
  std::replace(kind.begin(), kind.end(), '-', '_');
  const std::string stem = prefix_ + kind;
  numbers_taken_.push_back(stem);
  return fmt::format("{}{}", stem, ++numbers_[stem]);
}

void LayerWalk::note(const LayerElement& at, int layer, Form form) {
  forms_.push_back(form);
  const std::string& name = builder_.layers().back().name;
  require(layers_.emplace(name, layer).second, at, fmt::format("a second layer with the name {}", name),
          "needed: a name of its own");
  require(forms_.size() <= kMostLayers, at, fmt::format("more than {} layers", kMostLayers), "a smaller model");
  const Extent& out = extent(layer);
  require(static_cast<double>(out.features.size) * out.height * out.width <= kMostFeatures, at,
          "the result is too large", "fewer features");
  double most = out.height == 1 && form == Form::tokens ? static_cast<double>(out.width) * out.features.size : 1;
  for (const int tensor : builder_.layers().back().tensors) {
    double elements = 1;
    for (const Dim& dim : builder_.tensors()[static_cast<std::size_t>(tensor)].dims) elements *= dim.size;
    most = std::max(most, elements);
  }
  require(most * out.height * out.width <= kMostProducts, at, "needs too many multiplications", "fewer features");
}

void LayerWalk::count_step(const LayerElement& at) {
  require(++steps_ <= kMostSteps, at, fmt::format("more than {} elements, repetitions included", kMostSteps),
          "a smaller model");
}

void LayerWalk::add(const LayerElement& at) {
  count_step(at);
  require(!ended_, at, "stands behind the classifier", "the classifier is the last layer");
  const Extent& here = extent(at_);
  variables_.set("channels", here.features.size);
  variables_.set("height", here.height);
  variables_.set("width", here.width);
  if (has(at, "when") && number(at, "when") == 0) return;
  const int input = has(at, "from") ? find(at, "from") : at_;
  at_ = (this->*makers().at(at.kind))(at, input);
}

const std::unordered_map<std::string, LayerWalk::Make>& LayerWalk::makers() {
  static const std::unordered_map<std::string, Make> all = {
      {"conv", &LayerWalk::conv},
      {"dense", &LayerWalk::dense},
      {"norm", &LayerWalk::norm},
      {"relu", &LayerWalk::element_wise},
      {"relu6", &LayerWalk::element_wise},
      {"gelu", &LayerWalk::element_wise},
      {"silu", &LayerWalk::element_wise},
      {"tanh", &LayerWalk::element_wise},
      {"sigmoid", &LayerWalk::element_wise},
      {"hard-sigmoid", &LayerWalk::element_wise},
      {"hard-swish", &LayerWalk::element_wise},
      {"max-pool", &LayerWalk::pool},
      {"average-pool", &LayerWalk::pool},
      {"global-average-pool", &LayerWalk::global_average_pool},
      {"flatten", &LayerWalk::flatten},
      {"dropout", &LayerWalk::dropout},
      {"embedding", &LayerWalk::embedding},
      {"positions", &LayerWalk::positions},
      {"attention", &LayerWalk::attention},
      {"lstm", &LayerWalk::lstm},
      {"patches", &LayerWalk::patches},
      {"class-token", &LayerWalk::class_token},
      {"first-token", &LayerWalk::first_token},
      {"add", &LayerWalk::add_layer},
      {"residual", &LayerWalk::residual},
      {"concat", &LayerWalk::concat},
      {"repeat", &LayerWalk::repeat},
      {"classifier", &LayerWalk::classifier},
  };
  return all;
}

int LayerWalk::noted(const LayerElement& at, int layer, Form form) {
  note(at, layer, form);
  return layer;
}

int LayerWalk::sum_of(const LayerElement& at, const std::string& name, int branch, int other) {
  require(is_alike(branch, other) && form(branch) != Form::words, at,
          fmt::format("the sum of {} and {}{}", described(branch), described(other),
                      described(branch) == described(other) ? ", whose features are not cut alike" : ""),
          "sums of equal sizes");
  return noted(at, builder_.add(name, branch, other), form(branch));
}

int LayerWalk::add_layer(const LayerElement& at, int input) {
  const int other = find(at, "with");
  return sum_of(at, layer_name(at), input, other);
}

std::pair<int, int> LayerWalk::branch(const LayerElement& at, int input, bool takes_shortcut) {
  int shortcut = input;
  at_ = input;
  for (const LayerElement& child : at.children) {
    if (child.kind != "shortcut") {
      add(child);
    } else if (takes_shortcut) {
      const int here = at_;
      at_ = has(child, "from") ? find(child, "from") : input;
      for (const LayerElement& layer : child.children) add(layer);
      shortcut = at_;
      at_ = here;
    }
  }
  return {at_, shortcut};
}

int LayerWalk::residual(const LayerElement& at, int input) {
  const std::string outer = prefix_;
  if (has(at, "name")) prefix_ += text(at, "name") + ".";
  const bool has_shortcut = std::any_of(at.children.begin(), at.children.end(),
                                        [](const LayerElement& child) { return child.kind == "shortcut"; });
  const ShapeBuilder::Mark mark = builder_.mark();
  const std::size_t numbers = numbers_taken_.size();
  auto [end, shortcut] = branch(at, input, false);
  if (has_shortcut && !is_alike(end, shortcut)) {
    rewind(mark, numbers);
    std::tie(end, shortcut) = branch(at, input, true);
  }
  const bool is_named = has(at, "sum") || has(at, "name");
  const std::string name = is_named ? prefix_ + text(at, "sum") : numbered("sum");
  const int sum = sum_of(at, name, end, shortcut);
  prefix_ = outer;
  return sum;
}

void LayerWalk::rewind(const ShapeBuilder::Mark& mark, std::size_t numbers) {
  for (std::size_t i = mark.layers; i < builder_.layers().size(); ++i) layers_.erase(builder_.layers()[i].name);
  builder_.rewind(mark);
  forms_.resize(mark.layers);
  for (; numbers_taken_.size() > numbers; numbers_taken_.pop_back()) --numbers_[numbers_taken_.back()];
}

int LayerWalk::concat(const LayerElement& at, int input) {
  std::vector<int> ends;
  for (const LayerElement& branch : at.children) {
    at_ = input;
    for (const LayerElement& layer : branch.children) add(layer);
    ends.push_back(at_);
  }
  if (has(at, "with")) {
    require(ends.empty(), at, "has both branches and with", "one of them");
    ends.push_back(input);
    for (const std::string& name : items_of(text(at, "with"))) ends.push_back(find(at, "with", name));
  }
  require(ends.size() >= 2, at, fmt::format("{} branches", ends.size()), "at least 2");
  double size = 0;
  for (const int end : ends) {
    require_form(at, end, {Form::map}, "maps");
    require(extent(end).height == extent(ends.front()).height && extent(end).width == extent(ends.front()).width, at,
            fmt::format("{} beside {}", described(end), described(ends.front())), "equal heights and widths");
    size += extent(end).features.size;
  }
  require(size <= kMostFeatures, at, "the result is too large", "fewer channels");
  return noted(at, builder_.concat(layer_name(at), ends), Form::map);
}

int LayerWalk::repeat(const LayerElement& at, int input) {
  require(has(at, "times") != has(at, "over"), at, "has both or neither of times and over", "one of them");
  std::vector<std::string> items;
  const int times = has(at, "times") ? whole(at, "times", 0, kMostSteps) : 0;
  if (has(at, "over")) items = items_of(text(at, "over"));
  const std::size_t rounds = has(at, "over") ? items.size() : static_cast<std::size_t>(times);
  const LayerVariables before = variables_;
  const std::string outer = prefix_;
  at_ = input;
  for (std::size_t i = 0; i < rounds; ++i) {
    count_step(at);
    const auto number_of_round = static_cast<double>(i + 1);
    if (has(at, "as"))
      variables_.set(at.attributes.at("as"), items.empty() ? fmt::format("{}", number_of_round) : items[i]);
    if (has(at, "count")) variables_.set(at.attributes.at("count"), number_of_round);
    if (has(at, "name")) prefix_ = outer + text(at, "name") + ".";
    for (const LayerElement& layer : at.children) add(layer);
    prefix_ = outer;
  }
  variables_ = before;
  return at_;
}

}  // namespace msfusion
