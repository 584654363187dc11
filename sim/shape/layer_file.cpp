#include "sim/shape/layer_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/base/spelling.hpp"
#include "sim/base/value_type.hpp"
#include "sim/base/xml.hpp"
#include "sim/shape/layers_in_place.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostBytes = 1u << 20, kMostMistakes = 100;
constexpr int kMostClasses = 1'000'000;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Reader {
 public:
  explicit Reader(std::string file) { result_.file = std::move(file); }

  LayerFile read(const XmlElement& root) {
    if (root.name() != "model" || root.has_namespace()) {
      object(root.line(), fmt::format("the outermost element is <{}>", root.name()), "only <model> is allowed");
      throw UserError(std::move(mistakes_));
    }
    check_attributes(root, {"description", "reads", "sample", "classes"}, {"reads", "sample", "classes"});
    result_.description = root.attribute("description").value_or("");
    read_samples(root);
    return read_layers(root);
  }

  LayerFile read_layers(const XmlElement& root) {
    for (const XmlElement& child : root.children()) {
      if (child.name() == "parameter" && !child.has_namespace())
        read_parameter(child);
      else if (auto layer = read_layer(child, layers_at_top()))
        result_.layers.push_back(std::move(*layer));
    }
    if (result_.layers.empty() && mistakes_.empty())
      object(root.line(), "<model> has no layers", "a classifier is needed");
    if (!mistakes_.empty()) throw UserError(std::move(mistakes_));
    return std::move(result_);
  }

 private:
  void object(int line, const std::string& found, const std::string& allowed) {
    if (mistakes_.size() < kMostMistakes) mistakes_.push_back({result_.file, line, found, allowed});
  }

  static std::vector<std::string> layers_at_top() {
    std::vector<std::string> names;
    for (const LayerKind& kind : layer_kinds()) names.emplace_back(kind.name);
    for (const char* inner : {"shortcut", "branch"}) names.erase(std::find(names.begin(), names.end(), inner));
    return names;
  }

  static std::vector<std::string> children_of(const LayerKind& kind) {
    std::vector<std::string> names;
    for (const std::string child : kind.children) {
      if (child != "layers") {
        names.push_back(child);
        continue;
      }
      names = layers_at_top();
      names.erase(std::find(names.begin(), names.end(), "classifier"));
    }
    return names;
  }

  void check_attributes(const XmlElement& element, const std::vector<std::string>& allowed,
                        const std::vector<std::string>& needed) {
    for (const auto& [name, value] : element.attributes())
      if (!contains(allowed, name))
        object(element.attribute_line(name), fmt::format("unknown attribute {} in <{}>", name, element.name()),
               "allowed: " + one_of(name, allowed));
    for (const std::string& name : needed)
      if (!element.attribute(name))
        object(element.line(), fmt::format("<{}> has no {}", element.name(), name), "it is needed");
    if (element.has_own_text())
      object(element.line(), fmt::format("text within <{}>", element.name()),
             "only elements and attributes are allowed");
  }

  void read_samples(const XmlElement& root) {
    const std::string reads = root.attribute("reads").value_or("images");
    if (reads != "images" && reads != "text")
      object(root.attribute_line("reads"), fmt::format("reads=\"{}\" in <model>", reads), "allowed: images, text");
    result_.reads = reads == "text" ? InputKind::tokens : InputKind::image;
    const std::size_t sizes = reads == "text" ? 1 : 3;
    const auto sample = list_of(whole(1, kLongestSide)).parse(root.attribute("sample").value_or("1 1 1"));
    if (sample && (sample->size() == sizes || !root.attribute("sample")))
      result_.sample.assign(sample->begin(), sample->end());
    else
      object(root.attribute_line("sample"), fmt::format("sample=\"{}\" in <model>", *root.attribute("sample")),
             sizes == 1 ? "allowed: how many tokens" : "allowed: channels, height and width, such as 3 224 224");
    const auto classes = whole(2, kMostClasses).parse(root.attribute("classes").value_or("2"));
    if (classes)
      result_.classes = static_cast<int>(*classes);
    else
      object(root.attribute_line("classes"), fmt::format("classes=\"{}\" in <model>", *root.attribute("classes")),
             fmt::format("allowed: a whole number from 2 to {}", kMostClasses));
  }

  void read_parameter(const XmlElement& element) {
    check_attributes(element, {"name", "value", "meaning"}, {"name", "value"});
    const std::string name = element.attribute("name").value_or("");
    const bool is_word = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::isalnum(c) || c == '_';
    }) && !std::isdigit(static_cast<unsigned char>(name.front()));
    if (!is_word)
      object(element.attribute_line("name"), fmt::format("name=\"{}\" in <parameter>", name),
             "allowed: letters, digits and _");
    else if (!names_.insert(name).second)
      object(element.line(), fmt::format("a second <parameter> {}", name), "only one is allowed");
    if (!element.children().empty()) object(element.line(), "elements in <parameter>", "no elements are allowed in it");
    result_.parameters.push_back(
        {name, element.attribute("value").value_or(""), element.attribute("meaning").value_or("")});
  }

  std::optional<LayerElement> read_layer(const XmlElement& element, const std::vector<std::string>& allowed) {
    const std::string name = element.name();
    if (!contains(allowed, name) || element.has_namespace()) {
      object(element.line(), fmt::format("<{}> stands here", name),
             allowed.empty() ? "no elements are allowed in it" : "allowed: " + one_of(name, allowed));
      return {};
    }
    const LayerKind& kind = layer_kind(name);
    std::vector<std::string> known, needed;
    for (const auto* list : {&common_layer_attributes(), &kind.attributes})
      for (const LayerAttribute& attribute : *list) {
        known.emplace_back(attribute.name);
        if (attribute.fallback == nullptr) needed.emplace_back(attribute.name);
      }
    check_attributes(element, known, needed);
    LayerElement layer{name, element.line(), {}, {}};
    for (const auto& [attribute, value] : element.attributes()) layer.attributes[attribute] = value;
    const std::vector<std::string> inner = children_of(kind);
    for (const XmlElement& child : element.children())
      if (auto made = read_layer(child, inner)) layer.children.push_back(std::move(*made));
    return layer;
  }

  LayerFile result_;
  std::set<std::string> names_;
  std::vector<Mistake> mistakes_;
};

}  // namespace

LayerFile read_layer_file(const std::string& file) {
  const XmlDocument document = XmlDocument::parse_file(file, XmlDocument::Doctype::refused, kMostBytes);
  return Reader(file).read(document.root());
}

LayerFile read_layers_in_place(const XmlElement& model, const std::string& file) {
  return Reader(file).read_layers(model);
}

}  // namespace msfusion
