#include "tools/program/live_request.h"

#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fmt/core.h"
#include "tools/program/run_verb.h"
#include "traces/run_summary.h"

namespace stallpoint {

void LiveFlags::AddTo(CLI::App& verb) {
  verb.add_option("--plugin", plugin, "Workload (the trace's id), searched in the trusted path or a file")
      ->type_name("ID|FILE");
  verb.add_option("--data", data, "Folder of the data set (the trace's)")->type_name("DIR");
  verb.add_flag("--cold", cold, "Begin each run with nothing of --data in the page cache (as recorded)");
  verb.add_option("--steps", steps, "Steps to run (the trace's, at least 3 x workers x prefetch + 20)")
      ->check(CLI::PositiveNumber);
  verb.add_option("-o,--output", output, "Keep the trace of the live runs")->type_name("FILE");
  verb.add_flag("--in-process", in_process, "Run inside this process, for debuggers");
}

absl::StatusOr<RunRequest> MakeLiveRequest(const LiveFlags& flags, const RunRecord& recorded, const Context& context) {
  RunRequest request;
  if (flags.plugin.empty() && recorded.source_was_file) {
    return absl::InvalidArgumentError(absl::StrCat("the run was recorded with a plugin file (id '", recorded.source,
                                                   "'), and a trace never names a path: give --plugin FILE again"));
  }
  request.plugin = flags.plugin.empty() ? recorded.source : flags.plugin;
  request.data_dir =
      flags.data.empty() ? recorded.data_dir : std::filesystem::absolute(flags.data).lexically_normal().string();
  request.cold_data = flags.cold || recorded.cold_data;
  // As recorded, so that predicted and live steps can be compared; how many of the first ones is for the run to say.
  const bool none = recorded.device_work_steps == 0 && recorded.knobs.device.starts_with("cuda");
  if (none || recorded.device_work_steps == kAllSteps) request.device_work_steps = recorded.device_work_steps;
  request.options = recorded.options;
  request.knobs = recorded.knobs;
  request.role = trace::RUN_ROLE_LIVE;
  request.overwrite = context.force;
  request.in_process = flags.in_process;
  return request;
}

void SetLength(int64_t asked_steps, const RunRecord& recorded, RunRequest* request) {
  const int64_t enough = 3 * int64_t{request->knobs.worker_count} * request->knobs.prefetch_depth + 20;
  if (asked_steps > 0) {
    request->steps = asked_steps;
  } else if (recorded.planned_epochs > 0) {
    const int64_t per_epoch = std::max<int64_t>(
        1,
        recorded.dataset_samples > 0 ? recorded.dataset_samples / std::max<int64_t>(1, request->knobs.batch_size) : 1);
    request->epochs = std::max(recorded.planned_epochs, (enough + per_epoch - 1) / per_epoch);
  } else {
    request->steps = std::max<int64_t>(recorded.planned_steps, enough);
  }
}

absl::StatusOr<LiveRun> RunOnce(const RunRequest& request, const std::string& what, const Context& context,
                                std::optional<RunRecord>* record) {
  const auto outcome = ExecuteShown(request, what, context);
  if (!outcome.ok()) return outcome.status();
  LiveRun run{outcome->outcome, outcome->message, std::nullopt};
  auto contents = LoadTrace(request.trace_path);
  if (!contents.ok() || contents->runs.back().iterations.empty()) return run;
  run.summary = Summarize(contents->runs.back());
  if (record != nullptr) *record = std::move(contents->runs.back());
  return run;
}

LiveTraces::LiveTraces(std::string output) : output_(std::move(output)) {
  if (!output_.empty()) return;
  std::string name = (std::filesystem::temp_directory_path() / "stallpoint-XXXXXX").string();
  if (mkdtemp(name.data()) != nullptr) scratch_ = name;
}

LiveTraces::~LiveTraces() {
  std::error_code ignored;
  if (!scratch_.empty()) std::filesystem::remove_all(scratch_, ignored);
}

void LiveTraces::Place(RunRequest* request) {
  const bool keep = !output_.empty();
  request->trace_path = keep ? output_ : (scratch_ / fmt::format("{}.sptrace", placed_)).string();
  request->append = keep && placed_ > 0;
  ++placed_;
}

}  // namespace stallpoint
