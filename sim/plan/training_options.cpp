#include "sim/plan/training_options.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "sim/plan/start_words.hpp"

namespace msfusion {

namespace {

using Optimiser = TrainingOptions::Optimiser;
using Schedule = TrainingOptions::Schedule;
using Device = TrainingOptions::Device;

constexpr std::array<Choice<Optimiser>, 3> kOptimisers{{
    {Optimiser::sgd, "sgd", "stochastic gradient descent"},
    {Optimiser::adam, "adam", "Adam"},
    {Optimiser::adamw, "adamw", "Adam with decoupled weight decay"},
}};
constexpr std::array<Choice<Schedule>, 3> kSchedules{{
    {Schedule::constant, "constant", "the same rate in every round"},
    {Schedule::step, "step", "times decay at each milestone"},
    {Schedule::cosine, "cosine", "half a cosine from the rate towards 0"},
}};
constexpr std::array<Choice<AdapterOptions::Cut>, 2> kAdapterCuts{{
    {AdapterOptions::Cut::rank, "rank", "the adapters' ranks alone"},
    {AdapterOptions::Cut::all, "all", "the model's widths too"},
}};
constexpr std::array<Choice<Device>, 2> kDevices{{
    {Device::cpu, "cpu", "one job a core"},
    {Device::cuda, "cuda", "several jobs a GPU"},
}};

TypeOf<std::string> file_or_random() {
  TypeOf<std::string> type = path();
  type.name = "path-or-random";
  type.allowed = "the path of a safetensors or ONNX file, relative to the scenario's own folder or absolute, or random";
  type.words = {kRandomStart};
  return type;
}

struct KeptKind {
  const char* name;
  bool KeptModels::*kept;
};
constexpr std::array<KeptKind, 3> kKeptKinds{
    {{"last", &KeptModels::last}, {"best", &KeptModels::best}, {"devices", &KeptModels::devices}}};
constexpr const char* kNothingKept = "none";

std::optional<KeptModels> read_kept(const std::string& text) {
  KeptModels kept{false, false, false};
  if (trimmed(text) == kNothingKept) return kept;
  bool any = false;
  std::istringstream words(text);
  for (std::string word; words >> word; any = true) {
    const auto kind =
        std::find_if(kKeptKinds.begin(), kKeptKinds.end(), [&](const KeptKind& k) { return word == k.name; });
    if (kind == kKeptKinds.end() || std::exchange(kept.*(kind->kept), true)) return std::nullopt;
  }
  return any ? std::optional(kept) : std::nullopt;
}

std::string text_of(const KeptModels& kept) {
  std::string text;
  for (const KeptKind& kind : kKeptKinds)
    if (kept.*(kind.kept)) text += (text.empty() ? "" : " ") + std::string(kind.name);
  return text.empty() ? kNothingKept : text;
}

TypeOf<KeptModels> kept_models_type() {
  TypeOf<KeptModels> type;
  type.name = "kept-models";
  type.allowed = "none, or one or more of last, best and devices, each once, separated by blanks";
  type.schema =
      "<xs:restriction base=\"xs:token\">"
      "<xs:pattern value=\"none|(last|best|devices)( (last|best|devices))*\"/></xs:restriction>";
  type.parse = read_kept;
  type.write = text_of;
  return type;
}

TypeOf<std::vector<std::string>> layer_words() {
  TypeOf<std::vector<std::string>> type;
  type.name = "layer-words";
  type.allowed = "names or kinds of layers, separated by blanks";
  type.schema = "<xs:restriction base=\"xs:token\"><xs:minLength value=\"1\"/></xs:restriction>";
  type.parse = [](const std::string& text) -> std::optional<std::vector<std::string>> {
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words.empty() ? std::nullopt : std::optional(words);
  };
  type.write = [](const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
  };
  return type;
}

bool is_sgd(const TrainingOptions& training) {
  return training.optimiser == Optimiser::sgd;
}

bool is_adam(const TrainingOptions& training) {
  return !is_sgd(training);
}

bool has_adapters(const TrainingOptions& training) {
  return training.adapters.rank > 0;
}

bool has_steps(const TrainingOptions& training) {
  return training.schedule == Schedule::step;
}

void check(const TrainingOptions& training, GivenAttributes& given) {
  if (given.has("local-steps") && given.has("local-epochs"))
    given.object("local-epochs", given.quote("local-epochs"),
                 "allowed only with no local-steps beside it: one of the two");
  if (is_sgd(training) && training.nesterov && training.momentum == 0 && !given.refused("momentum"))
    given.object("nesterov", given.quote("nesterov") + " without momentum", "needed: momentum above 0");
  if (has_steps(training) && training.milestones.empty())
    given.object("schedule", given.quote("schedule") + " without milestones", "needed: milestones, in rounds");
  const auto& stones = training.milestones;
  if (std::adjacent_find(stones.begin(), stones.end(), [](int a, int b) { return a >= b; }) != stones.end())
    given.object("milestones", given.quote("milestones"), "each must be later than the one before");
}

}  // namespace

// A table. NOLINTNEXTLINE(readability-function-size)
const Vocabulary<TrainingOptions>& training_vocabulary() {
  using T = TrainingOptions;
  static const Vocabulary<T> all{
      {
          attribute<T>("rounds", &T::rounds, whole(1),
                       "Rounds of local training and exchange; at most so many where until may end the run before. An "
                       "asynchronous method's round is a merge, so its rounds are shorter.",
                       "Raise it until the curves are flat.")
              .is_required()
              .in("rounds"),
          attribute<T>("until", &T::until, run_limits_type(),
                       "Ends each run before its rounds are done: with the last round that ends within so much "
                       "simulated time (\"10min\"), or before its nodes have sent more (\"500MB\") or taken more "
                       "energy (\"50kJ\") than that in all; or with the evaluation in which the global model reaches "
                       "the largest accuracy of <target> (\"target\"). Of several, the first that is met. Make rounds "
                       "large enough not to end the run before. Schedules go by rounds, whatever until says.",
                       "To compare methods whose rounds differ in length, as asynchronous ones' do.")
              .absent("none: all rounds"),
          attribute<T>("local-epochs", &T::local_epochs, whole(1), "Passes of a device over its samples in a round.",
                       "More save traffic and let devices drift apart.")
              .in("epochs"),
          attribute<T>("local-steps", &T::local_steps, whole(1), "Optimiser steps in a round, instead of epochs.",
                       "For equal work on devices with unequal data.")
              .in("steps")
              .absent("none: local-epochs count"),
          attribute<T>("batch", &T::batch, whole(1),
                       "Samples of an optimiser step; the last batch of an epoch may be smaller.",
                       "Larger is faster and takes more memory.")
              .in("samples"),
          attribute<T>("optimiser", &T::optimiser, one_of_table("optimiser", kOptimisers), "The local optimiser.",
                       "adam or adamw for language models."),
          attribute<T>("learning-rate", &T::learning_rate, number_above(0),
                       "The local learning rate before the schedule.",
                       "0.1 with SGD and batch norm; about 0.001 with Adam."),
          attribute<T>("momentum", &T::momentum, number_below(0, 1), "Momentum; its state starts anew every round.",
                       "0.9 where the paper to be repeated has it.")
              .only_with("optimiser", is_sgd, "optimiser=\"sgd\""),
          attribute<T>("nesterov", &T::nesterov, on_off(), "Nesterov's form; needs momentum.",
                       "Where the paper to be repeated has it.")
              .only_with("optimiser", is_sgd, "optimiser=\"sgd\""),
          attribute<T>("weight-decay", &T::weight_decay, number_from(0), "L2 penalty; decoupled for adamw.",
                       "5e-4 for ResNets on CIFAR."),
          attribute<T>("beta1", &T::beta1, number_below(0, 1), "Decay of the first moment.", "Seldom.")
              .only_with("optimiser", is_adam, "optimiser=\"adam\" or \"adamw\""),
          attribute<T>("beta2", &T::beta2, number_below(0, 1), "Decay of the second moment.",
                       "0.95 to 0.98 for transformers.")
              .only_with("optimiser", is_adam, "optimiser=\"adam\" or \"adamw\""),
          attribute<T>("epsilon", &T::epsilon, number_above(0), "Keeps the denominator away from 0.", "Seldom.")
              .only_with("optimiser", is_adam, "optimiser=\"adam\" or \"adamw\""),
          attribute<T>("clip-norm", &T::clip_norm, number_above(0), "Gradients are scaled down to at most this norm.",
                       "1 for HeteroFL's recipes and for recurrent networks.")
              .absent("none: no clipping"),
          attribute<T>("schedule", &T::schedule, one_of_table("schedule", kSchedules),
                       "How the learning rate changes over the rounds. constant; step: times decay at each milestone; "
                       "cosine: (1 + cos(pi t / rounds)) / 2 in round t = 0, 1, .., which comes close to 0 in the last "
                       "round; a run that until ends sooner does not come so far.",
                       "step or cosine in long runs."),
          attribute<T>("milestones", &T::milestones, list_of(whole(1)),
                       "Rounds at which the rate is multiplied by decay, ascending.",
                       "About half and three quarters of the rounds.")
              .in("rounds")
              .absent("needed with step")
              .only_with("schedule", has_steps, "schedule=\"step\""),
          attribute<T>("decay", &T::decay, number_above(0, 1), "The factor at each milestone.",
                       "0.5 for gentler steps.")
              .only_with("schedule", has_steps, "schedule=\"step\""),
          attribute<T>("warmup-rounds", &T::warmup_rounds, whole(0),
                       "Rounds over which the rate grows linearly from 0, with any schedule.",
                       "A few for large rates and transformers.")
              .in("rounds"),
          attribute<T>("initial", &T::initial, file_or_random(),
                       "The safetensors or ONNX file with the values that training starts from: the names and sizes of "
                       "the model's tensors, as `msfusion export --model` writes them. Every device has them from the "
                       "beginning, which costs no traffic. random: drawn, also where the model is an ONNX file.",
                       "To go on from a model that was trained before; random for an ONNX model's layers alone.")
              .absent("the weights of an ONNX model; others are drawn at random"),
          attribute<T>("fresh", &T::fresh, layer_words(),
                       "Layers that the file of initial, or an ONNX model, is not asked for: they are drawn at random.",
                       "classifier for other classes than those of the file; all for an ONNX model's layers alone.")
              .absent("none"),
          attribute<T>(
              "train", &T::train, layer_words(),
              "What is trained: layers by name or by the beginning of their names (stage4), kinds of layers "
              "(conv, dense, attention, norm, embedding, positions, lstm), classifier, or all. Everything else "
              "is frozen: it keeps its start values, and has no gradient, no optimiser state and no traffic.",
              "norm classifier, with initial, to adapt a model at little cost.")
              .absent("all; with lora: the adapters alone"),
          attribute<T>(
              "lora", [](auto& t) -> auto& { return t.adapters.rank; }, whole(0, 65536),
              "LoRA: dense layers keep their weights W, and B A of this rank is trained in W + B A. The adapters alone "
              "are trained and sent, and what train names. 0: no adapters.",
              "4 to 64, with initial, where a large model is adapted over slow links.")
              .in("rank"),
          attribute<T>(
              "lora-layers", [](auto& t) -> auto& { return t.adapters.layers; }, layer_words(),
              "The dense layers with an adapter: dense, attention (query, key, value and projection), or names as in "
              "train. The classifier never has one.",
              "attention for large transformers, as LoRA's paper does.")
              .absent("dense")
              .only_with("lora", has_adapters, "lora above 0"),
          attribute<T>(
              "lora-cut", [](auto& t) -> auto& { return t.adapters.cut; }, one_of_table("lora-cut", kAdapterCuts),
              "Which widths a method cuts: rank, those of the adapters alone, so that small devices have adapters of "
              "smaller rank for the whole model; all, the model's own widths with them.",
              "all where a device cannot hold the model.")
              .only_with("lora", has_adapters, "lora above 0"),
          attribute<T>("device", &T::device, one_of_table("training-device", kDevices),
                       "Where local trainings compute: cpu, one job a core; cuda, several jobs a GPU, where LibTorch "
                       "has CUDA. Evaluation and merging stay on the processor.",
                       "cuda for wide models on a machine with a GPU; last bits differ from the processor's."),
      },
      check};
  return all;
}

const Vocabulary<EvaluationOptions>& evaluation_vocabulary() {
  using E = EvaluationOptions;
  static const Vocabulary<E> all{
      {
          attribute<E>("every", &E::every, whole(1),
                       "Rounds from one evaluation to the next; the last round is always evaluated.",
                       "10 in long runs, where an evaluation costs as much as a round.")
              .in("rounds"),
          attribute<E>("submodels", &E::submodels, on_off(),
                       "Also tests every device's sub-model, not only the global model.",
                       "off saves time with many devices."),
          attribute<E>("personal", &E::personal, on_off(),
                       "Also tests each device that has trained on its own part of the test split, with the model "
                       "that it would use (its own, its sub-model, or the server's), and the global model on the same "
                       "part. The parts cut the test split as the training samples are cut: of each class a device "
                       "gets the share that it holds of it, drawn from the run's seed; text is dealt by numbers of "
                       "samples, in blocks where the partition is natural.",
                       "on to compare methods without own models with those that have them.")
              .absent("on where a method has personal, off elsewhere"),
          attribute<E>("norm-samples", &E::norm_samples, whole(1),
                       "Training samples whose batch statistics the test uses, in models with norm=\"batch\".",
                       "More give steadier accuracy.")
              .in("samples"),
          attribute<E>("keep", &E::keep, kept_models_type(),
                       "The trained models that stay in the results folder, for msfusion export --model: last, the "
                       "global model of the last evaluation; best, that of the evaluation with the highest accuracy; "
                       "devices, every device's sub-model of the last evaluation; none.",
                       "\"best last\" where accuracy falls again; none in large sweeps of large models."),
      },
      [](const E& evaluation, GivenAttributes& given) {
        if (evaluation.keep.devices && !evaluation.submodels && !given.refused("keep"))
          given.object("keep", given.quote("keep") + " without their evaluation",
                       "devices is allowed only with submodels=\"on\"");
      }};
  return all;
}

}  // namespace msfusion
