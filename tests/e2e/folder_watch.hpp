// Tells what happens to the files of a folder, as it happens.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace msfusion {

/// Files that are made, written, renamed or removed in some folders, from the moment that it is there on. Folders
/// inside of them are not looked into.
class FolderWatch {
 public:
  explicit FolderWatch(const std::vector<std::string>& folders);
  ~FolderWatch();
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  struct Event {
    std::string file;
    bool made = false;  ///< not there before
  };
  /// The next one; none within that time: nothing.
  std::optional<Event> next(int milliseconds);

 private:
  int inotify_;
  std::vector<Event> events_;  // read and not told yet, the next one last
};

}  // namespace msfusion
