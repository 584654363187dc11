#include "tools/commands/progress_view.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "sim/base/units.hpp"
#include "tools/commands/output.hpp"

namespace msfusion {

namespace {

constexpr auto kRedrawInterval = std::chrono::milliseconds(100);

int terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

const char* text_of(RunReport::State state) {
  switch (state) {
    case RunReport::State::waiting:
      return "waiting";
    case RunReport::State::running:
      return "running";
    case RunReport::State::finished:
      return "finished";
    case RunReport::State::failed:
      return "FAILED";
    case RunReport::State::interrupted:
      return "interrupted";
  }
  return "?";
}

}  // namespace

ProgressView::ProgressView(const Preparation& preparation)
    : on_terminal_(isatty(STDOUT_FILENO) == 1), several_seeds_(preparation.scenario.seeds.size() > 1) {
  const auto runs = runs_of(preparation);
  accuracies_.resize(runs.size(), -1);
  started_.resize(runs.size());
  for (const RunSpec& run : runs) name_width_ = std::max(name_width_, run.method->label.size());
}

std::string ProgressView::line(const RunReport& report) const {
  const auto run = static_cast<std::size_t>(report.run.run);
  const Progress& progress = report.progress;
  std::string text = fmt::format("{:<{}}", report.run.method->label, name_width_);
  if (several_seeds_) text += fmt::format("  seed {:<3}", report.run.seed);
  text += fmt::format("  round {:>4}/{:<4}", progress.rounds_done, progress.rounds);
  text += accuracies_[run] >= 0 ? fmt::format("  accuracy {:5.1f} %", 100 * accuracies_[run]) : std::string(18, ' ');
  if (progress.epsilon) text += fmt::format("  epsilon {:<6.3g}", *progress.epsilon);
  text += fmt::format("  simulated {:<9}", human(progress.simulated_seconds, Quantity::seconds));
  if (report.state == RunReport::State::running && progress.share > 0) {
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started_[run];
    text += fmt::format("  {} left", human(spent.count() * (1 / progress.share - 1), Quantity::seconds));
  } else {
    text += fmt::format("  {}", text_of(report.state));
  }
  return text;
}

void ProgressView::update(const std::vector<RunReport>& reports, int changed) {
  const RunReport& report = reports[static_cast<std::size_t>(changed)];
  const auto run = static_cast<std::size_t>(changed);
  const bool started = started_[run] == std::chrono::steady_clock::time_point{};
  if (started) started_[run] = std::chrono::steady_clock::now();
  if (report.progress.accuracy) accuracies_[run] = *report.progress.accuracy;
  if (on_terminal_) {
    const auto now = std::chrono::steady_clock::now();
    if (report.state == RunReport::State::running && now - drawn_ < kRedrawInterval) return;
    drawn_ = now;
    draw(reports);
    return;
  }
  const bool ended = report.state != RunReport::State::running;
  if (ended || (report.progress.accuracy && !report.progress.is_last)) {  // the last one's end follows at once
    say(fmt::format("{}{}\n", line(report), report.message.empty() ? "" : ": " + report.message));
  }
}

void ProgressView::draw(const std::vector<RunReport>& reports) {
  std::string screen;
  if (lines_drawn_ > 0) screen += fmt::format("\033[{}A", lines_drawn_);
  const auto width = static_cast<std::size_t>(terminal_width() - 1);
  for (const RunReport& report : reports) screen += line(report).substr(0, width) + "\033[K\n";
  lines_drawn_ = static_cast<int>(reports.size());
  say(screen);
}

void ProgressView::finish(const std::vector<RunReport>& reports) {
  if (on_terminal_) draw(reports);
  for (const RunReport& report : reports)
    if (report.state == RunReport::State::failed)
      complain(fmt::format("{} (seed {}) failed: {}", report.run.method->label, report.run.seed, report.message));
}

}  // namespace msfusion
