#include "sim/learn/running/plain_error.hpp"

#include <c10/util/Exception.h>
#include <fmt/format.h>

#include <string>

#ifdef MSFUSION_ONEDNN
#include <dnnl.hpp>
#endif

#include "sim/base/error.hpp"

namespace msfusion {

namespace {

// LibTorch has no exception type for this: its allocators say "can't allocate memory" or "out of memory".
bool is_out_of_memory(const std::string& text) {
  return text.find("allocate memory") != std::string::npos || text.find("out of memory") != std::string::npos;
}

[[noreturn]] void fail(const char* library, bool out_of_memory, std::string text) {
  text.erase(text.find_last_not_of(" \n") + 1);
  throw RunError(fmt::format("{}{}: {}", out_of_memory ? "out of memory in " : "", library, text));
}

}  // namespace

void rethrow_as_run_error() {
  try {
    throw;
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    fail("LibTorch", is_out_of_memory(text), text);
#ifdef MSFUSION_ONEDNN
  } catch (const dnnl::error& error) {
    fail("oneDNN", error.status == dnnl_out_of_memory, error.message);
#endif
  }
}

}  // namespace msfusion
