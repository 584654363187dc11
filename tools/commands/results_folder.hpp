// A folder that holds one program's results, locked while it runs so that no second one writes there.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace msfusion {

class ResultsFolder {
 public:
  /// Makes and locks it. Earlier results move to the first free subfolder earlier-N, unless they are to be resumed.
  /// Says where to, unless `quiet`. Throws UserError where a file is in the way, where the path is too long for a
  /// store, and for a folder that holds other things than results, unless it is resumed; RunError where it may not be
  /// written or another program writes there.
  ResultsFolder(std::filesystem::path path, bool resume, bool quiet = false);
  ~ResultsFolder();
  ResultsFolder(const ResultsFolder&) = delete;
  ResultsFolder& operator=(const ResultsFolder&) = delete;

  /// Takes everything back: what was written since, and the setting aside of earlier results. A folder that was made
  /// for this goes.
  void discard() const;

  const std::filesystem::path& path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  [[noreturn]] void fail(const std::string& found) const;
  void make();
  void refuse_other_things() const;
  void lock();
  void set_aside_earlier(bool quiet);

  std::filesystem::path path_;
  std::filesystem::path aside_;  ///< where earlier results went; empty: there were none
  bool made_ = false;            ///< by this program, now
  int lock_ = -1;
};

/// The folders with a sweep's replaced by those of its combinations: the subfolders that hold results, where a folder
/// itself holds none.
std::vector<std::string> with_combinations(const std::vector<std::string>& folders);

}  // namespace msfusion
