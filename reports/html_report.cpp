#include "reports/html_report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <regex>
#include <set>

#include "reports/answer.hpp"
#include "reports/comparison.hpp"
#include "reports/encodings.hpp"
#include "reports/intervals.hpp"
#include "reports/markdown.hpp"
#include "reports/page_assets.hpp"
#include "reports/page_data.hpp"
#include "reports/page_tables.hpp"
#include "reports/personal.hpp"
#include "reports/privacy.hpp"
#include "reports/results.hpp"
#include "reports/retrained.hpp"
#include "reports/run_rows.hpp"
#include "reports/selections.hpp"
#include "reports/settings.hpp"
#include "reports/sweeps.hpp"
#include "reports/table.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostWarnings = 200;
constexpr std::size_t kMostDeviceRows = 500;
constexpr std::size_t kMostOpenRows = 12;
constexpr std::size_t kMostOpenMethods = 24;

std::string chart(const char* id) {
  return fmt::format(
      "<figure data-chart=\"{}\"><noscript><p class=\"empty\">This chart needs JavaScript; the tables do "
      "not.</p></noscript></figure>\n",
      id);
}

/// A part of the page.
struct Section {
  const char *id, *link, *title, *lede;
  std::string content;
};

std::string section(std::size_t number, const Section& section) {
  return fmt::format(
      "<section id=\"{}\">\n<h2><span class=\"count\">{}</span>{}</h2>\n<p class=\"lede\">{}</p>\n{}</section>\n",
      section.id, number, section.title, section.lede, section.content);
}

std::string pair(const char* left, const char* right) {
  return "<div class=\"pair\">" + chart(left) + chart(right) + "</div>\n";
}

std::string meta_of(const OpenedStore& store, const char* key) {
  const auto found = store.meta.find(key);
  return found == store.meta.end() ? "" : found->second;
}

/// "What varies: training.batch: 8, 16; training.rounds: 5, 10."
std::string variation_of(const Results& results) {
  std::vector<std::pair<std::string, std::vector<std::string>>> axes;
  for (const auto& store : results.stores) {
    for (const auto& [path, value] : varied_values(store)) {
      auto axis =
          std::find_if(axes.begin(), axes.end(), [&, &name = path](const auto& one) { return one.first == name; });
      if (axis == axes.end()) axis = axes.insert(axis, {path, {}});
      std::vector<std::string>& values = axis->second;
      if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
    }
  }
  std::string text;
  for (const auto& [path, values] : axes)
    text += fmt::format("{}{}: {}", text.empty() ? "What varies: " : "; ", path, fmt::join(values, ", "));
  return text;
}

/// Whether the page is about one scenario or its sweep, whose description and notes stand at its top.
bool is_one_study(const Results& results) {
  return results.stores.size() == 1 || !sweep_of(results.stores).empty();
}

std::string notes_card(const std::string& markdown) {
  return "<div class=\"card notes\">\n" + html_of_markdown(markdown) + "</div>\n";
}

std::string title_of(const Results& results) {
  if (const std::string sweep = sweep_of(results.stores); !sweep.empty()) return sweep;
  std::string title;
  std::set<std::string> seen;
  for (const auto& store : results.stores)
    if (seen.insert(store.name).second) title += (title.empty() ? "" : ", ") + store.name;
  return title;
}

std::string counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

/// "5 methods, 15 runs"; of a sweep "5 methods in 9 combinations, 135 runs".
std::string size_of(const Results& results) {
  const std::string runs = counted(results.runs.size(), "run");
  if (sweep_of(results.stores).empty()) return counted(results.methods.size(), "method") + ", " + runs;
  std::set<std::string> labels;
  for (const auto& method : results.methods) labels.insert(method.own_label);
  return fmt::format("{} in {} combinations, {}", counted(labels.size(), "method"), results.stores.size(), runs);
}

/// The text with each figure and its unit on one line.
std::string with_units_unbroken(const std::string& html) {
  static const std::regex figure("([0-9]) (%|[a-zA-Z]{1,3}\\b)");
  return std::regex_replace(html, figure, "$1&nbsp;$2");
}

std::string alert_of(const Results& results) {
  std::string items;
  for (const auto& run : results.runs) {
    const auto& summary = run.summary;
    if (summary.finished()) continue;
    items += fmt::format("<li><strong>{}</strong>, seed {}: {} after {} of {} rounds{}</li>\n",
                         html_escape(results.methods[run.method].label), summary.run.seed,
                         html_escape(summary.run.state), summary.rounds_done, summary.run.rounds,
                         summary.run.message.empty() ? "" : ": " + html_escape(summary.run.message));
  }
  if (items.empty()) return "";
  return "<div class=\"alert\" role=\"note\"><strong>Not every run is finished.</strong> The figures of these runs "
         "cover the rounds so far.<ul>\n" +
         items + "</ul></div>\n";
}

/// A table, folded where it is long.
std::string answer_table(const Table& table) {
  if (table.rows.size() <= kMostOpenMethods) return html_text(table);
  return "<details class=\"long\"><summary>" + html_escape(table.caption) + "</summary>" + html_text(table) +
         "</details>\n";
}

std::string answer_section(const Results& results) {
  std::string tables;
  if (is_retrained(results))
    for (const Table& table : retrained_tables(results)) tables += html_text(table);
  std::vector<std::string> missed;
  for (const double target : results.targets) {
    const bool reached = std::any_of(results.methods.begin(), results.methods.end(), [&](const MethodResults& method) {
      return target_figures(results, method, target).reached > 0;
    });
    reached ? tables += answer_table(target_table(results, target)) : missed.emplace_back(percent_text(target));
  }
  if (!missed.empty())
    tables += "<p class=\"missed\">No run reached " + html_escape(in_a_row(missed, "or")) + " accuracy.</p>\n";
  return (has_draws(results) ? chart("sureness") : "") + tables + answer_table(whole_run_table(results)) +
         link_to_rows("runs.csv", "The rows behind these tables: each run, as a whole and until each target",
                      run_rows_csv(results));
}

std::string encodings_of(const Results& results) {
  const Table table = encoding_table(results);
  return table.rows.empty() ? "" : html_text(table);
}

std::string fleet_section(const Results& results) {
  std::string text = html_text(fleet_table(results));
  for (std::size_t store = 0; store < results.stores.size(); ++store) {
    auto table = device_table(results, store);
    const auto all = table.rows.size();
    if (all > kMostDeviceRows) {
      table.rows.resize(kMostDeviceRows);
      table.caption += fmt::format(" (the first {} of {})", kMostDeviceRows, all);
    }
    text += "<details><summary>Every device" +
            (results.stores.size() > 1 ? " of " + html_escape(results.stores[store].name) : std::string()) +
            "</summary>" + html_text(table) + "</details>\n";
  }
  return text + chart("drawing") + chart("peers") + chart("links") + pair("batteries", "availability");
}

std::string warnings_of(const Results& results) {
  std::string items;
  std::size_t count = 0;
  for (std::size_t store = 0; store < results.stores.size(); ++store)
    for (const auto& warning : results.stores[store].reader.warnings()) {
      if (++count > kMostWarnings) continue;
      const auto run = std::find_if(results.runs.begin(), results.runs.end(), [&](const OpenedRun& candidate) {
        return candidate.store == store && candidate.summary.run.run == warning.run;
      });
      const std::string where =
          run == results.runs.end()
              ? ""
              : fmt::format("{}, seed {}", results.methods[run->method].label, run->summary.run.seed);
      items += fmt::format("<li>{}{}: {}</li>\n", html_escape(where),
                           warning.round < 0 ? "" : fmt::format(", round {}", shown_round(warning.round)),
                           html_escape(warning.text));
    }
  if (count == 0) return "<p class=\"lede\">No warnings.</p>\n";
  if (count > kMostWarnings) items += fmt::format("<li>and {} more, in the store</li>\n", count - kMostWarnings);
  return fmt::format("<details{}><summary>{} warning{}</summary><ul>\n{}</ul></details>\n", count <= 12 ? " open" : "",
                     count, count == 1 ? "" : "s", items);
}

std::string how_section(const Results& results, const std::vector<std::string>& notes) {
  using namespace meta_key;
  const std::vector<std::pair<const char*, const char*>> facts = {
      {command, "Repeat it with"},
      {scenario_file, "Scenario file"},
      {seeds, "Seeds"},
      {version, "MSfusion"},
      {libraries, "Libraries"},
      {network_model, "Network model"},
      {simgrid_clock, "SimGrid settings that change simulated times"},
      {simgrid, "All settings of SimGrid's own"},
      {calibration, "Device calibration"},
      {network_calibration, "Network calibration"},
      {uncertainty, "Uncertainty"}};
  std::set<std::string> own = {
      id, inputs, scenario, description, meta_key::notes, scenario_text, platform_text, targets, personal_targets};
  std::string text;
  for (const auto& store : results.stores) {
    std::string list;
    const auto add = [&](const std::string& term, const std::string& value) {
      list += fmt::format("<dt>{}</dt><dd>{}</dd>\n", html_escape(term), value);
    };
    for (const auto& [key, term] : facts) {
      own.insert(key);
      const auto found = store.meta.find(key);
      if (found == store.meta.end()) continue;
      add(term, key == command ? "<code>" + html_escape(found->second) + "</code>" : html_escape(found->second));
    }
    if (store.meta.find(calibration) == store.meta.end())
      add("Device calibration",
          "None for the devices: their speeds are the platform file's, and the error of simulated times is unknown.");
    if (store.meta.find(network_calibration) == store.meta.end())
      add("Network calibration",
          "None for the links: their rates and latencies are the platform file's, and the error of transfer times is "
          "unknown.");
    if (store.meta.find(uncertainty) == store.meta.end())
      add("Uncertainty",
          "Unknown: the platform states none for its devices and links, so times, energy and money have no interval.");
    for (const auto& [key, value] : store.meta)
      if (own.find(key) == own.end()) add(key, html_escape(value));
    add("Result folder", "<code>" + html_escape(store.folder) + "</code>");
    text += "<div class=\"card\"><h3>" + html_escape(store.name) + "</h3>\n<dl>\n" + list + "</dl></div>\n";
    if (const std::string words = meta_of(store, meta_key::notes); !words.empty() && !is_one_study(results))
      text += notes_card(words);
    const auto listing = [&](const char* key, const char* summary, bool open) {
      const auto found = store.meta.find(key);
      if (found != store.meta.end())
        text += fmt::format("<details{}><summary>{}</summary><pre>{}</pre></details>\n", open ? " open" : "", summary,
                            html_escape(found->second));
    };
    listing(scenario_text, "The scenario as it was run", results.stores.size() == 1);
    listing(platform_text, "The platform", false);
  }
  std::string methods;
  for (const auto& method : results.methods)
    methods += fmt::format("<dt>{}</dt><dd>{}</dd>\n", html_escape(method.label), html_escape(method.choices));
  text += "<div class=\"card\"><h3>The methods' choices: split | objective | exchange | merge</h3>\n<dl>\n" + methods +
          "</dl></div>\n";
  text += warnings_of(results);
  for (const auto& note : notes) text += "<p class=\"chart-note\">" + html_escape(note) + "</p>\n";
  return text;
}

/// The table of what differs, and the runs grouped by it.
std::string varied_section(const Results& results, const std::vector<Setting>& settings) {
  const bool of_attributes =
      std::any_of(settings.begin(), settings.end(), [](const auto& s) { return s.is_attribute; });
  const std::string table = html_text(settings_table(results, settings));
  return (of_attributes ? chart("groups") : "") +
         (results.stores.size() > kMostOpenRows
              ? fmt::format("<details><summary>The settings of all {} results</summary>{}</details>\n",
                            results.stores.size(), table)
              : table);
}

/// The sections with their numbers, after the links to them.
std::string sections_of(const Results& results, const std::vector<Setting>& settings,
                        const std::vector<std::string>& notes) {
  const auto personal = personal_table(results), fairness = fairness_table(results),
             selections = selection_table(results), device_costs = device_cost_table(results);
  std::vector<Section> all = {{"answer", "The answer", "The answer",
                               "What each target accuracy cost. Times are simulated; – marks an unknown figure.",
                               answer_section(results)}};
  if (!settings.empty())
    all.push_back({"varied", "What varies", "What varies",
                   "The settings that differ between these results, and what they change.",
                   varied_section(results, settings)});
  all.insert(all.end(),
             {{"curves", "Curves", "Accuracy and loss",
               "How the models improved as time, traffic and energy were spent.", chart("accuracy") + chart("loss")},
              {"tradeoff", "Trade-off", "The trade-off", "What each run cost, and how accurate its model became.",
               pair("pareto", "split") + encodings_of(results)},
              {"time", "Time", "Where the time goes", "What devices do in a round, and what the round waits for.",
               chart("timeline") + chart("shares") + pair("stragglers", "endings")},
              {"trained", "What was trained", "What was trained",
               "A sub-model covers part of the model. Parameters that no device trains keep their values.",
               pair("coverage", "staleness") + pair("axes", "overlap") + chart("disagreement")},
              {"fleet", "Fleet", "The fleet", "The devices, their network, and the charge left in their batteries.",
               fleet_section(results)},
              {"fairness", "Fairness", "Fairness", "Whether every device gets a good model, and at a similar cost.",
               (personal.rows.empty() ? "" : html_text(personal)) + (fairness.rows.empty() ? "" : html_text(fairness)) +
                   (selections.rows.empty() ? "" : html_text(selections)) +
                   (device_costs.rows.empty() ? "" : html_text(device_costs)) + chart("fairness")},
              {"how", "How it was made", "How it was made", "Everything needed to repeat the run.",
               how_section(results, notes)}});
  const Table privacy = privacy_table(results), secure = secure_table(results);
  if (!privacy.rows.empty() || !secure.rows.empty()) {
    const auto trained =
        std::find_if(all.begin(), all.end(), [](const Section& one) { return std::string_view(one.id) == "trained"; });
    all.insert(trained,
               {"privacy", "Privacy", "Privacy",
                "What an observer of the models, or the server, may learn about a user, and what hiding it cost.",
                (privacy.rows.empty() ? "" : html_text(privacy) + chart("privacy")) +
                    (secure.rows.empty() ? "" : html_text(secure))});
  }
  std::string links, sections;
  for (std::size_t i = 0; i < all.size(); ++i) {
    links += fmt::format("<a href=\"#{}\">{}</a>", all[i].id, all[i].link);
    sections += section(i + 1, all[i]);
  }
  return "<nav aria-label=\"Sections\">" + links + "</nav>\n</header>\n<main>\n" + sections;
}

}  // namespace

std::string html_report(const std::vector<std::string>& run_folders, const ReportOptions& options) {
  const auto results = open_results(run_folders, options.baseline);
  const auto settings = differing_settings(results);
  const auto data = page_data(results, settings);
  const auto title = title_of(results);
  const auto paragraph = [](const std::string& text) {
    return text.empty() ? "" : "<p class=\"description\">" + html_escape(text) + "</p>\n";
  };
  const bool is_sweep = !sweep_of(results.stores).empty();
  std::string description;
  if (is_one_study(results)) description = paragraph(meta_of(results.stores.front(), meta_key::description));
  if (is_sweep) description += paragraph(variation_of(results));

  std::string page =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      // Nothing on this page may ask a network for anything, whatever a name contains.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'unsafe-inline'; "
      "img-src data: blob:; connect-src data: blob:; base-uri 'none'; form-action 'none'\">\n";
  if (options.refresh_seconds > 0)
    page += fmt::format("<meta http-equiv=\"refresh\" content=\"{}\">\n", options.refresh_seconds);
  page += "<title>" + html_escape(title) + " · MSfusion report</title>\n<style>" +
          page_assets::joined(page_assets::style) + "</style>\n</head>\n<body>\n";
  page += fmt::format(
      "<header>\n<p class=\"kicker\"><span>MSfusion report · {}</span><button id=\"theme\" "
      "type=\"button\">light / dark</button></p>\n",
      size_of(results));
  page += "<h1>" + html_escape(title) + "</h1>\n" + description + alert_of(results);
  page += "<p class=\"answer\">" + with_units_unbroken(html_escape(answer(results))) + "</p>\n";
  if (const std::string words = meta_of(results.stores.front(), meta_key::notes);
      !words.empty() && is_one_study(results))
    page += notes_card(words);
  page += sections_of(results, settings, data.notes);
  page +=
      "</main>\n<footer>Made by MSfusion from the result store. This page works offline.\n"
      "<details id=\"notices\"><summary>Licences of the charts' code in this page</summary>\n<pre>" +
      html_escape(page_assets::joined(page_assets::notices)) + "</pre></details></footer>\n";
  page += "<script type=\"application/json\" id=\"data\">" + data.json + "</script>\n<script>" +
          page_assets::joined(page_assets::script) + "</script>\n</body>\n</html>\n";
  return page;
}

}  // namespace msfusion
