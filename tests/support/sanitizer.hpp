// Whether the tests run under a sanitizer: it takes memory and time for itself, so that limits of either say little.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MSFUSION_SANITIZED 1
#endif

namespace msfusion {

#ifdef MSFUSION_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

}  // namespace msfusion
