#include "sim/experiment/redraws.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <system_error>
#include <unordered_map>

#include "sim/base/error.hpp"
#include "sim/base/processes.hpp"
#include "sim/experiment/clocked_rounds.hpp"

namespace msfusion {

namespace {

constexpr std::uint64_t kEndOfPlans = std::numeric_limits<std::uint64_t>::max();
// A process takes at least so many draws and steps: less is not worth its start.
constexpr int kFewestDraws = 25;
constexpr double kFewestSteps = 1e5;
constexpr int kMostMerges = 10'000;  // for one of the run's
// SimGrid's clock goes on from draw to draw of a process; beyond this it no longer tells a nanosecond.
constexpr double kLongestClock = 1e6;

bool read_all(int file, void* bytes, std::size_t count) {
  auto* at = static_cast<char*>(bytes);
  while (count > 0) {
    const ssize_t got = read(file, at, count);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

bool send_all(int file, const void* bytes, std::size_t count) {
  const auto* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t got = ::send(file, at, count, MSG_NOSIGNAL);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

/// Doubles that forked processes write and their parent reads.
class SharedCosts {
 public:
  explicit SharedCosts(std::size_t count) : bytes_(std::max<std::size_t>(1, count) * sizeof(DrawnCost)) {
    void* memory = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
    costs_ = static_cast<DrawnCost*>(memory);
  }
  ~SharedCosts() { munmap(costs_, bytes_); }
  SharedCosts(const SharedCosts&) = delete;
  SharedCosts& operator=(const SharedCosts&) = delete;
  DrawnCost* at(std::size_t index) const { return costs_ + index; }

 private:
  std::size_t bytes_;
  DrawnCost* costs_ = nullptr;
};

/// The process that waits for the plans.
class Server {
 public:
  Server(Timing& timing, const ObservationInputs& inputs, const RedrawOptions& options)
      : timing_(timing), inputs_(inputs), options_(options) {}

  /// False: the run ended without asking for costs.
  bool take_plans(int plans) {
    while (true) {
      std::uint64_t size = 0;
      if (!read_all(plans, &size, sizeof size)) return false;
      if (size == kEndOfPlans) return true;
      std::string bytes(size, '\0');
      if (!read_all(plans, bytes.data(), bytes.size())) return false;
      const auto [known, is_new] = places_.emplace(std::move(bytes), plans_.size());
      if (is_new) plans_.push_back(plan_of(known->first));
      rounds_.push_back(known->second);
    }
  }

  void time_all(int costs) {
    double steps = 0;
    bool keeps_in_flight = false;
    const bool reuses = timing_.is_timeless() && !timing_.uncertainty().varies();
    for (const std::size_t round : rounds_)
      if (!reuses) steps += static_cast<double>(plans_[round].plan.steps.size());
    for (const TimeablePlan& plan : plans_) {
      if (reuses) steps += static_cast<double>(plan.plan.steps.size());
      keeps_in_flight = keeps_in_flight || plan.plan.closing.keep_in_flight;
    }
    const int draws = affordable_draws(options_.draws, steps);
    // Besides the costs, one for each draw: how many of the draws from it on its process has done.
    const SharedCosts shared(static_cast<std::size_t>(draws) * (rounds_.size() + 1));
    reuses_ = reuses && !keeps_in_flight;
    const int at_once =
        reuses_ ? std::max(kFewestDraws,
                           static_cast<int>(std::min(kFewestSteps / std::max(1.0, steps), static_cast<double>(draws))))
                : 1;
    std::deque<Part> parts;
    for (int first = 0; first < draws; first += at_once) parts.push_back({first, std::min(at_once, draws - first)});
    run(std::move(parts), shared, shared.at(static_cast<std::size_t>(draws) * rounds_.size()));
    const auto rows = static_cast<std::uint64_t>(draws);
    if (!send_all(costs, &rows, sizeof rows) ||
        !send_all(costs, shared.at(0), rows * rounds_.size() * sizeof(DrawnCost)))
      throw RunError("the run is gone");
  }

 private:
  struct Part {
    int first, count;
  };

  void run(std::deque<Part> parts, const SharedCosts& shared, DrawnCost* done) {
    const auto reap = [&] {
      for (std::size_t i = 0; i < children_.size(); ++i)
        if (const auto end = poll_end(children_[i].process)) {
          const Part part = children_[i].part;
          children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(i));
          const int draws = static_cast<int>(done[part.first].seconds);
          if (!end->succeeded() || draws < 1) throw RunError("a process that timed drawn fleets ended early");
          if (draws < part.count) parts.push_front({part.first + draws, part.count - draws});
          return;
        }
      usleep(1000);
    };
    while (!parts.empty() || !children_.empty()) {
      while (!parts.empty() && static_cast<int>(children_.size()) < std::max(1, options_.processes)) {
        const Part part = parts.front();
        parts.pop_front();
        children_.push_back({start_bound_process([&] {
                               const CoreLease core(options_.cores);
                               done[part.first].seconds = time(part, shared);
                               return 0;
                             }),
                             part});
      }
      reap();
    }
  }

  /// Returns how many of its draws it did: the clock may have gone too far for the others.
  int time(const Part& part, const SharedCosts& shared) {
    const std::vector<DrawnFleet> fleets =
        draw_fleets(timing_.uncertainty(), options_.shares, options_.seed, part.first, part.count);
    for (int i = 0; i < part.count; ++i) {
      if (i > 0 && timing_.now_seconds() > kLongestClock) return i;
      timing_.redraw(fleets[static_cast<std::size_t>(i)]);
      DrawnCost* costs = shared.at(static_cast<std::size_t>(part.first + i) * rounds_.size());
      const auto cost = options_.plans_anew ? planned_anew() : planned_before();
      DrawnCost spent;
      for (std::size_t round = 0; round < rounds_.size(); ++round) {
        spent += cost(round);
        costs[round] = spent;
      }
    }
    return part.count;
  }

  using CostOfRound = std::function<DrawnCost(std::size_t)>;

  CostOfRound planned_before() {
    return [this, known = std::vector<std::optional<DrawnCost>>(plans_.size())](std::size_t round) mutable {
      std::optional<DrawnCost>& cost = known[rounds_[round]];
      if (!cost || !reuses_) cost = time_round(plans_[rounds_[round]], static_cast<int>(round));
      return *cost;
    };
  }

  // Until as many updates have arrived as in the run: a merge may take more or fewer than one of its merges.
  CostOfRound planned_anew() {
    const auto planner = std::make_shared<Planner>(options_.plans_anew->planner_setup(timing_.fleet()));
    return [this, planner, rounds = ClockedRounds(timing_, *planner), wanted = std::size_t{0},
            delivered = std::size_t{0}, next = 0](std::size_t round) mutable {
      wanted += plans_[rounds_[round]].delivered;
      DrawnCost spent;
      for (int merges = 0; delivered < wanted; ++merges) {
        if (merges == kMostMerges) throw RunError("on a drawn fleet hardly any updates arrive");
        RoundPlan plan = rounds.next(next++);
        const TimedRound timed = rounds.execute(plan);
        delivered += deliveries(plan, timed, [&](int earlier) -> const RoundPlan& {
                       return planner->flights().plan_of(earlier);
                     }).size();
        spent += cost_of(timed, planner->participants(plan));
        planner->observe(plan, timed, std::nullopt);
      }
      return spent;
    };
  }

  DrawnCost time_round(const TimeablePlan& timeable, int round) {
    RoundPlan plan = timeable.plan;
    plan.round = round;
    return cost_of(timing_.execute(plan), timeable.participants);
  }

  DrawnCost cost_of(const TimedRound& timed, const std::vector<bool>& participants) const {
    RoundRecord record;
    charge_round(inputs_, timed, participants, record);
    const double unknown = std::numeric_limits<double>::quiet_NaN();
    return {timed.end_seconds - timed.start_seconds, record.joules.value_or(unknown), record.usd.value_or(unknown),
            record.grams_co2.value_or(unknown)};
  }

  Timing& timing_;
  const ObservationInputs& inputs_;
  const RedrawOptions& options_;
  std::unordered_map<std::string, std::size_t> places_;
  std::vector<TimeablePlan> plans_;  // that differ
  std::vector<std::size_t> rounds_;  // into plans_
  struct Child {
    pid_t process;
    Part part;
  };
  std::vector<Child> children_;
  bool reuses_ = false;  // a plan takes the same in every round
};

}  // namespace

int affordable_draws(int draws, double steps) {
  constexpr double kMostSteps = 2e7;  // some minutes
  constexpr int kFewest = 20;
  if (steps * draws <= kMostSteps) return draws;
  return std::min(draws, std::max(kFewest, static_cast<int>(kMostSteps / steps)));
}

Redraws::Redraws(Timing& timing, const ObservationInputs& inputs, const RedrawOptions& options) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::system_error(errno, std::generic_category(), "socketpair");
  server_ = start_bound_process([&] {
    let_signals_end_process();
    close(ends[0]);
    Server server(timing, inputs, options);
    if (server.take_plans(ends[1])) server.time_all(ends[1]);
    return 0;
  });
  close(ends[1]);
  socket_ = ends[0];
}

Redraws::~Redraws() {
  close(socket_);
  kill(server_, SIGKILL);
  try {
    wait_for(server_);
  } catch (const std::system_error&) {
  }
}

void Redraws::send(const void* bytes, std::size_t count) {
  if (!send_all(socket_, bytes, count)) throw RunError("the process that times drawn fleets is gone");
}

void Redraws::receive(void* bytes, std::size_t count) {
  if (!read_all(socket_, bytes, count)) throw RunError("the drawn fleets could not be timed");
}

void Redraws::add(const TimeablePlan& round) {
  const std::string bytes = bytes_of(round);
  const std::uint64_t size = bytes.size();
  send(&size, sizeof size);
  send(bytes.data(), bytes.size());
  ++rounds_;
}

DrawnCosts Redraws::finish() {
  const std::uint64_t end = kEndOfPlans;
  send(&end, sizeof end);
  std::uint64_t draws = 0;
  receive(&draws, sizeof draws);
  DrawnCosts costs(rounds_, std::vector<DrawnCost>(draws));
  std::vector<DrawnCost> row(rounds_);
  for (std::size_t draw = 0; draw < draws; ++draw) {
    receive(row.data(), row.size() * sizeof(DrawnCost));
    for (std::size_t round = 0; round < rounds_; ++round) costs[round][draw] = row[round];
  }
  return costs;
}

}  // namespace msfusion
