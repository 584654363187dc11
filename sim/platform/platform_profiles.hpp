// The profiles that a platform file names or contains: checked, and the state profiles kept.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/platform/element_checks.hpp"
#include "sim/platform/profile.hpp"

namespace msfusion {

/// When a host or link is on and off.
struct StateProfile {
  std::string host;  ///< empty: of a link
  Profile profile;
};

class PlatformProfiles {
 public:
  /// `checks` collects the mistakes and must outlive the object.
  explicit PlatformProfiles(ElementChecks& checks) : checks_(checks) {}

  /// An attribute of a host or link that names a profile's file, if it is there.
  void check_attribute(const XmlElement& element, const std::string& attribute, ProfileKind kind);

  void add_trace(const XmlElement& trace);
  void add_connect(const XmlElement& connect) { connects_.push_back(connect); }

  /// Reads the traces that a <trace_connect> uses, once the whole file was seen; returns the ids of the hosts that they
  /// are connected to, with their lines.
  std::vector<std::pair<std::string, int>> resolve_connects();

  std::vector<StateProfile> take_states() { return std::move(states_); }

  /// Whether the file names or connects any profile.
  bool has_any() const { return has_attributes_ || !connects_.empty(); }

 private:
  std::optional<std::string> find_file(const std::string& name) const;
  std::optional<Profile> read_file(const std::string& name, int line, const std::string& attribute, ProfileKind kind);
  void keep_states(const Profile& profile, ProfileKind kind, int line, const std::string& host);

  ElementChecks& checks_;
  std::map<std::string, XmlElement> traces_;
  std::vector<XmlElement> connects_;
  std::vector<StateProfile> states_;
  bool has_attributes_ = false;
};

}  // namespace msfusion
