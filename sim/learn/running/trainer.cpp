// Trains for another process's learner: job messages in, results out.
#include <sstream>

#include "sim/learn/running/job_message.hpp"
#include "sim/learn/running/job_training.hpp"
#include "sim/learn/running/plain_error.hpp"
#include "sim/learn/running/run_context.hpp"
#include "sim/learn/running/runtime.hpp"

namespace msfusion {

namespace {

class TorchTrainer : public Trainer {
 public:
  explicit TorchTrainer(const LearnerSetup& setup) : run_(setup) {}

  std::string train(const std::string& message) override try {
    use_one_thread();
    std::istringstream bytes(message);
    StateReader in(bytes);
    TrainingJob job = read_job(in, run_.setup.shape);
    job.samples = &run_.samples_of(job.task.device);
    std::ostringstream reply;
    StateWriter out(reply);
    const TrainingResult result = train_all(run_, {job}).front();
    if (result.error) std::rethrow_exception(result.error);
    const Trained& trained = result.trained;
    write(out, trained);
    out.real(trained.wall_seconds);
    return reply.str();
  } catch (...) {
    rethrow_as_run_error();
  }

 private:
  const RunContext run_;
};

}  // namespace

std::unique_ptr<Trainer> make_trainer(const LearnerSetup& setup) {
  return std::make_unique<TorchTrainer>(setup);
}

}  // namespace msfusion

// For programs that load this library when training starts; the caller owns the result.
extern "C" msfusion::Trainer* msfusion_make_trainer(const msfusion::LearnerSetup* setup) {
  return msfusion::make_trainer(*setup).release();
}
