#include "tests/timing/in_child.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace msfusion {

nlohmann::json in_child(const std::function<nlohmann::json()>& work) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> answer(std::tmpfile(), &std::fclose);
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    nlohmann::json result;
    try {
      result = {{"value", work()}};
    } catch (const std::exception& error) {
      result = {{"error", error.what()}};
    }
    // As a number JSON has no NaN; CBOR keeps it.
    const std::vector<std::uint8_t> bytes = nlohmann::json::to_cbor(result);
    std::fwrite(bytes.data(), 1, bytes.size(), answer.get());
    std::fflush(answer.get());
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("the child crashed");
  std::rewind(answer.get());
  std::vector<std::uint8_t> bytes;
  for (int c; (c = std::fgetc(answer.get())) != EOF;) bytes.push_back(static_cast<std::uint8_t>(c));
  const nlohmann::json result = nlohmann::json::from_cbor(bytes);
  if (result.contains("error")) throw std::runtime_error(result.at("error").get<std::string>());
  return result.at("value");
}

}  // namespace msfusion
