#include "sim/scenario/elements.hpp"

#include <algorithm>
#include <functional>

namespace msfusion {

namespace {

constexpr int kLongestText = 10000;

void check_seeds(const SeedOptions& seeds, GivenAttributes& given) {
  std::vector<std::uint64_t> sorted = seeds.values;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    given.object("values", given.quote("values"), "each seed may stand there once");
}

void check_targets(const TargetOptions& targets, GivenAttributes& given) {
  const auto check = [&](const char* name, const std::vector<double>& all) {
    if (std::adjacent_find(all.begin(), all.end(), std::greater_equal<>()) != all.end())
      given.object(name, given.quote(name), "each must be larger than the one before");
  };
  check("accuracy", targets.accuracies);
  check("personal", targets.personal);
}

std::string seeds_meaning() {
  return "One run of every method per seed: the spread shows what is chance. Without the element: seed " +
         seed_vocabulary().attributes.front().written(SeedOptions()) + ".";
}

}  // namespace

const Vocabulary<HeadOptions>& head_vocabulary() {
  using H = HeadOptions;
  static const Vocabulary<H> all{
      {attribute<H>("name", &H::name, identifier(), "Names the run folder results/NAME and the report.",
                    "For every variant that you want to keep beside the others.")
           .is_required(),
       attribute<H>("description", &H::description, text_up_to(kLongestText),
                    "A sentence or two that the report shows under the name.",
                    "Say what the scenario is meant to find out.")
           .absent("empty")},
      {}};
  return all;
}

const Vocabulary<SeedOptions>& seed_vocabulary() {
  using S = SeedOptions;
  static const Vocabulary<S> all{{attribute<S>("values", &S::values, list_of(whole_of_64_bits()), "The seeds.",
                                               "Three or more for anything that you publish.")
                                      .is_required()},
                                 check_seeds};
  return all;
}

const Vocabulary<TargetOptions>& target_vocabulary() {
  using T = TargetOptions;
  static const Vocabulary<T> all{
      {attribute<T>("accuracy", &T::accuracies, list_of(number_above(0, 1)),
                    "Test accuracies of the global model, ascending, 0.8 for 80 %.",
                    "Just below what the better methods reach.")
           .absent("none")
           .in("share"),
       attribute<T>("personal", &T::personal, list_of(number_above(0, 1)),
                    "The same for the mean accuracy of the devices on their own parts of the test split, where "
                    "<evaluation personal=\"on\"> asks for it.",
                    "Where every device is to have a model that serves its own data.")
           .absent("none")
           .in("share")},
      check_targets};
  return all;
}

const Vocabulary<VaryOptions>& vary_vocabulary() {
  using V = VaryOptions;
  static const Vocabulary<V> all{
      {attribute<V>("path", &V::path, text_up_to(kLongestText),
                    "The attribute, as in --set: training.batch, or methods.method[msfusion].split.", "")
           .is_required(),
       attribute<V>("values", &V::values, text_up_to(kLongestText),
                    "The values, separated by \" | \" because a value may hold blanks.", "")
           .is_required()},
      {}};
  return all;
}

const std::vector<ElementInfo>& scenario_elements() {
  static const std::vector<ElementInfo> all = {
      {"scenario",
       "One question put to one fleet: who trains what, how, at what cost.",
       describe(head_vocabulary()),
       {{"platform", true},
        {"data", true},
        {"model", true},
        {"training", true},
        {"evaluation"},
        {"constraints"},
        {"privacy"},
        {"prices"},
        {"methods", true},
        {"seeds"},
        {"sweep"},
        {"target"},
        {"notes"}}},
      {"platform", "The devices and links, as a SimGrid platform file.", describe(platform_vocabulary()), {}},
      {"data", "What is learned from, and who holds how much of it.", describe(data_vocabulary()), {}},
      {"model",
       "The full model that is to be trained: of a kind, from a file, or of layers that stand in the element as they "
       "would in a file. Each kind has its own attributes; another kind's are refused.",
       model_attributes(),
       {}},
      {"training", "What every device does locally in a round.", describe(training_vocabulary()), {}},
      {"evaluation", "How often the model is tested, and on what.", describe(evaluation_vocabulary()), {}},
      {"constraints", "Limits of the devices, and when a round closes.", describe(constraint_vocabulary()), {}},
      {"privacy",
       "What protects those who take part, and its price: differential privacy of users by clipped updates and noise "
       "(DP-FedAvg), really applied, with the epsilon of every round; and secure aggregation, of which the cost is "
       "charged.",
       describe(privacy_vocabulary()),
       {}},
      {"prices",
       "What energy, traffic and emissions cost where the platform file does not say. A price that is stated nowhere "
       "stays unknown.",
       describe(price_vocabulary()),
       {}},
      {"methods", "The methods to compare, in the order of the report.", {}, {{"method", true, true}}},
      {"method",
       "A method by name. Every further attribute replaces one of the method's choices; one that the method has no use "
       "for is refused with the reason. `msfusion list methods` shows each method's own choices, which are the "
       "defaults.",
       method_attributes(),
       {}},
      {"seeds", seeds_meaning(), describe(seed_vocabulary()), {}},
      {"sweep",
       "Runs the scenario for every combination of values; each has a results folder of its own, "
       "`results/NAME/PATH=VALUE,...`, and one report compares them all. Combinations that differ only in platform or "
       "prices share their training. On the command line, give one path several times: `--set training.batch=16 --set "
       "training.batch=32`.",
       {},
       {{"vary", true, true}}},
      {"vary", "An attribute of the scenario that takes several values.", describe(vary_vocabulary()), {}},
      {"target",
       "Accuracies whose cost is asked: simulated time, bytes, joules and money until each was first reached.",
       describe(target_vocabulary()),
       {}},
      {"notes",
       "What readers of the report should know, shown under its title: a text in Markdown (CommonMark). HTML stands "
       "as it is written; of pictures, and of links to anything but http and https, the words stay.",
       {},
       {}},
  };
  return all;
}

const ElementInfo& element_info(const std::string& name) {
  const auto& all = scenario_elements();
  const auto found = std::find_if(all.begin(), all.end(), [&](const ElementInfo& e) { return e.name == name; });
  if (found == all.end()) throw std::logic_error("no element has the name " + name);
  return *found;
}

bool holds_layers(const ElementInfo& element) {
  return element.name == "model";
}

bool holds_text(const ElementInfo& element) {
  return element.attributes.empty() && element.children.empty();
}

}  // namespace msfusion
