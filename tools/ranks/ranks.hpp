// Training on the ranks of an MPI job: `mpirun -n N msfusion run SCENARIO`. Rank 0 plans, times and records; the others
// train what it sends them.
#pragma once

#include <memory>

#include "sim/experiment/preparation.hpp"
#include "sim/learn/learner.hpp"

namespace msfusion {

/// What mpirun says about this process in its environment, known without starting MPI.
struct RankPlace {
  int rank = 0;
  int ranks = 1;
};
RankPlace rank_place();

/// Connects this program to the other ranks.
class Ranks {
 public:
  virtual ~Ranks() = default;
  virtual const RemoteTrainer& remote_trainer() const = 0;
};

/// Called by every rank of several, after preparing and before anything else is started. In rank 0 it returns in a
/// process of its own, which knows nothing of MPI and may fork as it likes: the process that mpirun started stays
/// behind and carries messages between that process's children and the other ranks. In the other ranks it trains until
/// rank 0 has ended and does not return. Throws UserError where the program was built without MPI.
std::unique_ptr<Ranks> split_ranks(const Preparation& preparation, const RankPlace& place);

}  // namespace msfusion
