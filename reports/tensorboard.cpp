// TensorBoard's event files: TFRecords, each a protocol buffer `Event` of TensorFlow's event.proto and summary.proto.
#include <array>
#include <cstdint>
#include <cstring>

#include "reports/trace.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

std::string little_endian(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

template <class Bits, class Number>
std::string bits_of(Number number) {
  Bits bits;
  static_assert(sizeof bits == sizeof number);
  std::memcpy(&bits, &number, sizeof bits);
  return little_endian(bits, sizeof bits);
}

std::string varint(std::uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>((value & 0x7f) | 0x80);
  return text + static_cast<char>(value);
}

enum WireType { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

std::string field(int number, WireType type, const std::string& content) {
  return varint(static_cast<std::uint64_t>(number) << 3 | type) +
         (type == kBytes ? varint(content.size()) + content : content);
}

// A record's lengths and bytes are each followed by their masked checksum.
std::string checksum(const std::string& bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return little_endian(((crc >> 15 | crc << 17) + 0xa282ead8u) & 0xffffffffu, 4);
}

std::string record(const std::string& event) {
  const std::string length = little_endian(event.size(), 8);
  return length + checksum(length) + event + checksum(event);
}

std::string event(double wall_seconds, const std::string& rest) {
  return record(field(1, kFixed64, bits_of<std::uint64_t>(wall_seconds)) + rest);
}

std::string scalar(double wall_seconds, int step, const std::string& tag, double value) {
  const std::string summary_value =
      field(1, kBytes, tag) + field(2, kFixed32, bits_of<std::uint32_t>(static_cast<float>(value)));
  return event(wall_seconds, field(2, kVarint, varint(static_cast<std::uint64_t>(step))) +
                                 field(5, kBytes, field(1, kBytes, summary_value)));
}

}  // namespace

std::uint32_t crc32c(const std::string& bytes) {
  static const std::array<std::uint32_t, 256> table = [] {
    std::array<std::uint32_t, 256> all{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      all[i] = i;
      for (int bit = 0; bit < 8; ++bit) all[i] = all[i] >> 1 ^ (all[i] & 1 ? 0x82f63b78u : 0);
    }
    return all;
  }();
  std::uint32_t crc = 0xffffffffu;
  for (const char c : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

std::string tensorboard_events(const RunTrace& run) {
  std::string text = event(0, field(3, kBytes, "brain.Event:2"));
  const auto add = [&](double seconds, int round, const char* tag, const Maybe& value) {
    if (value) text += scalar(seconds, shown_round(round), tag, *value);
  };
  for (const RoundRecord& round : run.rounds) {
    add(round.end_seconds, round.round, "round/seconds", round.end_seconds - round.start_seconds);
    add(round.end_seconds, round.round, "round/bytes_sent", round.bytes_sent);
    add(round.end_seconds, round.round, "round/training_flops", round.training_flops);
    add(round.end_seconds, round.round, "round/joules", round.joules);
    add(round.end_seconds, round.round, "round/usd", round.usd);
    add(round.end_seconds, round.round, "round/mean_loss", round.mean_loss);
    add(round.end_seconds, round.round, "round/coverage", round.coverage);
  }
  for (const EvaluationRecord& at : run.evaluations) {
    add(at.seconds, at.round, "test/global_accuracy", at.global_accuracy);
    add(at.seconds, at.round, "test/global_loss", at.global_loss);
    add(at.seconds, at.round, "test/submodel_accuracy", at.submodel_accuracy);
    add(at.seconds, at.round, "test/submodel_loss", at.submodel_loss);
    add(at.seconds, at.round, "test/disagreement", at.disagreement);
    add(at.seconds, at.round, "test/personal_accuracy", at.personal_accuracy);
    add(at.seconds, at.round, "test/personal_worst_tenth", at.personal_worst_tenth);
  }
  return text;
}

}  // namespace msfusion
