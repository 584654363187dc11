#include "tools/commands/profile_table.hpp"

#include <fmt/format.h>

namespace msfusion {

std::string ProfileTable::text(int cores) const {
  const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  const double whole = cores * wall;
  CpuProfile all = own_;
  all += runs_;
  std::string text = fmt::format("profile: {:.3f} s on {} core{}\n", wall, cores, cores == 1 ? "" : "s");
  const auto line = [&](const char* name, double seconds) {
    text += fmt::format("  {:<13} {:>10.3f} core-s {:>6.2f} %\n", name, seconds, 100 * seconds / whole);
  };
  for (std::size_t i = 0; i < kActivities; ++i) line(name_of(static_cast<Activity>(i)), all.seconds[i]);
  line("waiting", whole - all.total());
  return text;
}

}  // namespace msfusion
