#include "tests/e2e/small_disk.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace msfusion {

namespace {

std::string namespace_file(pid_t process, const char* kind) {
  return "/proc/" + std::to_string(process) + "/ns/" + kind;
}

bool join(pid_t process, const char* kind) {
  const int file = open(namespace_file(process, kind).c_str(), O_RDONLY | O_CLOEXEC);
  const bool joined = file >= 0 && setns(file, 0) == 0;
  if (file >= 0) close(file);
  return joined;
}

// With a user namespace where that is needed to mount.
bool leave_namespaces() {
  if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0) return true;
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
  std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
  return true;
}

}  // namespace

SmallDisk::SmallDisk(const std::string& folder, std::int64_t bytes) : folder_(folder) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    refused_ = std::strerror(errno);
    return;
  }
  holder_ = fork();
  if (holder_ == 0) keep(ends[1], bytes);
  close(ends[1]);
  int error = EIO;
  if (read(ends[0], &error, sizeof error) != sizeof error || error != 0)
    refused_ = std::string("no mount namespace of its own: ") + std::strerror(error);
  close(ends[0]);
}

void SmallDisk::keep(int ready, std::int64_t bytes) const {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  int error = 0;
  const std::string options = "size=" + std::to_string(bytes);
  if (!leave_namespaces() || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", folder_.c_str(), "tmpfs", 0, options.c_str()) != 0)
    error = errno;
  if (write(ready, &error, sizeof error) != sizeof error) _exit(1);
  while (true) pause();
}

SmallDisk::~SmallDisk() {
  if (holder_ <= 0) return;
  kill(holder_, SIGKILL);
  waitpid(holder_, nullptr, 0);
}

void SmallDisk::enter() const {
  if (!join(holder_, "mnt") && (!join(holder_, "user") || !join(holder_, "mnt"))) _exit(126);
}

std::string SmallDisk::from_outside(const std::string& file) const {
  return "/proc/" + std::to_string(holder_) + "/root" + file;
}

bool SmallDisk::make_read_only() const {
  const pid_t helper = fork();
  if (helper == 0) {
    enter();
    _exit(mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) == 0 ? 0 : 1);
  }
  int status = 0;
  return waitpid(helper, &status, 0) == helper && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace msfusion
