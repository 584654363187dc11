#include "sim/platform/platform_profiles.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/base/input_files.hpp"
#include "sim/base/units.hpp"

namespace msfusion {

void PlatformProfiles::check_attribute(const XmlElement& element, const std::string& attribute, ProfileKind kind) {
  const auto name = element.attribute(attribute);
  if (!name || name->empty()) return;
  has_attributes_ = true;
  if (const auto profile = read_file(*name, element.attribute_line(attribute), attribute, kind))
    keep_states(*profile, kind, element.attribute_line(attribute),
                element.name() == "link" || element.name() == "backbone" ? "" : element.attribute("id").value_or(""));
}

void PlatformProfiles::add_trace(const XmlElement& trace) {
  const std::string id = checks_.required(trace, "id");
  if (!traces_.emplace(id, trace).second)
    checks_.report(trace.line(), fmt::format("trace \"{}\" for the second time", id), "names that differ");
  checks_.required(trace, "periodicity");
}

std::vector<std::pair<std::string, int>> PlatformProfiles::resolve_connects() {
  static const std::map<std::string, ProfileKind> kinds = {{"HOST_AVAIL", ProfileKind::state},
                                                           {"LINK_AVAIL", ProfileKind::state},
                                                           {"SPEED", ProfileKind::speed},
                                                           {"BANDWIDTH", ProfileKind::bandwidth},
                                                           {"LATENCY", ProfileKind::latency}};
  std::vector<std::pair<std::string, int>> hosts;
  for (const XmlElement& connect : connects_) {
    const std::string id = checks_.required(connect, "trace");
    const auto trace = traces_.find(id);
    if (trace == traces_.end()) {
      checks_.report(connect.attribute_line("trace"), fmt::format("trace=\"{}\"", id),
                     "the id of a <trace> of this file");
      continue;
    }
    const std::string kind_name = connect.attribute("kind").value_or("HOST_AVAIL");
    const auto kind = kinds.find(kind_name);
    if (kind == kinds.end()) {
      checks_.report(connect.attribute_line("kind"), fmt::format("kind=\"{}\"", kind_name),
                     "one of HOST_AVAIL, LINK_AVAIL, SPEED, BANDWIDTH, LATENCY");
      continue;
    }
    if (kind_name != "HOST_AVAIL" && kind_name != "SPEED") {
      checks_.report(
          connect.line(), fmt::format("a trace connected as {}", kind_name),
          "state_file, bandwidth_file or latency_file of the <link>: SimGrid 3.32 connects traces to hosts only");
      continue;
    }
    const std::string host = checks_.required(connect, "element");
    hosts.emplace_back(host, connect.attribute_line("element"));
    const std::string name = trace->second.attribute("file").value_or("");
    if (!name.empty()) {
      if (const auto profile = read_file(name, trace->second.attribute_line("file"), "file", kind->second))
        keep_states(*profile, kind->second, connect.line(), host);
      continue;
    }
    const auto period = parse_number(trace->second.attribute("periodicity").value_or("0"));
    keep_states(parse_profile(trace->second.text(), checks_.file(), trace->second.line(), period, kind->second,
                              checks_.mistakes()),
                kind->second, connect.line(), host);
  }
  return hosts;
}

/// SimGrid looks for a relative file in the working directory and then beside the platform file.
std::optional<std::string> PlatformProfiles::find_file(const std::string& name) const {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (fs::is_regular_file(name, ignored)) return name;
  const fs::path beside = fs::path(checks_.file()).parent_path() / name;
  if (fs::is_regular_file(beside, ignored)) return beside.string();
  return {};
}

std::optional<Profile> PlatformProfiles::read_file(const std::string& name, int line, const std::string& attribute,
                                                   ProfileKind kind) {
  if (std::filesystem::path(name).is_absolute()) {
    checks_.report(line, fmt::format("{}=\"{}\", an absolute path", attribute, name),
                   "a path relative to the platform file: SimGrid 3.32 cannot open absolute ones");
    return {};
  }
  const auto path = find_file(name);
  std::ifstream stream(path.value_or(""));
  if (!path || !stream) {
    checks_.report(line, fmt::format("{}=\"{}\", which cannot be read", attribute, name),
                   "a file, its path relative to the platform file");
    return {};
  }
  std::ostringstream text;
  text << stream.rdbuf();
  InputLog::note(*path);
  return parse_profile(text.str(), *path, 1, {}, kind, checks_.mistakes());
}

void PlatformProfiles::keep_states(const Profile& profile, ProfileKind kind, int line, const std::string& host) {
  if (kind != ProfileKind::state) return;
  if (profile.stochastic) {
    checks_.report(line, "a stochastic state profile",
                   "dates written out: what happens must not depend on SimGrid's dice");
    return;
  }
  states_.push_back({host, profile});
}

}  // namespace msfusion
