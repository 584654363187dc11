// Walks through the elements of a model file and builds its shape layer by layer. What a layer cannot read, and what
// could not be cut in width, is refused with its line.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/shape/layer_file.hpp"
#include "sim/shape/layer_values.hpp"
#include "sim/shape/models.hpp"
#include "sim/shape/shape_builder.hpp"

namespace msfusion {

constexpr int kMostLayerUnits = 65536, kLargestLayerWindow = 64;
constexpr double kMostFeatures = 2147483647;  // of a dimension

/// One walk; layers are numbered as the builder numbers them.
class LayerWalk {
 public:
  LayerWalk(const LayerFile& file, const std::string& name, const SampleShape& samples)
      : file_(file),
        samples_(samples),
        builder_(name, samples.kind, Extent{Dim{samples.channels, kFixed, 1, 1}, samples.height, samples.width},
                 samples.classes) {}

  Shape build(const std::map<std::string, std::string>& parameters) &&;

 private:
  enum class Form { map, tokens, vector, words };
  using Make = int (LayerWalk::*)(const LayerElement&, int input);

  // -- what the file says --

  [[noreturn]] void refuse(int line, const std::string& found, const std::string& allowed) const;
  void require(bool holds, const LayerElement& at, const std::string& found, const std::string& allowed) const;
  bool has(const LayerElement& at, const char* attribute) const { return at.attributes.count(attribute) > 0; }

  // As written, or its fallback.
  std::string written(const LayerElement& at, const char* attribute) const;
  template <class Read>
  auto read(const LayerElement& at, const char* attribute, Read&& read) const {
    const std::string text = written(at, attribute);
    try {
      return read(text);
    } catch (const ValueError& error) {
      refuse(at.line, fmt::format("{}=\"{}\" in <{}>: {}", attribute, text, at.kind, error.what()),
             "allowed: numbers, + - * / % = < > ( ) and $names of parameters, of repeats, or channels, height, width, "
             "classes");
    }
  }

  std::string text(const LayerElement& at, const char* attribute) const;
  double number(const LayerElement& at, const char* attribute) const;
  double number(const LayerElement& at, const char* attribute, double low, double high) const;
  int whole(const LayerElement& at, const char* attribute, int low, int high) const;
  int units(const LayerElement& at, const char* attribute) const { return whole(at, attribute, 1, kMostLayerUnits); }
  bool yes(const LayerElement& at, const char* attribute) const { return whole(at, attribute, 0, 1) == 1; }

  // -- what is there already --

  const Extent& extent(int layer) const { return builder_.extent(layer); }
  Form form(int layer) const;
  std::string described(int layer) const;
  void require_form(const LayerElement& at, int layer, std::initializer_list<Form> allowed,
                    const std::string& advice) const;
  // Whether the same index set cuts both.
  bool is_cut_alike(int a, int b) const;
  bool is_alike(int a, int b) const;

  // -- names --

  int find(const LayerElement& at, const char* attribute) const;
  int find(const LayerElement& at, const char* attribute, const std::string& name) const;

  std::string layer_name(const LayerElement& at);
  std::string numbered(std::string kind);

  void note(const LayerElement& at, int layer, Form form);

  // -- carrying out --

  void count_step(const LayerElement& at);

  void add(const LayerElement& at);

  static const std::unordered_map<std::string, Make>& makers();

  int noted(const LayerElement& at, int layer, Form form);

  int conv(const LayerElement& at, int input);
  int dense(const LayerElement& at, int input);
  int norm(const LayerElement& at, int input);
  int element_wise(const LayerElement& at, int input);
  int pool(const LayerElement& at, int input);
  int global_average_pool(const LayerElement& at, int input);
  int flatten(const LayerElement& at, int input);
  int dropout(const LayerElement& at, int input);
  int embedding(const LayerElement& at, int input);
  int positions(const LayerElement& at, int input);
  int attention(const LayerElement& at, int input);
  int lstm(const LayerElement& at, int input);
  int patches(const LayerElement& at, int input);
  int class_token(const LayerElement& at, int input);
  int first_token(const LayerElement& at, int input);

  int sum_of(const LayerElement& at, const std::string& name, int branch, int other);

  int add_layer(const LayerElement& at, int input);

  // The layers from `input` on, with or without the shortcut's: the branch's end and the shortcut's.
  std::pair<int, int> branch(const LayerElement& at, int input, bool takes_shortcut);

  int residual(const LayerElement& at, int input);

  void rewind(const ShapeBuilder::Mark& mark, std::size_t numbers);

  int concat(const LayerElement& at, int input);
  int repeat(const LayerElement& at, int input);
  int classifier(const LayerElement& at, int input);

  static const char* name_of(Form form);

  const LayerFile& file_;
  const SampleShape samples_;
  ShapeBuilder builder_;
  std::vector<Form> forms_;  // per layer
  std::unordered_map<std::string, int> layers_, numbers_;
  std::vector<std::string> numbers_taken_;  // in their order
  LayerVariables variables_;
  std::string prefix_;
  int at_ = kModelInput;
  int steps_ = 0;
  bool ended_ = false;
};

}  // namespace msfusion
