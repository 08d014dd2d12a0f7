#include "harness/run/live_run.h"

#include <poll.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "harness/engine/cpu_list.h"
#include "harness/host/plugin_search.h"
#include "harness/record/clock.h"
#include "harness/record/host_identity.h"
#include "harness/run/child_process.h"
#include "harness/run/memory_group.h"
#include "harness/run/run_exit.h"
#include "harness/run/run_here.h"
#include "harness/run/run_messages.h"
#include "harness/run/trace_verdict.h"
#include "traces/device_spec.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr int64_t kMillisecondNs = 1'000'000;
constexpr int64_t kSecondNs = 1000 * kMillisecondNs;
// How long a run may take to end its current step, before its trace is closed under it; and until it is killed.
constexpr int64_t kCancelGraceNs = 3 * kSecondNs;
constexpr int64_t kTimeoutGraceNs = kSecondNs / 2;
constexpr int64_t kKillAfterNs = 5 * kSecondNs;

// Kills by the kernel for want of memory since boot, on the whole host.
int64_t KernelMemoryKills() {
  std::ifstream file("/proc/vmstat");
  std::string name;
  int64_t value;
  while (file >> name >> value) {
    if (name == "oom_kill") return value;
  }
  return 0;
}

class Parent {
 public:
  Parent(const RunRequest& request, const std::function<void(const RunProgress&)>& on_progress,
         const std::atomic<bool>& cancel, std::optional<MemoryGroup> group, ChildProcess child)
      : request_(request),
        on_progress_(on_progress),
        cancel_(cancel),
        group_(std::move(group)),
        child_(std::move(child)),
        memory_kills_before_(KernelMemoryKills()) {}

  absl::StatusOr<RunOutcome> Run() {
    run::ToChild message;
    *message.mutable_request() = ToProto(request_);
    if (absl::Status sent = child_.socket().Send(message); !sent.ok() && !absl::IsUnavailable(sent)) return sent;
    last_step_ns_ = MonotonicNs();
    while (true) {
      const auto result = ReceiveForAWhile();
      if (!result.ok()) return result.status();
      if (result->has_value()) return WithChildGone(**result);
      if (gone_) return Witnessed(WhatBecameOfIt());
      AskToEndIfNeeded();
      if (ending_since_ns_ != 0 && MonotonicNs() - ending_since_ns_ > kKillAfterNs) {
        child_.KillAndWait();
        return Witnessed(Ended());
      }
    }
  }

 private:
  using Result = std::optional<absl::StatusOr<RunOutcome>>;

  // The result, once it came.
  absl::StatusOr<Result> ReceiveForAWhile() {
    pollfd ready = {child_.socket().descriptor(), POLLIN, 0};
    if (poll(&ready, 1, 20) <= 0) return Result();
    run::ToParent message;
    const auto received = child_.socket().Receive(&message);
    if (!received.ok()) return received.status();
    gone_ = !*received;
    if (message.has_result()) return Result(FromProto(message.result()));
    if (message.has_progress()) Note(FromProto(message.progress()));
    return Result();
  }

  void Note(const RunProgress& progress) {
    if (progress.steps_done != steps_done_ || progress.doing != doing_) last_step_ns_ = MonotonicNs();
    steps_done_ = progress.steps_done;
    doing_ = progress.doing;
    if (on_progress_) on_progress_(progress);
  }

  void AskToEndIfNeeded() {
    if (ending_since_ns_ != 0) return;
    run::ToChild message;
    if (cancel_.load(std::memory_order_relaxed)) {
      ending_as_ = trace::OUTCOME_CANCELLED;
      ending_message_ = absl::StrCat("cancelled after step ", steps_done_);
      message.mutable_end()->set_grace_ns(kCancelGraceNs);
    } else if (request_.timeout_ns > 0 && MonotonicNs() - last_step_ns_ > request_.timeout_ns) {
      ending_as_ = trace::OUTCOME_TIMED_OUT;
      ending_message_ = absl::StrCat("no step for ", FormatTimeNs(request_.timeout_ns), " after step ", steps_done_,
                                     " while ", doing_.empty() ? "starting" : doing_,
                                     "; the run was killed. A longer --timeout gives it more time");
      message.mutable_end()->set_grace_ns(kTimeoutGraceNs);
    } else {
      return;
    }
    ending_since_ns_ = MonotonicNs();
    message.mutable_end()->set_outcome(ending_as_);
    message.mutable_end()->set_message(ending_message_);
    child_.socket().SendIfRoom(message);
  }

  absl::StatusOr<RunOutcome> WithChildGone(absl::StatusOr<RunOutcome> result) {
    if (!child_.WaitFor(kSecondNs).has_value()) child_.KillAndWait();
    if (!result.ok() || ending_as_ == trace::OUTCOME_UNSPECIFIED || result->outcome == trace::OUTCOME_OK) return result;
    RunOutcome outcome = Ended();
    outcome.warnings = std::move(result->warnings);
    return outcome;
  }

  RunOutcome Ended() const {
    return {.outcome = ending_as_,
            .message = ending_message_,
            .exit_code = ending_as_ == trace::OUTCOME_CANCELLED ? run_exit::kOk : run_exit::kWorkload,
            .warnings = {}};
  }

  // The child went without a result.
  RunOutcome WhatBecameOfIt() {
    const std::optional<int> ended = child_.WaitFor(kSecondNs);
    const int status = ended.has_value() ? *ended : child_.KillAndWait();
    if (ending_as_ != trace::OUTCOME_UNSPECIFIED) return Ended();
    RunOutcome outcome = {
        .outcome = trace::OUTCOME_CRASHED, .message = "", .exit_code = run_exit::kWorkload, .warnings = {}};
    const std::string where = absl::StrCat("after step ", steps_done_);
    if (WIFSIGNALED(status)) {
      const int signal = WTERMSIG(status);
      if (signal == SIGKILL && group_.has_value() && group_->kills() > 0) {
        outcome.outcome = trace::OUTCOME_OUT_OF_MEMORY;
        outcome.message = absl::StrCat(
            "host memory: the run needed more than its limit of ", FormatSize(request_.knobs.host_limit_bytes), " ",
            where,
            ", and the kernel ended it; use a smaller --batch, --workers or --prefetch, or a larger --host-memory");
        return outcome;
      }
      if (signal == SIGKILL && KernelMemoryKills() > memory_kills_before_) {
        outcome.outcome = trace::OUTCOME_OUT_OF_MEMORY;
        outcome.message = absl::StrCat("the kernel killed the run ", where,
                                       " for want of memory; use a smaller --batch, "
                                       "--workers or --prefetch, or more memory");
        return outcome;
      }
      outcome.message = absl::StrCat("the workload ", ChildProcess::HowItEnded(status), " ", where,
                                     "; --in-process runs it under a debugger");
      if (std::string stack = child_.CrashStack(); !stack.empty()) outcome.warnings.push_back(std::move(stack));
    } else {
      outcome.message = absl::StrCat("the workload ", ChildProcess::HowItEnded(status), " ", where,
                                     "; a plugin returns errors instead of ending the process");
    }
    return outcome;
  }

  // The child could not close its trace. It had opened one before it first told what it was doing.
  RunOutcome Witnessed(RunOutcome outcome) const {
    if (request_.trace_path.empty() || doing_.empty()) return outcome;
    const absl::Status added = AppendVerdict(request_, request_.run_id, outcome);
    if (!added.ok()) outcome.warnings.emplace_back(added.message());
    return outcome;
  }

  const RunRequest& request_;
  const std::function<void(const RunProgress&)>& on_progress_;
  const std::atomic<bool>& cancel_;
  std::optional<MemoryGroup> group_;  // outlives the child, which is in it
  ChildProcess child_;
  const int64_t memory_kills_before_;

  int64_t last_step_ns_ = 0, steps_done_ = 0;
  std::string doing_;
  bool gone_ = false;
  int64_t ending_since_ns_ = 0;  // 0: it was not asked to end
  trace::Outcome ending_as_ = trace::OUTCOME_UNSPECIFIED;
  std::string ending_message_;
};

// A workload in this process sees the caller's flag through the run's own.
absl::StatusOr<RunOutcome> RunInProcess(const RunRequest& request,
                                        const std::function<void(const RunProgress&)>& on_progress,
                                        const std::atomic<bool>& cancel) {
  RunControl control;
  std::atomic<bool> done{false};
  std::thread watcher([&] {
    while (!done.load() && !cancel.load()) poll(nullptr, 0, 20);
    if (cancel.load()) control.End(trace::OUTCOME_CANCELLED, "cancelled");
  });
  auto outcome = RunHere(request, on_progress, control);
  done = true;
  watcher.join();
  return outcome;
}

// The child has our working directory too, but a plugin may change it before the file is opened.
absl::StatusOr<RunRequest> WithAbsolutePaths(RunRequest request) {
  std::error_code error;
  if (!request.trace_path.empty()) request.trace_path = std::filesystem::absolute(request.trace_path, error).string();
  if (!request.data_dir.empty()) request.data_dir = std::filesystem::absolute(request.data_dir, error).string();
  if (IsPluginPath(request.plugin)) request.plugin = std::filesystem::absolute(request.plugin, error).string();
  for (std::string& probe : request.probes) {
    if (IsPluginPath(probe)) probe = std::filesystem::absolute(probe, error).string();
  }
  if (error) return absl::ErrnoToStatus(error.value(), "the working directory");
  return request;
}

}  // namespace

absl::StatusOr<RunOutcome> ExecuteRun(const RunRequest& request,
                                      const std::function<void(const RunProgress&)>& on_progress,
                                      const std::atomic<bool>& cancel) {
  auto absolute = WithAbsolutePaths(request);
  if (!absolute.ok()) return absolute.status();
  if (absl::Status valid = Validate(absolute->knobs); !valid.ok()) return valid;
  if (const auto device = ParseDevice(absolute->knobs.device); !device.ok()) return device.status();
  if (const auto cpus = ParseCpuList(absolute->knobs.cpus); !absolute->knobs.cpus.empty() && !cpus.ok()) {
    return cpus.status();
  }
  if (absolute->in_process) return RunInProcess(*absolute, on_progress, cancel);
  absolute->run_id = RandomId();
  std::optional<MemoryGroup> group;
  if (absolute->knobs.host_limit_bytes > 0) {
    if (auto made = MemoryGroup::Make(absolute->knobs.host_limit_bytes); made.ok()) group.emplace(*std::move(made));
  }
  auto child = ChildProcess::Start();
  if (!child.ok()) return child.status();
  // The child has done nothing yet: it waits for its request.
  if (group.has_value() && group->Add(child->pid()).ok()) absolute->host_limit_holder = group->Describe();
  return Parent(*absolute, on_progress, cancel, std::move(group), *std::move(child)).Run();
}

}  // namespace stallpoint
