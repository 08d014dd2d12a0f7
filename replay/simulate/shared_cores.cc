// The loader as jobs on shared cores: every worker, main and the device thread is a small state machine.
#include <deque>
#include <utility>

#include "replay/simulate/batch_phases.h"
#include "replay/simulate/core_queues.h"
#include "replay/simulate/host_clock.h"
#include "replay/simulate/processor_sharing.h"
#include "replay/simulate/simulated_device.h"
#include "replay/simulate/simulator.h"

namespace stallpoint {
namespace {

// Every worker, main, and the device.
int32_t JobsOf(const Scenario& scenario) { return std::max(1, scenario.worker_count) + 2; }

template <class Cores>
class LoaderSimulation {
 public:
  LoaderSimulation(Cores cores, const DemandTape& tape, absl::Span<const BatchWork> batches, const Scenario& scenario)
      : tape_(tape),
        batches_(batches),
        scenario_(scenario),
        reads_share_(StorageCanBeShort(scenario)),
        cores_(JobsOf(scenario), std::move(cores), scenario.storage_streams),
        device_(&cores_, JobsOf(scenario) - 1, scenario, &result_),
        workers_(std::max(1, scenario.worker_count)),
        finished_(batches.size(), false),
        batch_of_step_(batches.size(), -1) {
    result_.shared_cores = true;
    result_.steps.resize(batches.size());
    // A worker holds its prefetched batches and, for an instant, the one whose credit was just returned.
    for (Worker& worker : workers_) worker.requests.resize(scenario.prefetch_depth + 1);
  }

  SimulationResult Run() {
    if (!batches_.empty()) BeginStep();
    const int32_t main = MainJob(), device = DeviceJob();
    const bool to_the_end = scenario_.most_steps < 0;
    for (int32_t job = cores_.Next(); job >= 0 && (to_the_end || device_.done() < scenario_.most_steps);
         job = cores_.Next()) {
      ++result_.phases;
      if (job == main) {
        MainPhaseEnded();
      } else if (job == device) {
        DevicePhaseEnded();
      } else {
        WorkerPhaseEnded(job);
      }
    }
    result_.host_cpu_ns = cores_.work();
    result_.steps.resize(static_cast<size_t>(device_.done()));
    if (scenario_.device_copies) result_.copies.resize(result_.steps.size());
    return std::move(result_);
  }

 private:
  enum class MainState {
    kRespawn,
    kInlineWait,
    kInlineCompute,
    kAwaitBatch,
    kBatchWake,
    kReceive,
    kCopy,
    kHeld,
    kLaunch,
    kAwaitDevice,
    kDeviceWake
  };

  struct Worker {
    std::vector<int64_t> requests;  // ring of `prefetch` entries
    int32_t oldest = 0, pending = 0;
    int64_t batch = -1;
    int32_t outstanding = 0;  // requested and not yet received
    bool waking = false, waiting = false;
    double reading = 0, computing = 0;  // to follow the current wait
    double begin = 0;                   // of the current batch
    BatchPhases phases;
  };

  int32_t MainJob() const { return static_cast<int32_t>(workers_.size()); }
  int32_t DeviceJob() const { return MainJob() + 1; }
  StepTimes& step() { return result_.steps[step_]; }
  const BatchWork& work() const { return batches_[batch_of_step_[step_]]; }
  bool inline_loading() const { return scenario_.worker_count == 0; }

  // --- workers ---

  void Request(int32_t index, int64_t batch) {
    Worker& worker = workers_[index];
    ++worker.outstanding;
    worker.requests[(worker.oldest + worker.pending++) % worker.requests.size()] = batch;
    if (worker.batch < 0 && !worker.waking) {
      worker.waking = true;
      cores_.Wait(index, scenario_.latencies.worker_wake_ns);
    }
  }

  void WorkerPhaseEnded(int32_t index) {
    Worker& worker = workers_[index];
    if (worker.waking) {
      worker.waking = false;
      TakeRequest(index);
    } else if (worker.reading > 0) {
      cores_.Read(index, std::exchange(worker.reading, 0));
    } else if (std::exchange(worker.waiting, false) && worker.computing > 0) {
      cores_.Compute(index, worker.computing, 1);
    } else {
      ContinueBatch(index);
    }
  }

  // Reads and other waits are told apart only where reads have to share, and where both are worth an event.
  void BeginWait(int32_t index, const Demand& phase) {
    Worker& worker = workers_[index];
    worker.waiting = true;
    worker.computing = phase.cpu;
    const double other = phase.wait - phase.read;
    if (!reads_share_ || phase.read < DemandTape::kShortWaitNs) {
      cores_.Wait(index, phase.wait);
    } else if (other < DemandTape::kShortWaitNs) {
      cores_.Read(index, phase.wait);
    } else {
      worker.reading = phase.read;
      cores_.Wait(index, other);
    }
  }

  void TakeRequest(int32_t index) {
    Worker& worker = workers_[index];
    worker.batch = worker.requests[worker.oldest];
    worker.oldest = static_cast<int32_t>((worker.oldest + 1) % worker.requests.size());
    --worker.pending;
    worker.begin = cores_.now();
    const double slowness = scenario_.worker_slowness.empty() ? 1 : scenario_.worker_slowness[index];
    worker.phases.Begin(tape_, batches_[worker.batch], scenario_, slowness);
    ContinueBatch(index);
  }

  void ContinueBatch(int32_t index) {
    Worker& worker = workers_[index];
    Demand phase;
    if (worker.phases.Next(&phase)) {
      if (phase.wait > 0) {
        BeginWait(index, phase);
      } else {
        cores_.Compute(index, phase.cpu, 1);
      }
      return;
    }
    const int64_t done = std::exchange(worker.batch, -1);
    finished_[done] = true;
    CountLoaded();
    result_.service_ns += cores_.now() - worker.begin;
    if (!scenario_.in_order) arrivals_.push_back(done);
    if (main_state_ == MainState::kAwaitBatch && BatchReady()) {
      EnterMain(MainState::kBatchWake, scenario_.latencies.batch_wake_ns);
    }
    if (worker.pending > 0) TakeRequest(index);
  }

  // --- loader ---

  void PrimeEpoch() {
    next_worker_ = 0;
    epoch_end_ = step_ + 1;
    while (epoch_end_ < static_cast<int64_t>(batches_.size()) && !batches_[epoch_end_].opens_epoch) ++epoch_end_;
    const int64_t primed = int64_t{scenario_.worker_count} * scenario_.prefetch_depth;
    next_request_ = step_;
    for (int64_t i = 0; i < primed && next_request_ < epoch_end_; ++i) RequestNext();
  }

  // Round-robin; out of order, the next worker that has room, as PyTorch does.
  void RequestNext() {
    for (int32_t tried = 0; tried < scenario_.worker_count; ++tried) {
      const int32_t index = next_worker_;
      next_worker_ = (next_worker_ + 1) % scenario_.worker_count;
      if (!scenario_.in_order && workers_[index].outstanding >= scenario_.prefetch_depth) continue;
      owner_.push_back(index);
      Request(index, next_request_++);
      return;
    }
  }

  bool BatchReady() const { return scenario_.in_order ? finished_[step_] : !arrivals_.empty(); }

  // --- main ---

  void EnterMain(MainState state, double wait_ns) {
    main_state_ = state;
    cores_.Wait(MainJob(), wait_ns);
  }
  void ComputeOnMain(MainState state, double demand) {
    main_state_ = state;
    cores_.Compute(MainJob(), demand * scenario_.scales.cpu * scenario_.scales.main, 1);
  }

  void BeginStep() {
    step().wait_begin = cores_.now();
    if (batches_[step_].opens_epoch && !inline_loading()) {
      if (step_ > 0 && !scenario_.persistent_workers && scenario_.latencies.respawn_ns > 0) {
        return EnterMain(MainState::kRespawn, scenario_.latencies.respawn_ns);
      }
      PrimeEpoch();
    }
    AwaitBatch();
  }

  void AwaitBatch() {
    if (inline_loading()) {
      batch_of_step_[step_] = step_;
      workers_[0].phases.Begin(tape_, batches_[step_], scenario_, 1);
      ContinueInline();
    } else if (BatchReady()) {
      Receive();
    } else {
      main_state_ = MainState::kAwaitBatch;
    }
  }

  void ContinueInline() {
    Demand phase;
    if (!workers_[0].phases.Next(&phase)) return Receive();
    workers_[0].computing = phase.cpu;
    if (phase.wait > 0) return EnterMain(MainState::kInlineWait, phase.wait);
    main_state_ = MainState::kInlineCompute;
    cores_.Compute(MainJob(), phase.cpu, 1);
  }

  void Receive() {
    if (!inline_loading()) {
      if (scenario_.in_order) {
        batch_of_step_[step_] = step_;
      } else {
        batch_of_step_[step_] = arrivals_.front();
        arrivals_.pop_front();
      }
    }
    step().wait_end = cores_.now();
    if (inline_loading()) {
      result_.service_ns += step().wait_end - step().wait_begin;
      CountLoaded();
    }
    ComputeOnMain(MainState::kReceive, work().receive_ns);
  }

  void MainPhaseEnded() {
    switch (main_state_) {
      case MainState::kRespawn:
        PrimeEpoch();
        return AwaitBatch();
      case MainState::kInlineWait:
        main_state_ = MainState::kInlineCompute;
        return cores_.Compute(MainJob(), workers_[0].computing, 1);
      case MainState::kInlineCompute:
        return ContinueInline();
      case MainState::kBatchWake:
        return Receive();
      case MainState::kReceive:
        step().got = cores_.now();
        ReturnCredit();
        if (work().copy_ns > 0) return EnterMain(MainState::kCopy, work().copy_ns);
        [[fallthrough]];
      case MainState::kCopy:
        step().copied = cores_.now();
        device_.BeginStep(&work());
        if (scenario_.device_copies && scenario_.copies_hold_main) {
          main_state_ = MainState::kHeld;
          return;
        }
        return Launch();
      case MainState::kLaunch:
        step().issued = cores_.now();
        device_.EndIssue();
        if (AwaitedIsDone()) return EndStep();
        main_state_ = MainState::kAwaitDevice;
        return;
      case MainState::kDeviceWake:
        return EndStep();
      case MainState::kAwaitBatch:
      case MainState::kHeld:
      case MainState::kAwaitDevice:
        return;
    }
  }

  void Launch() { ComputeOnMain(MainState::kLaunch, work().launch_ns); }

  void ReturnCredit() {
    if (inline_loading()) return;
    --workers_[owner_[batch_of_step_[step_]]].outstanding;
    if (next_request_ < epoch_end_) RequestNext();
  }

  void CountLoaded() { result_.counted_batches = std::max(result_.counted_batches, ++loaded_ - released_); }

  void EndStep() {
    step().main_end = cores_.now();
    released_ = device_.done();
    main_state_ = MainState::kAwaitBatch;
    if (++step_ < static_cast<int64_t>(batches_.size())) {
      BeginStep();
    } else {
      main_state_ = MainState::kAwaitDevice;
      step_ = static_cast<int64_t>(batches_.size()) - 1;
      over_ = true;
    }
  }

  // --- device ---

  void DevicePhaseEnded() {
    using Happened = typename SimulatedDevice<Cores>::Happened;
    const Happened happened = device_.PhaseEnded();
    if (happened == Happened::kNothing) return;
    if (happened == Happened::kCopied && main_state_ == MainState::kHeld) {
      step().copied = cores_.now();
      Launch();
    }
    if (happened == Happened::kStepDone) result_.stock.push_back(loaded_ - device_.done());
    device_.GoOn();
    if (happened == Happened::kStepDone && !over_ && main_state_ == MainState::kAwaitDevice && AwaitedIsDone()) {
      EnterMain(MainState::kDeviceWake, scenario_.latencies.device_wake_ns);
    }
  }

  // Whether the step is done without which main is too far ahead.
  bool AwaitedIsDone() const { return step_ - std::max(1, scenario_.steps_in_flight) + 1 < device_.done(); }

  const DemandTape& tape_;
  const absl::Span<const BatchWork> batches_;
  const Scenario& scenario_;
  const bool reads_share_;
  SimulationResult result_;
  HostClock<Cores> cores_;
  SimulatedDevice<Cores> device_;
  std::vector<Worker> workers_;
  std::vector<char> finished_;
  std::vector<int64_t> batch_of_step_;
  std::vector<int32_t> owner_;  // worker of a batch
  std::deque<int64_t> arrivals_;
  int64_t step_ = 0, next_request_ = 0, epoch_end_ = 0;
  int64_t loaded_ = 0, released_ = 0;
  int32_t next_worker_ = 0;
  bool over_ = false;
  MainState main_state_ = MainState::kAwaitBatch;
};

}  // namespace

SimulationResult SimulateSharedCores(const DemandTape& tape, absl::Span<const BatchWork> batches,
                                     const Scenario& scenario) {
  if (!HasCoreQueues(scenario)) {
    ProcessorSharing shared(JobsOf(scenario), scenario.cores, scenario.stretch, scenario.crowding);
    return LoaderSimulation(std::move(shared), tape, batches, scenario).Run();
  }
  // What is simulated as one wait and one computing is as many times as long, and so is what moves in between.
  const double delay_ns = scenario.migration_delay_ns * (tape.has_waits() ? scenario.samples_per_phase : 1);
  CoreQueues queues(JobsOf(scenario), scenario.cores, scenario.device_threads, scenario.stretch, scenario.crowding,
                    delay_ns, scenario.luck);
  return LoaderSimulation(std::move(queues), tape, batches, scenario).Run();
}

}  // namespace stallpoint
