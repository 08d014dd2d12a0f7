#include "harness/engine/train_loop.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "harness/host/host_services.h"
#include "harness/record/recorder.h"
#include "harness/record/stage_scope.h"

namespace stallpoint {

TrainLoop::TrainLoop(const Context& context)
    : context_(context),
      recorder_(context.host.recorder()),
      keep_waiting_([this] { return context_.guard.Check().ok(); }) {}

absl::Status TrainLoop::Run() {
  while (true) {
    const absl::StatusOr<bool> more = Iterate();
    if (!more.ok()) return more.status();
    if (!*more) break;
  }
  return WaitForDevice(0, -1);
}

absl::StatusOr<bool> TrainLoop::Iterate() {
  if (const absl::Status& guarded = context_.guard.Check(); !guarded.ok()) return guarded;
  StageScope wait(context_.stages.wait_batch);
  const absl::StatusOr<bool> arrived = context_.loader.Wait(keep_waiting_);
  if (!arrived.ok()) return context_.guard.Check().ok() ? arrived.status() : context_.guard.Check();
  if (!*arrived) {
    wait.Cancel();
    return false;
  }
  const int64_t index = context_.loader.next_index();
  wait.set_batch(index);
  wait.End();

  StageScope receive(context_.stages.receive, index);
  const absl::StatusOr<Batch*> received = context_.loader.Receive();
  if (!received.ok()) return received.status();
  Batch* batch = *received;
  RecordBatch(*batch);
  receive.End();
  if (!batch->status.ok()) {
    const absl::Status status = batch->status;
    context_.loader.Recycle(batch);
    return status;
  }

  if (index == context_.pause_after_steps) {
    if (absl::Status idle = WaitForDevice(0, index - 1); !idle.ok()) return idle;
    context_.on_pause();
  }

  StageScope launch(context_.stages.launch, index);
  if (absl::Status launched = context_.device.Launch(batch); !launched.ok()) return launched;
  launch.End();
  const int64_t allowed = context_.sync_each_step ? 0 : context_.steps_in_flight - 1;
  if (absl::Status waited = WaitForDevice(allowed, index); !waited.ok()) return waited;
  return true;
}

absl::Status TrainLoop::WaitForDevice(int64_t unfinished, int64_t batch) {
  ThreadLog* log = ThreadLog::Current();
  const uint64_t begin = log != nullptr ? Ticks() : 0;
  const bool reached = context_.device.WaitUntilUnfinished(unfinished, keep_waiting_);
  if (log != nullptr) {
    log->Span(context_.stages.wait_device, begin, Ticks(), batch);
    log->Heartbeat();
  }
  if (absl::Status taken = TakeFinishedSteps(); !taken.ok()) return taken;
  return reached ? absl::OkStatus() : context_.guard.Check();
}

absl::Status TrainLoop::TakeFinishedSteps() {
  while (const std::optional<FinishedStep> step = context_.device.TakeFinished()) {
    const absl::Status finished = Finish(*step);
    context_.loader.Recycle(step->batch);
    if (!finished.ok()) return finished;
  }
  return absl::OkStatus();
}

absl::Status TrainLoop::Finish(const FinishedStep& step) {
  const int64_t index = step.batch->index;
  if (!step.status.ok()) {
    return absl::Status(step.status.code(), absl::StrCat("step ", index, ": ", step.status.message()));
  }
  if (recorder_ != nullptr) {
    recorder_->Iteration(static_cast<uint64_t>(index), step.loss, step.has_loss, step.optimizer_stepped);
  }
  if (step.has_loss && !std::isfinite(step.loss) && !warned_of_loss_) {
    warned_of_loss_ = true;
    context_.host.Log(SP_LOG_WARNING, absl::StrCat("the loss became ", std::isnan(step.loss) ? "NaN" : "infinite",
                                                   " at step ", index, "; it is kept out of the statistics"));
  }
  ++progress_.steps;
  progress_.samples += step.batch->samples;
  progress_.loss = step.loss;
  progress_.has_loss = step.has_loss;
  context_.on_step(progress_);
  return absl::OkStatus();
}

void TrainLoop::RecordBatch(const Batch& batch) {
  if (recorder_ == nullptr) return;
  ThreadLog& log = *ThreadLog::Current();
  log.Counter(context_.stages.queue_depth, static_cast<double>(context_.loader.ready()));
  log.Counter(context_.stages.buffer_memory, static_cast<double>(context_.host.memory().bytes()));
  log.Counter(context_.stages.arena_memory, static_cast<double>(batch.arena_bytes));
  const bool first = last_shape_.empty();
  batch_block_.Clear();
  batch_block_.add_batch(static_cast<uint64_t>(batch.index));
  batch_block_.add_samples(static_cast<uint32_t>(batch.samples));
  batch_block_.add_bytes(batch.bytes);
  batch_block_.add_elements(batch.elements);
  batch_block_.add_epoch(static_cast<uint32_t>(batch.plan.epoch));
  batch_block_.add_worker_index(static_cast<uint32_t>(batch.worker));
  batch_block_.add_shape_id(batch.status.ok() ? ShapeId(batch) : 0);
  batch_block_.add_loader_id(0);
  recorder_->Batch(batch_block_);
  if (!first || batch.samples == 0) return;
  const double per_sample = static_cast<double>(batch.bytes) / static_cast<double>(batch.samples);
  recorder_->UpdateRun([per_sample](trace::Run& run) { run.set_batch_bytes_per_sample(per_sample); });
}

// Shapes seldom change from one batch to the next; only a change is described and looked up.
uint32_t TrainLoop::ShapeId(const Batch& batch) {
  std::vector<int64_t> shape;
  for (int32_t i = 0; i < batch.view.tensor_count; ++i) {
    const sp_tensor& tensor = batch.tensors[static_cast<size_t>(i)];
    shape.push_back(tensor.dtype);
    shape.insert(shape.end(), tensor.shape, tensor.shape + tensor.dims);
    shape.push_back(-1);
  }
  if (shape != last_shape_) {
    last_shape_ = std::move(shape);
    last_shape_id_ = recorder_->Intern(DescribeShape(batch.view));
  }
  return last_shape_id_;
}

}  // namespace stallpoint
