// Checks of a workload at work: what a run will ask of it, and what it must survive.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <limits>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/check/checks.h"
#include "harness/check/workload_at_work.h"
#include "harness/record/clock.h"
#include "harness/run/run_here.h"

namespace stallpoint {
namespace {

constexpr int64_t kBatch = 4;
constexpr double kNsPerS = 1e9;

using Session = absl::StatusOr<std::unique_ptr<WorkloadAtWork>>;

CheckResult TrainTwoBatches(const CheckTarget& target, int64_t first_size, int64_t second_size, const char* praise) {
  const Session work = WorkloadAtWork::Open(target);
  if (!work.ok()) return NotOpened(work.status());
  if (absl::Status begun = (*work)->Begin(1, first_size); !begun.ok()) return Failed(begun);
  for (const int64_t size : {first_size, second_size}) {
    const auto built = (*work)->Build(0, Indices((*work)->workload(), 0, size), true);
    if (!built.ok()) return {Verdict::kFail, absl::StrCat("a batch of ", size, ": ", built.status().message())};
  }
  return {Verdict::kPass, praise};
}

// The checksums of `count` batches, built by as many threads as there are workers.
absl::StatusOr<std::vector<uint32_t>> Checksums(WorkloadAtWork& work, int32_t workers, int64_t count) {
  if (absl::Status begun = work.Begin(workers, kBatch); !begun.ok()) return begun;
  std::vector<uint32_t> sums(static_cast<size_t>(count));
  std::vector<absl::Status> failures(static_cast<size_t>(workers));
  std::vector<std::thread> threads;
  for (int32_t worker = 0; worker < workers; ++worker) {
    threads.emplace_back([&, worker] {
      for (int64_t b = worker; b < count; b += workers) {
        const auto built =
            work.Build(worker, Indices(work.workload(), static_cast<uint64_t>(b * kBatch), kBatch), false);
        if (!built.ok()) {
          failures[static_cast<size_t>(worker)] = built.status();
          return;
        }
        sums[static_cast<size_t>(b)] = built->checksum;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  work.workload().End();
  for (const absl::Status& failure : failures) {
    if (!failure.ok()) return failure;
  }
  return sums;
}

RunRequest ShortRun(const CheckTarget& target, int64_t steps) {
  RunRequest request;
  request.plugin = target.plugin;
  request.options = target.options;
  request.data_dir = target.data_dir;
  request.knobs.batch_size = kBatch;
  request.knobs.worker_count = 2;
  request.steps = steps;
  return request;
}

}  // namespace

CheckResult CheckExceptions(const CheckTarget& target) {
  const auto plugin = FindWorkloadOrProbe(target.plugin);
  if (!plugin.ok()) return Failed(plugin.status());
  if (plugin->descriptor->kind == SP_KIND_PROBE) return CheckProbeExceptions(target);
  std::atomic<bool> cancelled{false};
  MemoryPool memory(0);
  HostServices host(nullptr, memory, target.options, cancelled);
  sp_error error = {};
  error.struct_size = sizeof(error);
  return WithoutExceptions([&](const char*& function) -> CheckResult {
    function = "create_workload";
    sp_workload table = {};
    table.struct_size = sizeof(table);
    if (plugin->library.entry().create_workload(plugin->descriptor->id, host.table(), &table, &error) != SP_OK) {
      return {Verdict::kFail, absl::StrCat("create_workload: ", error.message)};
    }
    function = "open";
    const bool opened = table.open(table.self, "/no/such/folder", &error) == SP_OK;
    if (opened) {
      function = "sample_count";
      table.sample_count(table.self);
      const sp_knobs knobs = CheckKnobs(1, kBatch);
      function = "begin";
      const bool begun = table.begin(table.self, &knobs, &error) == SP_OK;
      if (begun && table.load_sample != nullptr) {
        Arena arena(memory);
        sp_sample sample = {};
        sample.struct_size = sizeof(sample);
        function = "load_sample";
        table.load_sample(table.self, 0, std::numeric_limits<uint64_t>::max(), &arena.table(), &sample, &error);
      }
      function = "end";
      if (begun) table.end(table.self);
      function = "close";
      table.close(table.self);
    }
    function = "destroy";
    table.destroy(table.self);
    return {Verdict::kPass, "what goes wrong comes back as a code"};
  });
}

CheckResult CheckOutOfRange(const CheckTarget& target) {
  const Session work = WorkloadAtWork::Open(target);
  if (!work.ok()) return NotOpened(work.status());
  Workload& workload = (*work)->workload();
  if (workload.is_stream()) return {Verdict::kSkip, "a stream has no indices"};
  if (absl::Status begun = (*work)->Begin(1, kBatch); !begun.ok()) return Failed(begun);
  Arena arena((*work)->memory());
  for (const uint64_t index : {static_cast<uint64_t>(workload.sample_count()), std::numeric_limits<uint64_t>::max()}) {
    sp_sample sample = {};
    sample.struct_size = sizeof(sample);
    sample.key = index;
    if (workload.LoadSample(0, index, arena.table(), &sample).ok()) {
      return {Verdict::kFail,
              absl::StrCat("load_sample(", index, ") of ", workload.sample_count(), " samples succeeds")};
    }
  }
  return {Verdict::kPass, absl::StrCat("samples beyond the ", workload.sample_count(), " there are fail")};
}

CheckResult CheckBatchOfOne(const CheckTarget& target) {
  return TrainTwoBatches(target, 1, 1, "batches of one are built and trained");
}

CheckResult CheckShortLastBatch(const CheckTarget& target) {
  return TrainTwoBatches(target, kBatch, kBatch - 1, "a batch shorter than the one before is built and trained");
}

CheckResult CheckSameChecksum(const CheckTarget& target) {
  constexpr int64_t kBatches = 16;
  const Session work = WorkloadAtWork::Open(target);
  if (!work.ok()) return NotOpened(work.status());
  if ((*work)->workload().is_stream()) return {Verdict::kSkip, "a stream deals its samples out to its workers"};
  const auto one = Checksums(**work, 1, kBatches);
  if (!one.ok()) return {Verdict::kFail, absl::StrCat("with 1 worker: ", one.status().message())};
  const auto again = Checksums(**work, 1, kBatches);
  if (again.ok() && *again != *one) {
    return {Verdict::kFail,
            "the same samples give other batches the second time, with 1 worker; key random draws by "
            "seed, index and pass"};
  }
  const auto eight = Checksums(**work, 8, kBatches);
  if (!eight.ok()) return {Verdict::kFail, absl::StrCat("with 8 workers: ", eight.status().message())};
  for (size_t b = 0; b < one->size(); ++b) {
    if ((*one)[b] == (*eight)[b]) continue;
    return {Verdict::kFail, absl::StrCat("batch ", b,
                                         " is another one with 8 workers than with 1; workers share "
                                         "something that they write, or random draws depend on the order of calls")};
  }
  return {Verdict::kPass, absl::StrCat(kBatches, " batches are the same with 1 worker and with 8")};
}

CheckResult CheckRepeatable(const CheckTarget& target) {
  constexpr int kSteps = 3;
  const Session work = WorkloadAtWork::Open(target);
  if (!work.ok()) return NotOpened(work.status());
  std::vector<WorkloadAtWork::Built> runs[2];
  for (auto& run : runs) {
    if (absl::Status begun = (*work)->Begin(1, kBatch); !begun.ok()) return Failed(begun);
    for (int step = 0; step < kSteps; ++step) {
      const auto built =
          (*work)->Build(0, Indices((*work)->workload(), static_cast<uint64_t>(step * kBatch), kBatch), true);
      if (!built.ok()) return Failed(built.status());
      run.push_back(*built);
    }
    (*work)->workload().End();
  }
  for (int step = 0; step < kSteps; ++step) {
    const auto &first = runs[0][static_cast<size_t>(step)], &second = runs[1][static_cast<size_t>(step)];
    if (first.checksum != second.checksum && !(*work)->workload().is_stream()) {
      return {Verdict::kFail, absl::StrCat("after end() and begin() batch ", step, " holds other bytes")};
    }
    if (first.loss && second.loss && std::abs(*first.loss - *second.loss) > 1e-3 * std::abs(*first.loss)) {
      return {Verdict::kWarn,
              absl::StrCat("after end() and begin() step ", step, " has the loss ", *second.loss, " instead of ",
                           *first.loss, "; begin() does not start from the same state")};
    }
  }
  return {Verdict::kPass, "a second run in the same process does what the first did"};
}

CheckResult CheckCancel(const CheckTarget& target) {
  constexpr int64_t kSteps = 1'000'000'000;
  // The device is emulated: what must look up is the loading, and a step on a slow cpu ends when it ends.
  RunRequest request = ShortRun(target, kSteps);
  request.knobs.device = "emulated:launch=1ms,sample=0ms";
  RunControl control;
  std::atomic<int64_t> cancelled_ns{0};
  std::atomic<bool> training{false}, done{false};
  std::thread canceller([&] {
    while (!training.load() && !done.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    cancelled_ns = MonotonicNs();
    control.End(trace::OUTCOME_CANCELLED, "cancelled");
  });
  const auto outcome = RunHere(
      request, [&](const RunProgress& p) { training = training || p.doing == "training"; }, control);
  const int64_t ended_ns = MonotonicNs();
  done = true;
  canceller.join();
  if (!outcome.ok()) return NotOpened(outcome.status());
  if (!training.load()) return NotOpened(absl::FailedPreconditionError(outcome->message));
  if (outcome->outcome != trace::OUTCOME_CANCELLED) return {Verdict::kFail, outcome->message};
  const double seconds = static_cast<double>(std::max<int64_t>(0, ended_ns - cancelled_ns)) / kNsPerS;
  if (seconds > 1) {
    return {Verdict::kFail, absl::StrFormat("ended %.1f s after it was cancelled; in loops that take long call "
                                            "host.check_cancelled()",
                                            seconds)};
  }
  return {Verdict::kPass, absl::StrFormat("ended %.0f ms after it was cancelled", seconds * 1e3)};
}

CheckResult CheckOutOfMemory(const CheckTarget& target) {
  const Session work = WorkloadAtWork::Open(target, 1);
  if (absl::IsResourceExhausted(work.status())) return {Verdict::kPass, "open() without memory says so"};
  if (!work.ok()) return NotOpened(work.status());
  absl::Status status = (*work)->Begin(1, kBatch);
  if (status.ok()) {
    const auto built = (*work)->Build(0, Indices((*work)->workload(), 0, kBatch), false);
    if (built.ok()) return {Verdict::kFail, "a batch was built without memory"};
    status = built.status();
  }
  if (!absl::IsResourceExhausted(status)) {
    return {Verdict::kFail, absl::StrCat("without memory the workload fails with '", status.message(),
                                         "', expected SP_RESOURCE_EXHAUSTED (throw std::bad_alloc)")};
  }
  return {Verdict::kPass, "a sample without memory is SP_RESOURCE_EXHAUSTED"};
}

CheckResult CheckRunsOnCpu(const CheckTarget& target) {
  constexpr int64_t kSteps = 6;
  RunControl control;
  const int64_t begin_ns = MonotonicNs();
  const auto outcome = RunHere(
      ShortRun(target, kSteps), [](const RunProgress&) {}, control);
  const double seconds = static_cast<double>(MonotonicNs() - begin_ns) / kNsPerS;
  if (!outcome.ok()) return Failed(outcome.status());
  if (outcome->outcome != trace::OUTCOME_OK) return {Verdict::kFail, outcome->message};
  if (!outcome->warnings.empty()) return {Verdict::kWarn, outcome->warnings.front()};
  return {Verdict::kPass, absl::StrFormat("%d steps of %d samples with 2 workers in %.2f s", kSteps, kBatch, seconds)};
}

}  // namespace stallpoint
