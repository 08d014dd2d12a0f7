#include <sys/prctl.h>

#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/engine/batch_store.h"
#include "harness/engine/delivery.h"
#include "harness/engine/loader.h"
#include "harness/engine/mailbox.h"
#include "harness/host/host_services.h"
#include "harness/record/recorder.h"

namespace stallpoint {
namespace {

// One worker: a thread that loads the batches put into its mailbox, and delivers them.
class Worker {
 public:
  Worker(const BatchBuilder::Context& context, int32_t index, uint32_t incarnation, size_t prefetch, Delivery& delivery)
      : context_(context), index_(index), incarnation_(incarnation), delivery_(delivery), requests_(prefetch) {
    thread_ = std::thread(&Worker::Run, this);
  }
  ~Worker() {
    requests_.Close();
    thread_.join();
  }

  void Request(Batch* batch) { requests_.Put(batch); }

 private:
  void Run() {
    const std::string name = absl::StrCat("worker ", index_);
    prctl(PR_SET_NAME, name.c_str());
    if (Recorder* recorder = context_.host.recorder(); recorder != nullptr) {
      trace::TrackDefinition track;
      track.set_role(trace::TRACK_ROLE_WORKER);
      track.set_name(name);
      track.set_worker_index(static_cast<uint32_t>(index_));
      track.set_incarnation(incarnation_);
      recorder->AttachThread(track);
    }
    BatchBuilder builder(context_, index_);
    while (const std::optional<Batch*> batch = requests_.Take()) {
      builder.Build(**batch);
      delivery_.Deliver(*batch);
    }
  }

  const BatchBuilder::Context context_;
  const int32_t index_;
  const uint32_t incarnation_;
  Delivery& delivery_;
  Mailbox<Batch*> requests_;
  std::thread thread_;
};

class WorkerLoader : public Loader {
 public:
  WorkerLoader(const BatchBuilder::Context& context, Sampler& sampler, const Knobs& knobs)
      : context_(context),
        sampler_(sampler),
        knobs_(knobs),
        credits_(int64_t{knobs.worker_count} * knobs.prefetch_depth),
        store_(context.memory),
        delivery_(static_cast<size_t>(credits_), knobs.in_order) {}

  // Replaces the workers that there are.
  absl::Status StartWorkers() {
    workers_.clear();
    const auto prefetch = static_cast<size_t>(knobs_.prefetch_depth);
    try {
      for (int32_t i = 0; i < knobs_.worker_count; ++i) {
        workers_.push_back(std::make_unique<Worker>(context_, i, incarnation_, prefetch, delivery_));
      }
    } catch (const std::system_error& refused) {
      return absl::ResourceExhaustedError(absl::StrCat("worker ", workers_.size(), " of ", knobs_.worker_count,
                                                       " cannot be started: ", refused.what(),
                                                       "; use fewer --workers"));
    }
    outstanding_of_.assign(workers_.size(), 0);
    ++incarnation_;
    return absl::OkStatus();
  }

  absl::StatusOr<bool> Wait(const KeepWaiting& keep_waiting) override {
    while (outstanding_ == 0) {
      if (sampler_.done()) return false;
      if (absl::Status begun = BeginEpoch(); !begun.ok()) return begun;
    }
    if (!delivery_.Wait(keep_waiting)) return absl::CancelledError("the run was ended while it waited for a batch");
    return true;
  }

  int64_t next_index() const override { return delivery_.Peek()->index; }

  absl::StatusOr<Batch*> Receive() override {
    Batch* batch = delivery_.Take();
    --outstanding_;
    --outstanding_of_[static_cast<size_t>(batch->worker)];
    if (absl::Status requested = Request(); !requested.ok()) {
      Recycle(batch);
      return requested;
    }
    return batch;
  }

  void Recycle(Batch* batch) override { store_.GiveBack(batch); }
  int64_t ready() const override { return delivery_.ready(); }
  std::string Describe() const override { return delivery_.Describe(); }

 private:
  absl::Status BeginEpoch() {
    if (next_ > 0 && !knobs_.persistent_workers) {
      if (absl::Status started = StartWorkers(); !started.ok()) return started;
    }
    epoch_ended_ = false;
    turn_ = 0;
    for (int64_t i = 0; i < credits_ && !epoch_ended_; ++i) {
      if (absl::Status requested = Request(); !requested.ok()) return requested;
    }
    return absl::OkStatus();
  }

  // Draws the next batch, if the epoch has one, and asks the worker whose turn it is to load it.
  absl::Status Request() {
    if (epoch_ended_) return absl::OkStatus();
    Batch* batch = store_.Take();
    const absl::StatusOr<bool> drawn = sampler_.Next(&batch->plan);
    if (!drawn.ok() || !*drawn) {
      store_.GiveBack(batch);
      epoch_ended_ = true;
      return drawn.status();
    }
    batch->index = next_++;
    batch->worker = static_cast<int32_t>(NextWorker());
    ++outstanding_;
    ++outstanding_of_[static_cast<size_t>(batch->worker)];
    workers_[static_cast<size_t>(batch->worker)]->Request(batch);
    return absl::OkStatus();
  }

  // In turn; out of order the turn passes over workers that have their share already.
  size_t NextWorker() {
    while (true) {
      const size_t worker = turn_;
      turn_ = (turn_ + 1) % workers_.size();
      if (outstanding_of_[worker] < knobs_.prefetch_depth) return worker;
    }
  }

  const BatchBuilder::Context context_;
  Sampler& sampler_;
  const Knobs knobs_;
  const int64_t credits_;
  BatchStore store_;
  Delivery delivery_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<int32_t> outstanding_of_;  // per worker
  int64_t outstanding_ = 0, next_ = 0;
  size_t turn_ = 0;
  uint32_t incarnation_ = 0;
  bool epoch_ended_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Loader>> MakeWorkerLoader(const BatchBuilder::Context& context, Sampler& sampler,
                                                         const Knobs& knobs) {
  auto loader = std::make_unique<WorkerLoader>(context, sampler, knobs);
  if (absl::Status started = loader->StartWorkers(); !started.ok()) return started;
  return loader;
}

}  // namespace stallpoint
