#include <filesystem>

#include "sim/scenario/readers.hpp"

namespace msfusion {

namespace fs = std::filesystem;

std::string resolve_path(const std::string& scenario_file, const std::string& path) {
  return (fs::path(scenario_file).parent_path() / path).string();
}

PlatformSpec read_platform(AttributeReader& reader, const std::string& scenario_file) {
  using Network = PlatformSpec::Network;
  PlatformSpec spec;
  spec.line = reader.line();
  spec.file = resolve_path(scenario_file, reader.text("file"));
  spec.network = reader.choice("network", spec.network, {{"CM02", Network::cm02}, {"LV08", Network::lv08}});
  if (reader.has("sends-at-once")) spec.sends_at_once = reader.integer("sends-at-once", 0);
  std::error_code error;
  if (!fs::exists(spec.file, error))
    reader.mistake("file", reader.quote("file") + ": there is no " + spec.file, "the path of a SimGrid platform file");
  else if (fs::is_directory(spec.file, error))
    reader.mistake("file", reader.quote("file") + ": " + spec.file + " is a folder",
                   "the path of a SimGrid platform file");
  return spec;
}

bool is_text(const DataSpec& data) {
  return data.set == "tokens" || data.set == "characters" || data.synthetic_vocabulary > 0;
}

DataSpec read_data(AttributeReader& reader, const std::string& scenario_file) {
  using Partition = DataSpec::Partition;
  DataSpec spec;
  spec.line = reader.line();
  spec.set = reader.text("set", spec.set);
  if (reader.has("path")) spec.path = resolve_path(scenario_file, reader.text("path"));
  spec.train_samples = reader.integer("train-samples");
  spec.test_samples = reader.integer("test-samples");
  spec.partition = reader.choice("partition", spec.partition,
                                 {{"iid", Partition::iid},
                                  {"dirichlet", Partition::dirichlet},
                                  {"shards", Partition::shards},
                                  {"label-k", Partition::label_k},
                                  {"natural", Partition::natural}});
  spec.alpha = reader.number("alpha", spec.alpha);
  spec.classes_per_device = reader.integer("classes-per-device", spec.classes_per_device);
  spec.size_skew = reader.number("size-skew", spec.size_skew);
  spec.augment = reader.on_off("augment", spec.augment);
  spec.synthetic_classes = reader.integer("synthetic-classes", spec.synthetic_classes);
  spec.synthetic_side = reader.integer("synthetic-side", spec.synthetic_side);
  spec.synthetic_channels = reader.integer("synthetic-channels", spec.synthetic_channels);
  spec.synthetic_vocabulary = reader.integer("synthetic-vocabulary", spec.synthetic_vocabulary);

  const bool synthetic = spec.set == "synthetic";
  reader.belongs_to("partition", spec.partition == Partition::dirichlet, "partition=\"dirichlet\"", {"alpha"});
  const bool by_labels = spec.partition == Partition::shards || spec.partition == Partition::label_k;
  reader.belongs_to("partition", by_labels, "partition=\"shards\" or \"label-k\"", {"classes-per-device"});
  reader.belongs_to("partition", spec.partition == Partition::iid, "partition=\"iid\"", {"size-skew"});
  reader.belongs_to("set", synthetic, "set=\"synthetic\"",
                    {"synthetic-classes", "synthetic-side", "synthetic-channels", "synthetic-vocabulary"});
  reader.belongs_to("set", !synthetic, "sets that are read from files", {"path"});
  reader.belongs_to("set", !is_text(spec), "images", {"augment"});
  if (is_text(spec) && (spec.partition == Partition::dirichlet || by_labels))
    reader.mistake("partition", reader.quote("partition") + ", which deals by class, but text has no classes",
                   "allowed: one of iid, natural");
  return spec;
}

}  // namespace msfusion
