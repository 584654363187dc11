// Platform files and catalogues that tests write.
#pragma once

#include <string>

namespace msfusion {

/// A file of this process in the temporary folder, removed when the process ends.
std::string write_file(const std::string& text);

/// A platform file with this inside its one zone, written by write_file.
std::string write_platform(const std::string& zone_content, const std::string& routing = "Cluster");

/// The text of a catalogue of one device ("d"), one link ("l") and this <network>.
std::string small_catalogue(const std::string& network);

inline const std::string kMeasuredNetwork =
    "<network bandwidth-factor=\"0.9\" message-latency=\"200us\" message-bytes=\"100B\" calibration=\"by &lt;hand>\">"
    "<source of=\"bandwidth-factor message-latency message-bytes\">s</source></network>";

}  // namespace msfusion
