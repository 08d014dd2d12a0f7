#include "harness/run/run_here.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/cuda/session.h"
#include "harness/cupti/device_activity.h"
#include "harness/engine/cpu_list.h"
#include "harness/engine/device.h"
#include "harness/engine/device_cuda.h"
#include "harness/engine/loader.h"
#include "harness/engine/run_guard.h"
#include "harness/engine/sampler.h"
#include "harness/engine/stages.h"
#include "harness/engine/train_loop.h"
#include "harness/host/abi_knobs.h"
#include "harness/host/device_memory.h"
#include "harness/host/host_services.h"
#include "harness/host/options.h"
#include "harness/host/plugin_search.h"
#include "harness/host/workload.h"
#include "harness/record/host_identity.h"
#include "harness/record/recorder.h"
#include "harness/run/page_cache.h"
#include "harness/run/progress_meter.h"
#include "harness/run/run_exit.h"
#include "harness/run/run_probes.h"
#include "traces/device_spec.h"
#include "traces/run_record.h"

namespace stallpoint {
namespace {

// Everything that is known before anything is started.
struct Plan {
  RunRequest request;
  DeviceSpec device;
  FoundPlugin plugin;
  EngineOptions engine;
  std::vector<ProbePlan> probes;
};

absl::StatusOr<Plan> MakePlan(const RunRequest& request) {
  Plan plan;
  plan.request = request;
  Knobs& knobs = plan.request.knobs;
  if (request.cold_data && request.data_dir.empty()) {
    return absl::InvalidArgumentError(
        "--cold: found no --data, expected the folder whose files are to come from storage");
  }
  if (absl::Status valid = Validate(knobs); !valid.ok()) return valid;
  if ((request.steps > 0) == (request.epochs > 0) || request.steps < 0 || request.epochs < 0) {
    return absl::InvalidArgumentError(absl::StrCat("found --steps ", request.steps, " and --epochs ", request.epochs,
                                                   ", expected one of the two to be positive"));
  }
  auto device = ParseDevice(knobs.device);
  if (!device.ok()) return device.status();
  if (absl::Status exists = CheckDeviceExists(*device); !exists.ok()) return exists;
  plan.device = *device;
  auto plugin = FindWorkload(request.plugin);
  if (!plugin.ok()) return WithExitCode(plugin.status(), run_exit::kPlugin);
  plan.plugin = *std::move(plugin);
  auto probes = PlanProbes(request.probes, request.data_dir, &plan.request.options);
  if (!probes.ok()) return probes.status();
  plan.probes = *std::move(probes);
  const std::map<std::string, std::string>& options = plan.request.options;
  if (absl::Status legal = CheckOptions(options, *plan.plugin.descriptor); !legal.ok()) return legal;
  auto engine = ParseEngineOptions(options);
  if (!engine.ok()) return engine.status();
  plan.engine = *engine;
  if (knobs.intra_op_threads == 0) knobs.intra_op_threads = std::max(1, static_cast<int>(UsableCores()) - 1);
  return plan;
}

trace::Run DescribeRun(const Plan& plan) {
  const RunRequest& request = plan.request;
  trace::Run run;
  run.set_source(plan.plugin.descriptor->id);
  run.set_source_version(plan.plugin.descriptor->version != nullptr ? plan.plugin.descriptor->version : "");
  run.set_source_was_file(plan.plugin.was_file);
  *run.mutable_knobs() = ToProto(request.knobs);
  for (const auto& [key, value] : request.options) (*run.mutable_options())[key] = value;
  for (const ProbePlan& probe : plan.probes) *run.add_probes() = DescribeProbe(probe);
  run.set_data_dir(request.data_dir);
  run.set_cold_data(request.cold_data);
  run.set_planned_steps(request.steps);
  run.set_planned_epochs(request.epochs);
  if (request.knobs.host_limit_bytes > 0) {
    run.set_host_limit_enforcement(request.host_limit_holder.empty()
                                       ? kHostLimitEnforcement
                                       : "buffers of the harness before each allocation, then " +
                                             request.host_limit_holder);
  }
  if (request.knobs.device_limit_bytes > 0) {
    const bool stated = plan.device.base_bytes.has_value() && plan.device.sample_bytes.has_value();
    run.set_device_limit_enforcement(plan.device.kind == DeviceSpec::Kind::kCuda ? kCudaLimitEnforcement
                                     : plan.device.kind == DeviceSpec::Kind::kCpu
                                         ? "none: the plugin does not say what it allocates"
                                     : stated ? "the stated memory of the samples in flight, before each step"
                                              : "none: base and sample_bytes of the emulated device are not stated");
  }
  return run;
}

absl::StatusOr<std::unique_ptr<Recorder>> StartRecorder(const Plan& plan) {
  const RunRequest& request = plan.request;
  if (request.trace_path.empty()) return nullptr;
  Recorder::Options options;
  options.path = request.trace_path;
  options.overwrite = request.overwrite;
  options.append = request.append;
  options.identity.set_role(request.role);
  options.identity.set_run_id(request.run_id);
  *options.identity.mutable_run() = DescribeRun(plan);
  auto recorder = Recorder::Start(std::move(options));
  if (!recorder.ok()) return WithExitCode(recorder.status(), run_exit::kIo);
  trace::TrackDefinition main;
  main.set_role(trace::TRACK_ROLE_MAIN);
  main.set_name("main");
  (*recorder)->AttachThread(main);
  return recorder;
}

RunOutcome OutcomeOf(const absl::Status& status) {
  RunOutcome outcome;
  outcome.message = std::string(status.message());
  switch (status.code()) {
    case absl::StatusCode::kOk:
      outcome.outcome = trace::OUTCOME_OK;
      return outcome;
    case absl::StatusCode::kCancelled:
      outcome.outcome = trace::OUTCOME_CANCELLED;
      return outcome;
    case absl::StatusCode::kResourceExhausted:
      outcome.outcome = trace::OUTCOME_OUT_OF_MEMORY;
      break;
    default:
      outcome.outcome = trace::OUTCOME_FAILED;
  }
  outcome.exit_code = ExitCodeOf(status) == run_exit::kPlugin ? run_exit::kPlugin : run_exit::kWorkload;
  return outcome;
}

// The part of a run that has a plugin's object, from its creation to its end.
class WorkloadRun {
 public:
  WorkloadRun(const Plan& plan, Recorder* recorder, RunControl& control, ProgressMeter& meter)
      : plan_(plan),
        control_(control),
        knobs_(plan.request.knobs),
        recorder_(recorder),
        meter_(meter),
        memory_(knobs_.host_limit_bytes),
        allocations_(recorder),
        device_memory_(knobs_.device_limit_bytes, &allocations_),
        host_(recorder, memory_, plan.request.options, control.cancelled(),
              plan.device.kind == DeviceSpec::Kind::kCpu ? &device_memory_ : nullptr, &allocations_),
        guard_(control.cancelled(), plan.request.host_limit_holder.empty() ? knobs_.host_limit_bytes : 0) {}

  absl::Status Run() {
    absl::Status status = plan_.device.kind == DeviceSpec::Kind::kCuda ? StartCuda() : absl::OkStatus();
    RunProbes probes(plan_.probes, host_);
    if (status.ok()) status = StartWorkload();
    if (status.ok() && plan_.request.cold_data) status = DropPageCache(plan_.request.data_dir);
    if (status.ok()) status = Train();
    if (activity_ != nullptr) activity_->Stop();
    probes.Stop();
    // What a plugin returns after it was told to end is no failure of its own.
    if (!status.ok() && absl::IsCancelled(guard_.Check())) return guard_.Check();
    if (!absl::IsCancelled(status)) return status;
    return absl::InternalError(
        absl::StrCat("the workload gave up although the run was not cancelled: ", status.message()));
  }

  bool trained() const { return trained_; }
  std::vector<std::string> TakeWarnings() { return host_.TakeWarnings(); }

 private:
  // What the device does is recorded from before its context is made; where that is refused, the host is all the same.
  absl::Status StartCuda() {
    if (recorder_ != nullptr && plan_.request.device_work_steps != 0) {
      DeviceActivity::Options options;
      options.describe_device = [this](uint32_t device) { return DescribeDevice(device); };
      auto activity = DeviceActivity::Start(*recorder_, std::move(options));
      if (activity.ok()) {
        activity_ = *std::move(activity);
        recorder_->UpdateRun([](trace::Run& run) { run.set_device_work_steps(kAllSteps); });
      } else {
        host_.Log(SP_LOG_WARNING,
                  absl::StrCat("kernels and copies are not recorded, only steps: ", activity.status().message()));
      }
    }
    auto session = CudaSession::Open(plan_.device.index);
    if (!session.ok()) return session.status();
    cuda_ = *std::move(session);
    described_ = cuda_.get();
    return absl::OkStatus();
  }

  // [any] Other devices than the run's are known by their numbers.
  trace::DeviceDefinition DescribeDevice(uint32_t device) const {
    const CudaSession* session = described_;
    if (session != nullptr && static_cast<int>(device) == plan_.device.index) return session->Describe();
    trace::DeviceDefinition other;
    other.set_kind("cuda");
    other.set_name(absl::StrCat("cuda:", device));
    return other;
  }

  absl::Status StartWorkload() {
    auto workload = Workload::Create(plan_.plugin, host_.table());
    if (!workload.ok()) return workload.status();
    workload_ = *std::move(workload);
    if (cuda_ != nullptr && !workload_->steps_on_cuda()) {
      return WithExitCode(absl::FailedPreconditionError(
                              absl::StrCat("--device ", device_name_, ": the plugin ", plan_.plugin.descriptor->id,
                                           " is not made for CUDA devices (it lacks the extension ",
                                           SP_EXTENSION_CUDA_STEP, "); use --device cpu or emulated")),
                          run_exit::kPlugin);
    }
    if (absl::Status opened = workload_->Open(plan_.request.data_dir); !opened.ok()) return opened;
    if (recorder_ != nullptr && !workload_->is_stream()) {
      const auto samples = workload_->sample_count();
      recorder_->UpdateRun([samples](trace::Run& run) { run.set_dataset_samples(samples); });
    }
    auto sampler = MakeSampler(*workload_, knobs_, {plan_.request.steps, plan_.request.epochs});
    if (!sampler.ok()) return sampler.status();
    sampler_ = *std::move(sampler);
    sp_knobs knobs = ToAbi(knobs_, plan_.device);
    if (cuda_ != nullptr) {
      knobs.device = device_name_.c_str();
      knobs.stream = cuda_->stream();
    }
    if (absl::Status begun = workload_->Begin(knobs); !begun.ok()) return begun;
    if (recorder_ != nullptr && knobs_.device_limit_bytes > 0 && host_.device_memory() != nullptr) {
      recorder_->UpdateRun([](trace::Run& run) { run.set_device_limit_enforcement(kDeviceMemoryEnforcement); });
    }
    return absl::OkStatus();
  }

  absl::Status Train() {
    const Stages stages(recorder_);
    const BatchBuilder::Context building = {*workload_,         host_, memory_, stages, plan_.engine.skip_bad_samples,
                                            knobs_.worker_count};
    const auto loader = MakeLoader(building, *sampler_, knobs_);
    if (!loader.ok()) return loader.status();
    // Uses the loader's batches, and therefore ends before it.
    const CudaRun cuda = {cuda_.get(), activity_ != nullptr ? &activity_->issue_times() : nullptr};
    const auto device = MakeDevice(plan_.device, {*workload_, host_, stages, knobs_}, &cuda);
    if (!device.ok()) return device.status();
    const int64_t observed = activity_ != nullptr && activity_->can_detach() ? StepsToObserve() : kAllSteps;
    TrainLoop loop({.loader = **loader,
                    .device = **device,
                    .host = host_,
                    .stages = stages,
                    .guard = guard_,
                    .steps_in_flight = knobs_.steps_in_flight,
                    .sync_each_step = plan_.engine.sync_each_step,
                    .pause_after_steps = observed,
                    .on_pause = [this, observed] { StopObservingDevice(observed); },
                    .on_step = [this](const TrainLoop::Progress& progress) { meter_.Step(progress); }});
    trained_ = true;
    if (recorder_ != nullptr) recorder_->EnterPhase(trace::PHASE_TRAIN);
    meter_.Begin("training", sampler_->total_batches());
    control_.SetLoader(loader->get());
    const absl::Status status = loop.Run();
    control_.SetLoader(nullptr);
    if (recorder_ != nullptr) recorder_->EnterPhase(trace::PHASE_SHUTDOWN);
    meter_.Enter("finishing");
    return status;
  }

  int64_t StepsToObserve() const {
    if (plan_.request.device_work_steps) return *plan_.request.device_work_steps;
    constexpr int64_t kFewest = 5, kMost = 20, kPart = 10;
    const int64_t total = sampler_->total_batches();
    return total > 0 ? std::clamp(total / kPart, kFewest, kMost) : kMost;
  }

  void StopObservingDevice(int64_t after_steps) {
    if (absl::Status detached = activity_->Detach(); !detached.ok()) {
      host_.Log(SP_LOG_WARNING, std::string(detached.message()));
    }
    recorder_->UpdateRun([after_steps](trace::Run& run) { run.set_device_work_steps(after_steps); });
  }

  const Plan& plan_;
  RunControl& control_;
  const Knobs& knobs_;
  Recorder* const recorder_;
  ProgressMeter& meter_;
  MemoryPool memory_;
  AllocationLog allocations_;
  DeviceMemory device_memory_;
  HostServices host_;
  RunGuard guard_;
  const std::string device_name_ = FormatDevice(plan_.device);
  std::unique_ptr<CudaSession> cuda_;  // outlives whatever the workload has on the device
  std::atomic<const CudaSession*> described_{nullptr};
  std::unique_ptr<DeviceActivity> activity_;
  std::unique_ptr<Workload> workload_;
  std::unique_ptr<Sampler> sampler_;
  bool trained_ = false;
};

}  // namespace

void RunControl::End(trace::Outcome outcome, const std::string& message, const std::vector<std::string>& warnings) {
  {
    std::lock_guard lock(mutex_);
    end_outcome_ = outcome;
    end_message_ = message;
    end_warnings_ = warnings;
  }
  cancelled_ = true;
}

void RunControl::Explain(RunOutcome* outcome) const {
  if (outcome->outcome != trace::OUTCOME_CANCELLED) return;
  std::lock_guard lock(mutex_);
  outcome->outcome = end_outcome_;
  outcome->message = end_message_;
  outcome->warnings.insert(outcome->warnings.end(), end_warnings_.begin(), end_warnings_.end());
  outcome->exit_code = end_outcome_ == trace::OUTCOME_CANCELLED ? run_exit::kOk : run_exit::kWorkload;
}

void RunControl::CloseTrace(trace::Outcome outcome, const std::string& message) {
  std::lock_guard lock(mutex_);
  if (recorder_ != nullptr) recorder_->Finish(outcome, message).IgnoreError();
}

std::string RunControl::DescribeQueue() const {
  std::lock_guard lock(mutex_);
  return loader_ == nullptr ? "" : loader_->Describe();
}

void RunControl::SetLoader(const Loader* loader) {
  std::lock_guard lock(mutex_);
  loader_ = loader;
}

void RunControl::SetRecorder(Recorder* recorder) {
  std::lock_guard lock(mutex_);
  recorder_ = recorder;
}

absl::StatusOr<RunOutcome> RunHere(const RunRequest& request,
                                   const std::function<void(const RunProgress&)>& on_progress, RunControl& control) {
  ScopedAffinity affinity;
  if (absl::Status confined = affinity.Confine(request.knobs.cpus); !confined.ok()) return confined;
  const absl::StatusOr<Plan> plan = MakePlan(request);
  if (!plan.ok()) return plan.status();
  auto recorder = StartRecorder(*plan);
  if (!recorder.ok()) return recorder.status();
  control.SetRecorder(recorder->get());
  ProgressMeter meter(on_progress);
  meter.Enter("starting");

  RunOutcome outcome;
  bool trained = false;
  {
    WorkloadRun run(*plan, recorder->get(), control, meter);
    outcome = OutcomeOf(run.Run());
    outcome.warnings = run.TakeWarnings();
    control.Explain(&outcome);
    trained = run.trained();
  }
  if (*recorder != nullptr) {
    const absl::Status finished = (*recorder)->Finish(outcome.outcome, outcome.message);
    control.SetRecorder(nullptr);
    if (!finished.ok()) {
      outcome.warnings.emplace_back(finished.message());
      if (outcome.exit_code == run_exit::kOk) outcome.exit_code = run_exit::kIo;
    }
    // A run that never began to train leaves no file in the way of the next attempt.
    if (!trained && !request.append && outcome.outcome != trace::OUTCOME_OK) unlink(request.trace_path.c_str());
  }
  return outcome;
}

}  // namespace stallpoint
