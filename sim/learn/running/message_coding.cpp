#include "sim/learn/running/message_coding.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

#include "sim/learn/running/majority_vote.hpp"
#include "sim/learn/training/slice_map.hpp"

namespace msfusion {

namespace {

std::optional<double> mean(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

MessageCoding::MessageCoding(const RunContext& run, Pool& pool)
    : run_(run), pool_(pool), sending_(run), down_(of_down_link(run.setup.method.encoding)) {}

CodingErrors MessageCoding::errors() const {
  return {mean(up_errors_), mean(down_errors_)};
}

void MessageCoding::begin_round() {
  up_errors_.clear();
  down_errors_.clear();
  received_.clear();
}

at::Tensor MessageCoding::received(const at::Tensor& full, const WidthSlice& slice) {
  auto known = std::find_if(received_.begin(), received_.end(),
                            [&](const Received& one) { return one.full.is_same(full) && one.slice == slice; });
  if (known == received_.end()) {
    const SliceMessage message{run_, down_, slice, {}, 0, kServerMessage, nullptr};
    const SliceMap map(run_.setup.shape, run_.full, slice);
    const at::Tensor sent = gather(map, full);
    at::Tensor values = decoded(message, encoded(message, sent));
    keep_unsent(run_.setup.shape, map.part_layout(), sent, values);
    known = received_.insert(received_.end(), {full, slice, values, share(values - sent, sent)});
  }
  down_errors_.push_back(known->error);
  return known->values;
}

void MessageCoding::send(const std::vector<Trained*>& trained, const std::map<TaskId, Trained>& lost) {
  std::map<NodeId, std::vector<std::size_t>> by_device;
  for (std::size_t i = 0; i < trained.size(); ++i) by_device[trained[i]->device].push_back(i);
  std::map<NodeId, std::vector<const Trained*>> losses;
  if (feeds_back())
    for (const auto& [task, update] : lost) losses[update.device].push_back(&update);
  std::vector<double> errors(trained.size());
  ballots_.assign(votes() ? trained.size() : 0, {});
  std::vector<std::future<void>> ends;
  for (const auto& [device, updates] : losses) by_device[device];
  for (const auto& [device, messages] : by_device)
    ends.push_back(pool_.submit(
        Urgency::merging, 1, [&, &sender = senders_[device], &numbers = messages, missing = losses[device]]() mutable {
          const auto lose_until = [&](TaskId task) {
            while (!missing.empty() && missing.front()->task < task) {
              sender.lose(sending_, *missing.front());
              missing.erase(missing.begin());
            }
          };
          for (const std::size_t i : numbers) {
            lose_until(trained[i]->task);
            MessageBytes message = sender.send(sending_, *trained[i], errors[i]);
            if (!ballots_.empty()) ballots_[i] = std::move(message);
          }
          lose_until(std::numeric_limits<TaskId>::max());
        }));
  for (auto& end : ends) end.wait();
  for (auto& end : ends) end.get();
  up_errors_.insert(up_errors_.end(), errors.begin(), errors.end());
}

Trained MessageCoding::decided(const std::vector<const Trained*>& arrivals, const at::Tensor& current) const {
  return majority(run_, arrivals, ballots_, current).model;
}

void MessageCoding::save(StateWriter& out) const {
  out.number(static_cast<std::int64_t>(senders_.size()));
  for (const auto& [device, sender] : senders_) {
    out.number(device);
    sender.save(out);
  }
}

void MessageCoding::restore(StateReader& in) {
  senders_.clear();
  const std::int64_t count = in.number(0, run_.devices());
  for (std::int64_t i = 0; i < count; ++i)
    senders_[static_cast<NodeId>(in.number(0, run_.devices()))].restore(in, run_);
}

}  // namespace msfusion
