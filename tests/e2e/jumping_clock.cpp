// Preloaded into a program: every reading of the time of day jumps forwards or backwards by hours.
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

namespace {

time_t jump() {
  static thread_local unsigned looks = 0;
  constexpr time_t kJumps[] = {0, 7200, -90000, 86400 * 400, -3600};
  return kJumps[looks++ % 5];
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, struct timespec* now) noexcept {
  using Function = int (*)(clockid_t, struct timespec*);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += jump();
  return result;
}

int gettimeofday(struct timeval* now, void*) noexcept {
  struct timespec precise {};
  const int result = clock_gettime(CLOCK_REALTIME, &precise);
  *now = {precise.tv_sec, precise.tv_nsec / 1000};
  return result;
}

time_t time(time_t* out) noexcept {
  struct timespec precise {};
  clock_gettime(CLOCK_REALTIME, &precise);
  if (out) *out = precise.tv_sec;
  return precise.tv_sec;
}
}
