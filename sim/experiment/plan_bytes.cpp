#include "sim/experiment/plan_bytes.hpp"

#include <cstring>
#include <map>
#include <type_traits>

#include "sim/base/error.hpp"
#include "sim/base/overloaded.hpp"

namespace msfusion {

namespace {

class Writer {
 public:
  template <class T>
  void put(const T& value) {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <class T>
  void put_all(const std::vector<T>& values) {
    put(values.size());
    for (const T value : values) put(value);
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(const std::string& bytes) : bytes_(bytes) {}
  template <class T>
  T get() {
    static_assert(std::is_arithmetic_v<T> || std::is_enum_v<T>);
    if (bytes_.size() - at_ < sizeof(T)) throw RunError("a plan that was sent to be timed again ends too early");
    T value;
    std::memcpy(&value, bytes_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  template <class T>
  std::vector<T> get_all() {
    std::vector<T> values;
    for (auto left = get<std::size_t>(); left > 0; --left) values.push_back(get<T>());
    return values;
  }

 private:
  const std::string& bytes_;
  std::size_t at_ = 0;
};

void put_steps(const RoundPlan& plan, Writer& out) {
  std::map<TaskId, TaskId> places;
  out.put(plan.tasks.size());
  for (const TrainTask& task : plan.tasks) {
    places.emplace(task.id, static_cast<TaskId>(places.size()));
    out.put(task.device);
  }
  out.put(plan.steps.size());
  for (const Step& step : plan.steps) {
    std::visit(Overloaded{[&](const Compute& compute) {
                            out.put(false);
                            out.put(compute.node);
                            out.put(compute.node);
                            out.put(compute.flops);
                          },
                          [&](const Transfer& transfer) {
                            out.put(true);
                            out.put(transfer.from);
                            out.put(transfer.to);
                            out.put(transfer.bytes);
                          }},
               step.what);
    const auto place = places.find(step.task);
    out.put(place == places.end() ? TaskId{-1} : place->second);
    out.put(step.starts_when_any_done);
    out.put_all(step.after);
  }
}

void get_steps(Reader& in, RoundPlan& plan) {
  plan.tasks.resize(in.get<std::size_t>());
  for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
    plan.tasks[i].id = static_cast<TaskId>(i);
    plan.tasks[i].device = in.get<NodeId>();
  }
  plan.steps.resize(in.get<std::size_t>());
  for (Step& step : plan.steps) {
    const bool is_transfer = in.get<bool>();
    const auto from = in.get<NodeId>(), to = in.get<NodeId>();
    const auto amount = in.get<double>();
    if (is_transfer)
      step.what = Transfer{from, to, amount};
    else
      step.what = Compute{from, amount};
    step.task = in.get<TaskId>();
    step.starts_when_any_done = in.get<bool>();
    step.after = in.get_all<StepId>();
  }
}

}  // namespace

std::string bytes_of(const TimeablePlan& timeable) {
  Writer out;
  const RoundPlan& plan = timeable.plan;
  put_steps(plan, out);
  out.put(plan.closing.kind);
  out.put(plan.closing.deadline_seconds);
  out.put(plan.closing.fraction);
  out.put(plan.closing.arrivals);
  out.put(plan.closing.enough);
  out.put(plan.closing.keep_in_flight);
  out.put(plan.secure_sums.size());
  for (const SecureSum& sum : plan.secure_sums) {
    out.put(sum.unmasking);
    out.put(sum.flops_for_missing);
    out.put_all(sum.masked);
  }
  out.put(timeable.participants.size());
  for (const bool takes_part : timeable.participants) out.put(takes_part);
  out.put(timeable.delivered);
  return out.take();
}

TimeablePlan plan_of(const std::string& bytes) {
  Reader in(bytes);
  TimeablePlan timeable;
  RoundPlan& plan = timeable.plan;
  get_steps(in, plan);
  plan.closing.kind = in.get<Closing::Kind>();
  plan.closing.deadline_seconds = in.get<double>();
  plan.closing.fraction = in.get<double>();
  plan.closing.arrivals = in.get<int>();
  plan.closing.enough = in.get<int>();
  plan.closing.keep_in_flight = in.get<bool>();
  plan.secure_sums.resize(in.get<std::size_t>());
  for (SecureSum& sum : plan.secure_sums) {
    sum.unmasking = in.get<StepId>();
    sum.flops_for_missing = in.get<double>();
    sum.masked = in.get_all<StepId>();
  }
  timeable.participants.resize(in.get<std::size_t>());
  for (std::size_t i = 0; i < timeable.participants.size(); ++i) timeable.participants[i] = in.get<bool>();
  timeable.delivered = in.get<std::size_t>();
  return timeable;
}

}  // namespace msfusion
