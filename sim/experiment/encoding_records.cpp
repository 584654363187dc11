#include "sim/experiment/encoding_records.hpp"

#include <map>

namespace msfusion {

std::vector<EncodingRecord> encoding_records(const EncodingOptions& encoding, int run, const Fleet& fleet,
                                             const RoundPlan& plan, const TimedRound& timed,
                                             const std::function<const RoundPlan&(int)>& plan_of) {
  if (encoding.kind == EncodingKind::none && encoding.down == EncodingKind::none) return {};
  std::map<std::string, EncodingRecord> by_direction;
  const auto add = [&](const Step& step, Fate fate) {
    const auto* transfer = std::get_if<Transfer>(&step.what);
    if (!transfer || transfer->cargo == Cargo::other || fate != Fate::done) return;
    const char* direction = !fleet.is_device(transfer->from) && transfer->cargo == Cargo::model ? "down"
                            : fleet.is_device(transfer->from) && fleet.is_device(transfer->to)  ? "peers"
                                                                                                : "up";
    EncodingRecord& record = by_direction[direction];
    ++record.messages;
    record.bytes += transfer->bytes;
    record.plain_bytes += transfer->plain_bytes;
  };
  for (const CarriedStep& carried : timed.carried)
    add(plan_of(carried.round).steps[static_cast<std::size_t>(carried.step)], carried.timed.fate);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) add(plan.steps[s], timed.steps[s].fate);
  std::vector<EncodingRecord> records;
  for (auto& [direction, record] : by_direction) {
    record.run = run;
    record.round = plan.round;
    record.direction = direction;
    records.push_back(std::move(record));
  }
  return records;
}

void set_errors(std::vector<EncodingRecord>& records, const CodingErrors& errors) {
  for (EncodingRecord& record : records) record.error = record.direction == "down" ? errors.down : errors.up;
}

}  // namespace msfusion
