// One step of a plan: started, queued, ended, cancelled.
#include <algorithm>
#include <cassert>
#include <cmath>

#include "sim/timing/timing_impl.hpp"

namespace msfusion {

namespace s4u = simgrid::s4u;

void Timing::Impl::start(FlyingStep& step) {
  assert(step.state == FlyingStep::State::waiting);
  if (is_away(step.node) || is_away(step.to)) {
    held_.push_back(&step);
    return;
  }
  step.timed.start_seconds = now();
  if (!step.is_transfer) step.amount += step.flight->more_work(step.id);
  if (!host_of(step.node)->is_on() || !host_of(step.to)->is_on()) {
    step.state = FlyingStep::State::running;
    end(step, Fate::failed);
  } else if (!(step.amount > 0)) {
    step.state = FlyingStep::State::running;
    end(step, Fate::done);
  } else if (step.is_transfer) {
    start_transfer(step);
  } else {
    start_compute(step);
  }
}

void Timing::Impl::start_or_queue(FlyingStep& step) {
  if (step.is_transfer && step.amount > 0 && static_cast<std::size_t>(step.node) < senders_.size()) {
    Sender& sender = senders_[static_cast<std::size_t>(step.node)];
    if (sender.sending >= options_.sends_at_once) {
      sender.queue.push_back(&step);
      return;
    }
  }
  start(step);
  if (step.state == FlyingStep::State::ended) serve_queue(step.node);  // it failed without its turn
}

/// Makes the next transfer ready that waits for its turn at a node, if there is a turn to take.
void Timing::Impl::serve_queue(NodeId node) {
  if (static_cast<std::size_t>(node) >= senders_.size()) return;
  Sender& sender = senders_[static_cast<std::size_t>(node)];
  if (sender.queue.empty() || sender.sending >= options_.sends_at_once) return;
  ready_.push_back(sender.queue.front());
  sender.queue.pop_front();
}

void Timing::Impl::start_compute(FlyingStep& step) {
  const s4u::ExecPtr exec = s4u::Exec::init();
  exec->set_data(&step);
  const auto node = static_cast<std::size_t>(step.node);
  double flops = step.amount;
  if (node < platform_.work_factors.size()) flops *= platform_.work_factors[node];
  if (node < drawn_work_.size()) flops *= drawn_work_[node];
  if (node < drawn_variations_.size() && drawn_variations_[node].spread > 0)
    flops *= varied_time(drawn_variations_[node], flops / host_of(step.node)->get_speed(), step.flight->round);
  exec->set_flops_amount(flops);
  exec->set_host(host_of(step.node));
  step.activity = exec;
  step.state = FlyingStep::State::running;
  usage_.compute_started(step.node, now());
  exec->start();
}

void Timing::Impl::start_transfer(FlyingStep& step) {
  step.route = &routes_.between(step.node, step.to);
  step.state = FlyingStep::State::running;
  for (const int link : step.route->links) {
    if (routes_.link(link)->is_on()) continue;
    step.route = nullptr;  // nothing left the node
    end(step, Fate::failed);
    return;
  }
  const s4u::CommPtr comm = s4u::Comm::sendto_init(host_of(step.node), host_of(step.to));
  stop_.erase(comm.get());  // vetoed as long as it had no destination
  comm->set_data(&step);
  step.wire_bytes = file_.framing ? file_.framing->sent_bytes(step.amount) : 0;
  const double bytes = file_.framing ? step.wire_bytes : step.amount;
  comm->set_payload_size(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(bytes))));
  step.activity = comm;
  step.carried_bytes = 0;
  step.remaining_bytes = -1;
  if (static_cast<std::size_t>(step.node) < senders_.size()) ++senders_[static_cast<std::size_t>(step.node)].sending;
  step.place = running_transfers_.size();
  running_transfers_.push_back(&step);
  usage_.transfer_started(step.node, step.to, now());
  comm->start();
  if (options_.network == TimingOptions::NetworkModel::cm02) refresh_.flow_started(*step.route, now());
  if (file_.framing) acknowledge(step);
}

/// A flow of its own in the other direction, which takes its share of the links there.
void Timing::Impl::acknowledge(const FlyingStep& step) {
  const RouteInfo& back = routes_.between(step.to, step.node);
  for (const int link : back.links)
    if (!routes_.link(link)->is_on()) return;
  const double bytes = file_.framing->acknowledgement_bytes(step.amount);
  const s4u::CommPtr comm = s4u::Comm::sendto_init(host_of(step.to), host_of(step.node));
  stop_.erase(comm.get());
  comm->set_payload_size(static_cast<std::uint64_t>(std::llround(bytes)));
  acknowledgements_.emplace(comm.get(), comm);
  usage_.carried_on_wire(step.to, back, bytes);
  comm->start();
  refresh_.flow_started(back, now());
}

/// Counts what left the node since the last time.
void Timing::Impl::count_bytes(FlyingStep& step, double remaining) {
  if (step.wire_bytes > 0) {
    // `remaining` is of the frames; all of them are as full.
    const double frames_carried = std::clamp(step.wire_bytes - remaining, 0.0, step.wire_bytes);
    const double before = step.carried_bytes / step.amount * step.wire_bytes;
    usage_.carried_on_wire(step.node, *step.route, std::max(0.0, frames_carried - before));
    remaining = step.amount * (1 - frames_carried / step.wire_bytes);
  }
  const double carried = std::clamp(step.amount - remaining, step.carried_bytes, step.amount);
  usage_.carried(step.node, *step.route, carried - step.carried_bytes);
  step.carried_bytes = carried;
}

void Timing::Impl::leave_running(FlyingStep& step) {
  if (!step.activity) return;
  if (step.is_paused) go_on(step);
  step.activity->set_data(nullptr);
  if (cancelling_) {
    cancelled_.emplace(step.activity.get(), step.activity);
  } else {
    ended_ = step.activity;
  }
  step.activity = nullptr;
  if (!step.is_transfer) {
    usage_.compute_ended(step.node, now());
    return;
  }
  usage_.transfer_ended(step.node, step.to, now());
  if (static_cast<std::size_t>(step.node) < senders_.size()) {
    --senders_[static_cast<std::size_t>(step.node)].sending;
    serve_queue(step.node);
  }
  running_transfers_[step.place] = running_transfers_.back();
  running_transfers_[step.place]->place = step.place;
  running_transfers_.pop_back();
}

void Timing::Impl::end(FlyingStep& step, Fate fate) {
  leave_running(step);
  step.state = FlyingStep::State::ended;
  step.timed.end_seconds = now();
  step.timed.fate = fate;
  close(step);
  release_successors(step);
  Flight& flight = *step.flight;
  if (fate == Fate::done && step.task >= 0 && --flight.open_steps_of_task[static_cast<std::size_t>(step.task)] == 0) {
    if (flight.is_own || closing_.kind == Closing::Kind::arrivals) arrived(step);
  }
}

/// No more is to come of an ended step.
void Timing::Impl::close(FlyingStep& step) {
  --step.flight->open_steps;
  --open_steps_;
  if (step.owner >= 0) --open_steps_of_[static_cast<std::size_t>(step.owner)];
  if (step.flight->is_own)
    --own_open_steps_;
  else
    carried_.push_back({step.flight->round, step.id, step.timed});
}

void Timing::Impl::skip(FlyingStep& step) {
  step.state = FlyingStep::State::ended;
  step.timed.fate = Fate::skipped;
  close(step);
}

void Timing::Impl::release_successors(FlyingStep& step) {
  Flight& flight = *step.flight;
  const auto& decided = flight.release.ended(step.id, step.timed.fate == Fate::done);
  for (const StepId id : decided.skipped) skip(flight.step(id));
  for (const StepId id : decided.ready) ready_.push_back(&flight.step(id));
}

void Timing::Impl::start_ready_steps() {
  // Starting one may make others ready: a step without work ends at once.
  for (std::size_t i = 0; i < ready_.size(); ++i) {
    if (ready_[i]->state == FlyingStep::State::waiting) start_or_queue(*ready_[i]);
  }
  ready_.clear();
}

void Timing::Impl::on_completion(const s4u::Activity& activity) {
  if (cancelling_) return;
  if (const auto found = cancelled_.find(&activity); found != cancelled_.end()) {
    ended_ = found->second;
    cancelled_.erase(found);
    return;
  }
  if (const auto found = acknowledgements_.find(&activity); found != acknowledgements_.end()) {
    ended_ = found->second;
    acknowledgements_.erase(found);
    return;
  }
  auto* step = static_cast<FlyingStep*>(activity.get_data<void>());
  if (!step) return;
  const bool complete = activity.get_state() == s4u::Activity::State::FINISHED;
  if (step->is_transfer) {
    count_bytes(*step, complete                    ? 0
                       : step->remaining_bytes < 0 ? step->amount - step->carried_bytes
                                                   : step->remaining_bytes);
    if (complete && !step->lost) usage_.received(step->to, step->amount);
  }
  end(*step, complete && !step->lost ? Fate::done : Fate::failed);
  close_if_due();
  if (!closed_ || closing_.keep_in_flight) {
    start_ready_steps();
    close_if_due();
  }
}

void Timing::Impl::cancel(FlyingStep& step) {
  const s4u::ActivityPtr activity = step.activity;
  cancelling_ = true;
  if (step.is_transfer) count_bytes(step, activity->get_remaining());
  activity->cancel();
  end(step, Fate::late);
  cancelling_ = false;
}

}  // namespace msfusion
