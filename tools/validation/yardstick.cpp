// How fast a core is at this moment: `msfusion-yardstick CATALOGUE KIND`. Says "ready", and answers every line with how
// many times as long as the kind of device says a few training steps take now.
#include <cmath>
#include <iostream>
#include <memory>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/base/median.hpp"
#include "sim/calibrate/fit.hpp"
#include "sim/calibrate/step_bench.hpp"
#include "sim/platform/catalogue.hpp"
#include "tools/commands/learner_plugin.hpp"

namespace msfusion {

namespace {

constexpr double kSeconds = 0.004;  // of each point

/// What is validated are other models than those that the machine is measured with.
bool is_used(const GridPoint& point) {
  return !point.contrastive && point.rate != 0.1875 && point.rate <= 0.5 && point.batch <= 32 &&
         point.model.name != "mlp 256 256" && point.model.name != "cnn 32 64 128";
}

struct Mark {
  std::unique_ptr<StepBench> bench;
  double predicted_seconds = 0;  // of a step
};

Device device_of(const std::string& file, const std::string& name) {
  for (const DeviceKind& kind : read_catalogue(file).devices) {
    if (kind.name != name) continue;
    Device device;
    static_cast<Roofline&>(device) = static_cast<const Roofline&>(kind);
    device.speed_flops = kind.speed_flops;
    device.memory_bandwidth = kind.memory_bandwidth;
    return device;
  }
  throw RunError(file + " has no device " + name);
}

void run_yardstick(const std::string& file, const std::string& kind) {
  const Device device = device_of(file, kind);
  std::vector<Mark> marks;
  for (const GridPoint& point : calibration_grid({1})) {
    if (!is_used(point)) continue;
    const double predicted = predicted_seconds(step_of(point), device);
    if (predicted <= 3 * kSeconds) marks.push_back({std::make_unique<StepBench>(point, load_learner), predicted});
  }
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::vector<double> slowness;
    for (Mark& mark : marks) {
      const int steps = static_cast<int>(std::ceil(kSeconds / mark.predicted_seconds));
      slowness.push_back(mark.bench->steps(steps).cpu_seconds / mark.predicted_seconds);
    }
    std::cout << median(slowness) << std::endl;
  }
}

}  // namespace

}  // namespace msfusion

int main(int argc, char** argv) {
  try {
    if (argc != 3) {
      std::cerr << "usage: msfusion-yardstick CATALOGUE KIND\n";
      return 2;
    }
    msfusion::run_yardstick(argv[1], argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "msfusion-yardstick: " << error.what() << '\n';
    return 1;
  }
}
