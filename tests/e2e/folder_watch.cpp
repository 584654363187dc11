#include "tests/e2e/folder_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace msfusion {

FolderWatch::FolderWatch(const std::vector<std::string>& folders) : inotify_(inotify_init1(IN_CLOEXEC)) {
  for (const std::string& folder : folders)
    if (inotify_add_watch(inotify_, folder.c_str(), IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_DELETE) < 0)
      throw std::runtime_error("cannot watch " + folder);
}

FolderWatch::~FolderWatch() {
  close(inotify_);
}

std::optional<FolderWatch::Event> FolderWatch::next(int milliseconds) {
  if (events_.empty()) {
    pollfd polled{inotify_, POLLIN, 0};
    if (poll(&polled, 1, milliseconds) <= 0) return std::nullopt;
    alignas(inotify_event) char bytes[16384];
    const ssize_t count = read(inotify_, bytes, sizeof bytes);
    for (ssize_t at = 0; at < count;) {
      const auto* event = reinterpret_cast<const inotify_event*>(bytes + at);
      if (event->len > 0) events_.push_back({event->name, (event->mask & IN_CREATE) != 0});
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
    std::reverse(events_.begin(), events_.end());
    if (events_.empty()) return std::nullopt;
  }
  Event event = std::move(events_.back());
  events_.pop_back();
  return event;
}

}  // namespace msfusion
