// The kinds of deployed nodes, each a file.
#pragma once

#include <memory>

#include "sim/learn/participant.hpp"

namespace msfusion {

/// A peer of MSfusion.
std::unique_ptr<Participant> make_overlap_peer(const LearnerSetup& setup, NodeId node);

/// A device that trains slices of a server's model, and sends updates or votes.
std::unique_ptr<Participant> make_client(const LearnerSetup& setup, NodeId node);

/// The server of FedAvg, HeteroFL, FedRolex and Federated Dropout: a mean of values, a majority of votes, or a private
/// mean. It merges with the simulator's own code.
std::unique_ptr<Participant> make_server(const LearnerSetup& setup, NodeId node);

}  // namespace msfusion
