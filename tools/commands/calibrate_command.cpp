// `msfusion calibrate`: measures this machine and its TCP, and writes them as a kind of device and a network that
// platform files are generated from.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "reports/export.hpp"
#include "sim/base/error.hpp"
#include "sim/base/units.hpp"
#include "sim/calibrate/fit.hpp"
#include "sim/calibrate/network.hpp"
#include "sim/deploy/shaped_network.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/learner_plugin.hpp"

namespace msfusion {

namespace {

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &parts);
  return text;
}

std::string line_of(const char* file, const std::string& start) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.rfind(start, 0) == 0) return line.substr(line.find(':') + 2);
  return "";
}

std::string processor() {
  const std::string name = line_of("/proc/cpuinfo", "model name");
  return name.empty() ? "unnamed processor" : name;
}

double free_memory_bytes() {
  const std::string text = line_of("/proc/meminfo", "MemAvailable");
  return std::stod(text) * 1024;  // "123 kB"
}

std::string xml_escaped(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '"' || c == '<' || c == '&'; }, '\'');
  return text;
}

void print_error(std::FILE* to, const char* which, const std::vector<StepTime>& steps, const Device& device) {
  const FitError error = error_of(steps, device);
  fmt::print(to, "  {}: {} steps, median error {:.1f} %, worst {:.1f} % ({})\n", which, error.steps, 100 * error.median,
             100 * error.worst, to_text(steps[error.worst_step].point));
}

std::string kind_name(int threads) {
  return fmt::format("this-machine-{}-thread{}", threads, threads == 1 ? "" : "s");
}

struct Fitted {
  int threads;
  Device device;
  std::string calibration;  ///< date, versions, error
  double uncertainty = 0;   ///< of steps that were not fitted
  std::string layer_uncertainty;
  double speed_variation = 0;
};

Fitted fit(std::FILE* to, const std::vector<StepTime>& steps, const std::vector<SpeedAt>& speeds, int threads,
           bool verbose) {
  std::vector<StepTime> fitted, held_out;
  for (const StepTime& step : steps) (step.point.held_out ? held_out : fitted).push_back(step);
  Fitted result{threads, fit_device(fitted), "", 0, "", speed_variation(speeds)};
  fmt::print(to, "{} thread{}:\n", threads, threads == 1 ? "" : "s");
  print_error(to, "fitted  ", fitted, result.device);
  print_error(to, "held out", held_out, result.device);
  double slower = 0;
  for (const StepTime& step : steps) slower = std::max(slower, step.wall_seconds / step.cpu_seconds);
  if (slower > 1.2)
    fmt::print(to, "  other programs took up to {:.0f} % of the cores: the times are of the threads' own clocks\n",
               100 * (1 - 1 / slower));
  if (verbose)
    for (const StepTime& step : steps) {
      const double predicted = predicted_seconds(step, result.device);
      fmt::print(to, "  {} {:<60} {:>9.3f} ms, predicted {:>9.3f} ms, {:+.0f} %\n",
                 step.point.held_out ? "held out" : "fitted  ", to_text(step.point), 1e3 * step.cpu_seconds,
                 1e3 * predicted, 100 * (predicted / step.cpu_seconds - 1));
    }
  const FitError error = error_of(held_out, result.device);
  result.uncertainty = spread_of(held_out, result.device);
  for (const auto& [kind, spread] : spreads_by_layer(held_out, result.device))
    result.layer_uncertainty +=
        fmt::format("{}{} {:.3g}%", result.layer_uncertainty.empty() ? "" : " ", kind, 100 * spread);
  fmt::print(to, "  uncertainty: {:.1f} % ({}); the speed's variation from second to second: {:.1f} %\n",
             100 * result.uncertainty, result.layer_uncertainty, 100 * result.speed_variation);
  result.calibration = fmt::format(
      "{}: {}, {} thread{}, MSfusion {}, {}; error of a step's time on {} held-out steps: median {:.1f} %, worst "
      "{:.1f} %",
      today(), processor(), threads, threads == 1 ? "" : "s", MSFUSION_VERSION, MSFUSION_LIBRARIES, error.steps,
      100 * error.median, 100 * error.worst);
  return result;
}

std::string device_entry(const Fitted& fitted) {
  std::string figures, names;
  for (const RooflineFigure& figure : roofline_figures()) {
    std::string name = figure.name;
    std::replace(name.begin(), name.end(), '_', '-');
    figures += fmt::format(" {}=\"{:.5g}{}\"", name, fitted.device.*figure.value, figure.unit());
    names += " " + name;
  }
  return fmt::format(
      "  <device kind=\"{}\" speed=\"{:.5g}f\" memory=\"{:.0f}B\" memory-bandwidth=\"{:.5g}Bps\"{} "
      "uncertainty=\"{:.3g}%\" speed-variation=\"{:.3g}%\" layer-uncertainty=\"{}\"\n      calibration=\"{}\">\n"
      "    <source of=\"speed memory memory-bandwidth{} uncertainty speed-variation\">measured by msfusion calibrate; "
      "memory: what was "
      "free</source>\n"
      "  </device>\n",
      kind_name(fitted.threads), fitted.device.speed_flops, free_memory_bytes(), *fitted.device.memory_bandwidth,
      figures, 100 * fitted.uncertainty, 100 * fitted.speed_variation, fitted.layer_uncertainty,
      xml_escaped(fitted.calibration), names);
}

std::string megabits(double bits_per_second) {
  return fmt::format("{:.4g} Mbit/s", bits_per_second / 1e6);
}

std::string to_text(const ProbedTransfer& transfer) {
  return fmt::format("{} at {}", human(static_cast<double>(transfer.bytes), Quantity::bytes),
                     megabits(transfer.bits_per_second));
}

void print_error(std::FILE* to, const char* which, const std::vector<ProbedTransfer>& transfers,
                 const NetworkFit& network) {
  const NetworkError error = error_of(transfers, network);
  fmt::print(to, "  {}: {} transfers, median error {:.1f} %, worst {:.1f} % ({})\n", which, error.transfers,
             100 * error.median, 100 * error.worst, to_text(transfers[error.worst_transfer]));
}

std::string kernel() {
  utsname names{};
  return uname(&names) == 0 ? fmt::format("{} {}", names.sysname, names.release) : "unnamed kernel";
}

std::string network_entry(std::FILE* to, bool verbose, bool framing) {
  const NetworkMeasurement measured = measure_network(
      [](double bits_per_second) { fmt::print(stderr, "transfers over a link of {}\n", megabits(bits_per_second)); });
  const NetworkFit network = framing ? fit_framed_network(measured.fitted, Framing()) : fit_network(measured.fitted);
  if (framing)
    fmt::print(to, "network: a message takes {} besides its frames\n",
               human(network.latency_seconds, Quantity::seconds));
  else
    fmt::print(to, "network: {:.2f} % of a link's rate is payload; a message takes {} and {:.0f} bytes besides\n",
               100 * network.bandwidth_factor, human(network.latency_seconds, Quantity::seconds),
               network.message_bytes);
  print_error(to, "fitted  ", measured.fitted, network);
  print_error(to, "held out", measured.held_out, network);
  for (const auto* part : {&measured.fitted, &measured.held_out})
    for (const ProbedTransfer& transfer : *part) {
      if (!verbose) break;
      const double predicted = predicted_seconds(transfer, network);
      fmt::print(to, "  {} {:<24} {:>9.3f} ms, predicted {:>9.3f} ms, {:+.1f} %\n",
                 part == &measured.fitted ? "fitted  " : "held out", to_text(transfer), 1e3 * transfer.seconds,
                 1e3 * predicted, 100 * (predicted / transfer.seconds - 1));
    }
  const NetworkError error = error_of(measured.held_out, network);
  const std::string calibration = fmt::format(
      "{}: TCP (cubic) over shaped links of 1 to 100 Mbit/s, {}, MSfusion {}; error of a transfer's time on {} "
      "held-out "
      "transfers of 3 kB to 3 MB: median {:.1f} %, worst {:.1f} %",
      today(), kernel(), MSFUSION_VERSION, error.transfers, 100 * error.median, 100 * error.worst);
  const std::string figures = framing ? fmt::format("framing=\"tcp\" mtu=\"{:.0f}B\"", Framing().mtu_bytes)
                                      : fmt::format("bandwidth-factor=\"{:.5g}\" message-bytes=\"{:.4g}B\"",
                                                    network.bandwidth_factor, network.message_bytes);
  return fmt::format(
      "  <network {} message-latency=\"{:.4g}s\" uncertainty=\"{:.3g}%\"\n      calibration=\"{}\">\n"
      "    <source of=\"{} message-latency uncertainty\">measured by msfusion calibrate</source>\n  </network>\n",
      figures, network.latency_seconds, 100 * spread_of(measured.held_out, network), xml_escaped(calibration),
      framing ? "mtu" : "bandwidth-factor message-bytes");
}

std::string device_entries(std::FILE* to, const CalibrateCommand& command) {
  std::string entries;
  for (const int threads : command.threads) {
    std::vector<SpeedAt> speeds;
    const std::vector<StepTime> steps = measure_steps(
        calibration_grid({threads}), load_learner,
        [&](std::size_t done, std::size_t all) {
          if (isatty(STDERR_FILENO) != 0)
            fmt::print(stderr, "\r{} of {} measurements, {} thread{}   ", done, all, threads, threads == 1 ? "" : "s");
        },
        &speeds);
    if (!command.speed_profiles.empty()) {
      std::filesystem::create_directories(command.speed_profiles);
      const std::string file = fmt::format("{}/{}.txt", command.speed_profiles, kind_name(threads));
      write_file(file, speed_profile(speeds));
      fmt::print(to, "speed over time, for speed_file of a host: {}\n", file);
    }
    if (isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\n");
    entries += device_entry(fit(to, steps, speeds, threads, command.verbose));
  }
  return entries;
}

}  // namespace

int calibrate_machine(const CalibrateCommand& command) {
  // What is found goes where the entries do not.
  std::FILE* to = command.out.empty() ? stderr : stdout;
  std::string entries;
  if (command.only != "device") {
    const auto reason = ShapedNetwork::reason_unavailable();
    if (reason && command.only == "network") throw RunError("the network cannot be calibrated: " + *reason);
    if (reason)
      fmt::print(to, "network not calibrated: {}\n", *reason);
    else
      entries += network_entry(to, command.verbose, command.framing);
  }
  if (command.only != "network") entries += device_entries(to, command);
  const std::string catalogue = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Written by msfusion calibrate. msfusion platform, given this "
      "file, knows "
      "these kinds. -->\n<catalogue>\n{}</catalogue>\n",
      entries);
  if (command.out.empty()) {
    fmt::print("{}", catalogue);
  } else {
    write_file(command.out, catalogue);
  }
  return 0;
}

}  // namespace msfusion
