#include "sim/data/data_options.hpp"

#include <array>

#include "sim/data/catalogue.hpp"

namespace msfusion {

namespace {

using Partition = DataOptions::Partition;

constexpr std::array<Choice<Partition>, 5> kPartitions{{
    {Partition::iid, "iid", "equal random parts"},
    {Partition::dirichlet, "dirichlet", "class shares drawn from Dirichlet(alpha)"},
    {Partition::shards, "shards", "classes-per-device classes each, all classes equally often"},
    {Partition::label_k, "label-k", "the same number of classes, drawn as in NIID-Bench, so that sizes differ"},
    {Partition::natural, "natural", "by the writer or speaker that the set names"},
}};

constexpr int kMostClasses = 65536, kMostTokens = 1 << 24, kLargestSide = 1024;

bool is_synthetic(const DataOptions& data) {
  return data.set == "synthetic";
}

bool deals_by_label(const DataOptions& data) {
  return data.partition == Partition::shards || data.partition == Partition::label_k;
}

/// Every set of the catalogue as a type of names.
TypeOf<std::string> dataset_name() {
  TypeOf<std::string> type;
  static_cast<ValueType&>(type) = words_type("data-set", dataset_names());
  type.parse = [words = type.words](const std::string& written) -> std::optional<std::string> {
    for (const std::string& word : words)
      if (word == trimmed(written)) return word;
    return {};
  };
  type.write = [](const std::string& name) { return name; };
  return type;
}

void check(const DataOptions& data, GivenAttributes& given) {
  if (is_text(data) && !given.refused("set") && !given.refused("partition") &&
      (data.partition == Partition::dirichlet || deals_by_label(data)))
    given.object("partition", given.quote("partition") + ", which deals by class, but text has no classes",
                 "allowed: one of iid, natural");
}

}  // namespace

bool is_text(const DataOptions& data) {
  return data.set == "tokens" || data.set == "characters" || data.set == "fortunes" || data.synthetic_vocabulary > 0;
}

const Vocabulary<DataOptions>& data_vocabulary() {
  using D = DataOptions;
  static const Vocabulary<D> all{
      {
          attribute<D>(
              "set", &D::set, dataset_name(),
              "The data set. folder: image files, one folder a class; arrays: NumPy's files; csv: tables; tokens: text "
              "split at blanks (WikiText, Penn Treebank); characters: text by characters; fortunes: a text of "
              "Debian's, a "
              "file a topic; synthetic: seeded "
              "Gaussian classes without files.",
              "`msfusion list data` says which sets are present.")
              .is_required(),
          attribute<D>("path", &D::path, path(), "The folder of the set.", "Needed where the set lies elsewhere.")
              .absent("$MSFUSION_DATA/SET, then the system's package")
              .only_with(
                  "set", [](const D& d) { return !is_synthetic(d); }, "sets that are read from files"),
          attribute<D>("train-samples", &D::train_samples, whole(1),
                       "How many training samples are used: a seeded subset with the classes in proportion.",
                       "Lower it for a quick look.")
              .in("samples")
              .absent("all"),
          attribute<D>("test-samples", &D::test_samples, whole(1), "How many test samples are used: the first ones.",
                       "Lower it where evaluations take too long; accuracy becomes coarser.")
              .in("samples")
              .absent("all"),
          attribute<D>("partition", &D::partition, one_of_table("partition", kPartitions),
                       "Who holds which samples. iid: equal random parts; dirichlet: class shares drawn from "
                       "Dirichlet(alpha); shards: classes-per-device classes each, all classes equally often; label-k: "
                       "the same number of classes, drawn as in NIID-Bench, so that sizes differ; natural: by the "
                       "writer or speaker that the set names, or by file where each file of a text is a client's.",
                       "Take dirichlet, shards or label-k for devices that see different classes."),
          attribute<D>("alpha", &D::alpha, number_above(0), "How alike the devices are.",
                       "Smaller is more skewed: 0.1 is hard, 100 nearly iid.")
              .only_with(
                  "partition", [](const D& d) { return d.partition == Partition::dirichlet; },
                  "partition=\"dirichlet\""),
          attribute<D>("classes-per-device", &D::classes_per_device, whole(1), "Classes that each device holds.",
                       "Smaller is more skewed.")
              .in("classes")
              .only_with("partition", deals_by_label, "partition=\"shards\" or \"label-k\""),
          attribute<D>("size-skew", &D::size_skew, number_from(0, 10),
                       "Standard deviation of the logarithm of the devices' sizes; 0 gives all the same.",
                       "Raise it for devices with unequal amounts of data.")
              .only_with(
                  "partition", [](const D& d) { return d.partition == Partition::iid; }, "partition=\"iid\""),
          attribute<D>("augment", &D::augment, on_off(),
                       "Random crops with 4 pixels of padding, and horizontal flips, of training images.",
                       "Switch on for CIFAR and larger images; off for digits.")
              .only_with(
                  "set", [](const D& d) { return !is_text(d); }, "images"),
          attribute<D>("synthetic-classes", &D::synthetic_classes, whole(2, kMostClasses), "Number of classes.",
                       "More classes are harder.")
              .in("classes")
              .only_with("set", is_synthetic, "set=\"synthetic\""),
          attribute<D>("synthetic-side", &D::synthetic_side, whole(1, kLargestSide), "Height and width of an image.",
                       "Match the size that the model expects.")
              .in("pixels")
              .only_with("set", is_synthetic, "set=\"synthetic\""),
          attribute<D>("synthetic-channels", &D::synthetic_channels, whole(1, kLargestSide), "Channels of an image.",
                       "3 stands in for colour images.")
              .in("channels")
              .only_with("set", is_synthetic, "set=\"synthetic\""),
          attribute<D>("synthetic-vocabulary", &D::synthetic_vocabulary, whole(0, kMostTokens),
                       "Above 0: a made-up text of that many different tokens instead of images; a sample is a window "
                       "of the model.",
                       "For language models without a text, above all for plans: 50257 is GPT-2's.")
              .in("tokens")
              .only_with("set", is_synthetic, "set=\"synthetic\""),
      },
      check};
  return all;
}

}  // namespace msfusion
