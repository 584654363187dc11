// Files that are whole or not there, however the program ends.
#pragma once

#include <filesystem>
#include <string>

namespace msfusion {

/// Writes the bytes to `temporary`, in the same folder, syncs them and renames it to `file`: a reader of `file` sees
/// the old bytes or the new ones. Makes the last folder of the path, but none above it. Throws RunError (file, cause)
/// and leaves no temporary file; `what` names the file's contents in the message: "the checkpoint".
void write_durably(const std::filesystem::path& file, const std::filesystem::path& temporary, const std::string& bytes,
                   const std::string& what);

}  // namespace msfusion
