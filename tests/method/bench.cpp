#include "tests/method/bench.hpp"

#include "sim/shape/models.hpp"

namespace msfusion {

Method method_named(const char* name) {
  return find_method(name)->choices;
}

Method msfusion_at(double rate) {
  Method method = method_named("msfusion");
  method.split.rate.kind = RateChoice::Kind::given;
  method.split.rate.levels = {rate};
  return method;
}

Bench::Bench(Method chosen, int devices) : method(std::move(chosen)) {
  CnnOptions spec;
  spec.channels = {8, 12};
  shape = build_shape(spec, {InputKind::image, 1, 8, 8, 3});
  for (int n = 0; n < devices; ++n) {
    Device device;
    device.name = "phone-" + std::to_string(n);
    device.speed_flops = 1e9;
    device.memory_bytes = 1e9;
    fleet.devices.push_back(device);
  }
  Device server;
  server.name = "server";
  server.speed_flops = 1e12;
  fleet.server = server;
  training.rounds = 5;
  training.batch = 8;
}

PlannerSetup Bench::setup() const {
  return {shape, fleet, method, training, constraints, std::vector<std::int64_t>(fleet.devices.size(), 20),
          68,    1,     "s.xml"};
}

TimedRound everything_done(const RoundPlan& plan) {
  TimedRound timed;
  timed.round = plan.round;
  timed.steps.assign(plan.steps.size(), {0, 1, Fate::done});
  return timed;
}

double bytes_of_pair(const RoundPlan& plan, NodeId from, NodeId to, Cargo cargo) {
  double bytes = 0;
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what))
      if (transfer->from == from && transfer->to == to && transfer->cargo == cargo) bytes += transfer->bytes;
  return bytes;
}

}  // namespace msfusion
