// What a scenario says about the model, and the words for it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/vocabulary.hpp"

namespace msfusion {

enum class NormKind { none, batch, group };

struct MlpOptions {
  std::vector<int> hidden = {200, 200};
};

/// Per entry of `channels`: convolution, norm, ReLU, pooling (after every one, or after the last only); then the dense
/// layers and the classifier.
struct CnnOptions {
  std::vector<int> channels = {32, 64};
  int kernel = 3;
  bool same_padding = true;
  bool pool_each = true;
  std::vector<int>
      dense;  ///< hidden units of the layers between flattening and the classifier; none: global average pooling
  NormKind norm = NormKind::batch;
  int groups = 8;  ///< group norm
};

/// Pre-activation ResNet of basic blocks with a 3x3 stem, as in HeteroFL.
struct ResNetOptions {
  std::vector<int> widths = {64, 128, 256, 512};
  std::vector<int> blocks = {2, 2, 2, 2};
  bool bottleneck = false;  ///< 1x1, 3x3, 1x1 blocks with expansion 4 (ResNet50 and deeper)
  NormKind norm = NormKind::batch;
  int groups = 8;
};

struct TransformerOptions {
  int embedding = 256, heads = 8, ffn = 512, layers = 4;
  double dropout = 0.2;
  int window = 64;
  bool masked = false;  ///< masked language model (15 %, loss on all positions) instead of a causal one
  bool pre_norm = false;
};

struct LstmOptions {
  int embedding = 128, hidden = 256, layers = 1;
  int window = 64;
};

struct LayerFile;

/// A model file, and what the scenario says about it.
struct FileModelOptions {
  std::string file;
  std::shared_ptr<const LayerFile> layers;  ///< what was read from it
  std::string parameter_text;               ///< "widths=32 64; depth=2"
  std::map<std::string, std::string> parameters;
  int window = 0;   ///< tokens; 0: as the file says
  double rate = 1;  ///< every axis is this much narrower
};

using ModelOptions =
    std::variant<MlpOptions, CnnOptions, ResNetOptions, TransformerOptions, LstmOptions, FileModelOptions>;

bool reads_text(const ModelOptions& model);
int window_of(const ModelOptions& model);  ///< tokens of a sample; 0 where it reads images

/// A kind of model that scenarios can name: kind="cnn".
struct ModelKind {
  const char* name;
  const char* meaning;
  std::vector<AttributeInfo> (*attributes)();  ///< of this kind
  ModelOptions (*read)(GivenAttributes&);
};

/// Every kind, in the order in which they are listed.
const std::vector<ModelKind>& model_kinds();

/// The element's attributes: the kind, then those of all kinds, each once.
std::vector<AttributeInfo> model_attributes();

/// The model that the attributes describe. Attributes of other kinds are objected to. Reads the model file, if one is
/// given, and throws UserError with its mistakes.
ModelOptions read_model(GivenAttributes& given);

}  // namespace msfusion
