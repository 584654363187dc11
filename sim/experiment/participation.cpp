#include "sim/experiment/participation.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {

class Sum {
 public:
  void add(const void* data, std::size_t bytes) { crc_ = crc32_z(crc_, static_cast<const Bytef*>(data), bytes); }
  void add(int value) { add(&value, sizeof value); }
  void add(const IndexSet& set) {
    add(set.is_window() ? 1 : 0);
    add(set.length());
    if (set.is_window()) {
      add(set.start());
    } else {
      const std::vector<int> units = set.units();
      add(units.data(), units.size() * sizeof(int));
    }
  }
  std::uint32_t value() const { return static_cast<std::uint32_t>(crc_); }

 private:
  uLong crc_ = crc32_z(0, nullptr, 0);
};

}  // namespace

std::uint32_t participation(const RoundPlan& plan, const std::vector<TaskId>& trained,
                            const std::vector<Delivery>& deliveries) {
  Sum sum;
  for (TaskId id : trained) {
    const TrainTask& task = task_of(plan, id);
    sum.add(task.device);
    sum.add(&task.split, sizeof task.split);
    for (const IndexSet& set : task.slice.axes) sum.add(set);
  }
  for (const Delivery& delivery : deliveries) {
    sum.add(delivery.task);
    sum.add(delivery.to);
  }
  return sum.value();
}

int merged_tasks(const Method& method, const RoundPlan& plan, const TimedRound& timed,
                 const std::vector<Delivery>& arrivals) {
  std::set<TaskId> tasks;
  for (const Delivery& delivery : arrivals) tasks.insert(delivery.task);
  if (facts_of(method.exchange.kind).keeps_own_results)
    for (TaskId task : trained_tasks(plan, timed)) tasks.insert(task);
  return static_cast<int>(tasks.size());
}

void write_participation(const std::string& file, const std::vector<std::uint32_t>& rounds) {
  std::error_code ignored;
  std::filesystem::create_directory(std::filesystem::path(file).parent_path(), ignored);  // its results folder is there
  std::ofstream out(file);
  for (std::uint32_t round : rounds) out << fmt::format("{:08x}\n", round);
  if (!out.flush()) throw RunError(file + ": cannot be written: is the disk full?");
}

std::vector<std::uint32_t> read_participation(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw RunError(file + ": cannot be read; it says which devices took part in the run");
  std::vector<std::uint32_t> rounds;
  for (std::uint32_t round; in >> std::hex >> round;) rounds.push_back(round);
  return rounds;
}

}  // namespace msfusion
