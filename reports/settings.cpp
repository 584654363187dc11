#include "reports/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "sim/base/error.hpp"
#include "sim/base/xml.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostColumns = 6;

using Values = std::vector<std::pair<std::string, std::string>>;  // path and value, in the order of the document

void add_attributes(const XmlElement& element, const std::string& path, Values& values) {
  for (const auto& [name, value] : element.attributes()) values.emplace_back(path + "." + name, clean_text(value));
}

/// The name that --set finds a method by.
std::string label_of(const XmlElement& method) {
  const auto label = method.attribute("label");
  return label ? *label : method.attribute("name").value_or("");
}

Values values_of(const OpenedStore& store) {
  Values values;
  const auto text = store.meta.find(meta_key::scenario_text);
  if (text == store.meta.end()) return values;
  try {
    const XmlDocument document = XmlDocument::parse_text(text->second, store.name, XmlDocument::Doctype::refused);
    for (const XmlElement& element : document.root().children()) {
      const std::string name = element.name();
      if (name == "sweep" || name == "notes") continue;
      add_attributes(element, name, values);
      for (const XmlElement& child : element.children()) {
        const std::string path = name + "." + child.name() + "[" + clean_text(label_of(child)) + "]";
        values.emplace_back(path, "yes");
        for (const auto& [attribute, value] : child.attributes())
          if (attribute != "label") values.emplace_back(path + "." + attribute, clean_text(value));
      }
    }
  } catch (const UserError&) {  // a store from elsewhere: its text is shown as it is
    values.clear();
  }
  return values;
}

/// Equal texts get equal names: A, B, ... Z, then numbers.
std::string name_of_text(std::size_t index) {
  return index < 26 ? std::string(1, static_cast<char>('A' + index)) : fmt::format("{}", index + 1);
}

Setting fact(const Results& results, const char* key, const char* words, bool by_name) {
  Setting setting{words, {}, false};
  std::vector<std::string> seen;
  for (const auto& store : results.stores) {
    const auto found = store.meta.find(key);
    if (found == store.meta.end()) {
      setting.values.emplace_back();
      continue;
    }
    auto at = std::find(seen.begin(), seen.end(), found->second);
    if (at == seen.end()) at = seen.insert(at, found->second);
    setting.values.emplace_back(by_name ? name_of_text(static_cast<std::size_t>(at - seen.begin()))
                                        : clean_text(found->second));
  }
  return setting;
}

bool differs(const Setting& setting) {
  return std::any_of(setting.values.begin(), setting.values.end(),
                     [&](const auto& value) { return value != setting.values.front(); });
}

}  // namespace

std::vector<Setting> differing_settings(const Results& results) {
  std::vector<Setting> all;
  std::map<std::string, std::size_t> place;
  for (std::size_t store = 0; store < results.stores.size(); ++store)
    for (const auto& [path, value] : values_of(results.stores[store])) {
      const auto [at, is_new] = place.emplace(path, all.size());
      if (is_new) all.push_back({path, std::vector<std::optional<std::string>>(results.stores.size()), true});
      all[at->second].values[store] = value;
    }
  all.push_back(fact(results, meta_key::platform_text, "platform, as a text", true));
  all.push_back(fact(results, meta_key::calibration, "device calibration", false));
  all.push_back(fact(results, meta_key::network_calibration, "network calibration", false));
  all.push_back(fact(results, meta_key::version, "version of MSfusion", false));
  all.push_back(fact(results, meta_key::libraries, "libraries", false));
  all.erase(std::remove_if(all.begin(), all.end(), [](const Setting& setting) { return !differs(setting); }),
            all.end());
  return all;
}

Table settings_table(const Results& results, const std::vector<Setting>& settings) {
  Table table;
  table.caption = "What differs between the settings";
  if (results.stores.size() < 2) return table;
  const bool some_absent = std::any_of(settings.begin(), settings.end(), [](const Setting& setting) {
    return std::find(setting.values.begin(), setting.values.end(), std::nullopt) != setting.values.end();
  });
  if (some_absent) table.foot = "A dash is a setting that the scenario does not state, so its default holds.";
  const auto cell = [](const std::optional<std::string>& value) { return TableCell{value.value_or("–"), ""}; };
  std::map<std::string, int> names;
  for (const auto& store : results.stores) ++names[store.name];
  const auto name_of = [&](const OpenedStore& store) { return names[store.name] > 1 ? store.folder : store.name; };
  if (results.stores.size() <= kMostColumns) {
    table.headings = {{"Setting", "", false}};
    for (const auto& store : results.stores) table.headings.push_back({name_of(store), "", false});
    for (const auto& setting : settings) {
      table.rows.push_back({{setting.path, ""}});
      for (const auto& value : setting.values) table.rows.back().push_back(cell(value));
    }
    return table;
  }
  table.headings = {{"Results", "", false}};
  for (const auto& setting : settings) table.headings.push_back({setting.path, "", false});
  for (std::size_t store = 0; store < results.stores.size(); ++store) {
    table.rows.push_back({{name_of(results.stores[store]), ""}});
    for (const auto& setting : settings) table.rows.back().push_back(cell(setting.values[store]));
  }
  return table;
}

}  // namespace msfusion
