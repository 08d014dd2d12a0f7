// The training loop: wait for a batch, receive it, issue its step, wait until few enough steps are in flight.
//
// Runs on the calling thread, which is the main track. Records wait_batch, receive, launch and wait_device, one batch
// entry per batch received and one iteration entry per step that has ended.
#ifndef STALLPOINT_HARNESS_ENGINE_TRAIN_LOOP_H_
#define STALLPOINT_HARNESS_ENGINE_TRAIN_LOOP_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "harness/engine/device.h"
#include "harness/engine/loader.h"
#include "harness/engine/run_guard.h"
#include "harness/engine/stages.h"
#include "traces/proto/trace.pb.h"

namespace stallpoint {

class HostServices;
class Recorder;

class TrainLoop {
 public:
  struct Progress {
    int64_t steps = 0, samples = 0;  // whose steps have ended
    double loss = 0;
    bool has_loss = false;
  };

  struct Context {
    Loader& loader;
    Device& device;
    HostServices& host;
    const Stages& stages;
    RunGuard& guard;
    int64_t steps_in_flight = 1;
    bool sync_each_step = false;
    // Called once, when this many steps have ended and before the next is issued, with nothing left on the device.
    int64_t pause_after_steps = INT64_MAX;
    std::function<void()> on_pause;
    // Called after every step.
    std::function<void(const Progress&)> on_step;
  };

  explicit TrainLoop(const Context& context);

  // Until the loader has no more. Cancelled; ResourceExhausted: memory; otherwise what failed, with the batch or
  // sample. After an error the steps in flight are left to the device's destructor.
  absl::Status Run();

 private:
  absl::StatusOr<bool> Iterate();
  absl::Status WaitForDevice(int64_t unfinished, int64_t batch);
  absl::Status TakeFinishedSteps();
  absl::Status Finish(const FinishedStep& step);
  void RecordBatch(const Batch& batch);
  uint32_t ShapeId(const Batch& batch);

  const Context context_;
  Recorder* const recorder_;
  const KeepWaiting keep_waiting_;
  Progress progress_;
  trace::BatchBlock batch_block_;
  std::vector<int64_t> last_shape_;
  uint32_t last_shape_id_ = 0;
  bool warned_of_loss_ = false;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_ENGINE_TRAIN_LOOP_H_
