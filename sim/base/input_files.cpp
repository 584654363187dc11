#include "sim/base/input_files.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <vector>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {
std::mutex g_mutex;
bool g_collecting = false;
std::set<std::string> g_files;
}  // namespace

InputLog::InputLog() {
  const std::lock_guard lock(g_mutex);
  assert(!g_collecting);
  g_collecting = true;
  g_files.clear();
}

InputLog::~InputLog() {
  const std::lock_guard lock(g_mutex);
  g_collecting = false;
}

void InputLog::note(const std::string& file) {
  const std::lock_guard lock(g_mutex);
  if (g_collecting) g_files.insert(file);
}

std::set<std::string> InputLog::files() const {
  const std::lock_guard lock(g_mutex);
  return g_files;
}

std::string sha256_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> digest(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  if (!digest || EVP_DigestInit_ex(digest.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
  std::vector<char> block(1u << 18);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0)
    EVP_DigestUpdate(digest.get(), block.data(), static_cast<std::size_t>(in.gcount()));
  if (!in.eof()) throw RunError(fmt::format("{}: cannot be read: {}", file, std::strerror(errno)));
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_DigestFinal_ex(digest.get(), bytes, &length);
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", bytes[i]);
  return text;
}

}  // namespace msfusion
