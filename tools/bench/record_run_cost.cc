// What recording costs a real run: pairs of runs, one recorded and one not, in random order within each pair.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "fmt/core.h"
#include "harness/record/clock.h"
#include "harness/run/live_run.h"
#include "traces/run_record.h"

namespace stallpoint {
namespace {

// Two-sided 95 % quantiles of Student's distribution for 1, 2, ... degrees of freedom.
constexpr double kStudent[] = {12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23,
                               2.20,  2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09, 2.09};

struct Cost {
  double wall_s = 0, cpu_s = 0, recorder_cpu_s = 0;
  double step_s = 0;  // once the run is under way; 0: it was over too soon
};

// The time of a step from what a run says of its progress, without how it starts and ends.
class StepClock {
 public:
  void Note(const RunProgress& progress) {
    const int64_t now_ns = MonotonicNs();
    if (begun_ns_ == 0 && progress.doing == "training" && 10 * progress.steps_done >= progress.steps_total) {
      begun_ns_ = now_ns;
      begun_steps_ = progress.steps_done;
    }
    if (progress.doing != "finishing" || begun_ns_ == 0 || progress.steps_done == begun_steps_) return;
    step_s_ = 1e-9 * static_cast<double>(now_ns - begun_ns_) / static_cast<double>(progress.steps_done - begun_steps_);
  }
  double step_s() const { return step_s_; }

 private:
  int64_t begun_ns_ = 0, begun_steps_ = 0;
  double step_s_ = 0;
};

double ChildrenCpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Runs in a child process; an empty trace path is a run that is not recorded.
absl::StatusOr<Cost> RunOnce(const RunRequest& request) {
  Cost cost;
  const std::atomic<bool> cancel = false;
  const double cpu_before_s = ChildrenCpuSeconds();
  const int64_t begin_ns = MonotonicNs();
  StepClock clock;
  const auto outcome = ExecuteRun(
      request, [&clock](const RunProgress& progress) { clock.Note(progress); }, cancel);
  cost.wall_s = 1e-9 * static_cast<double>(MonotonicNs() - begin_ns);
  cost.cpu_s = ChildrenCpuSeconds() - cpu_before_s;
  cost.step_s = clock.step_s();
  if (!outcome.ok()) return outcome.status();
  if (outcome->outcome != trace::OUTCOME_OK) return absl::UnknownError("the run failed: " + outcome->message);
  if (request.trace_path.empty()) return cost;
  const auto contents = LoadTrace(request.trace_path);
  if (!contents.ok()) return contents.status();
  const RunRecord& run = contents->main_run();
  cost.recorder_cpu_s = 1e-9 * static_cast<double>(run.recorder_cpu_ns);
  if (run.dropped > 0) return absl::DataLossError(fmt::format("{} events were dropped", run.dropped));
  return cost;
}

struct Interval {
  double mean, half_width;
};

// Of the mean, with 95 % confidence.
Interval MeanInterval(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const double quantile = kStudent[std::min(values.size() - 2, std::size(kStudent) - 1)];
  return {mean, quantile * std::sqrt(squares / (n - 1) / n)};
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int Main(int argc, char** argv) {
  RunRequest request;
  request.plugin = "synthetic";
  request.steps = 200;
  request.knobs.worker_count = 2;
  request.overwrite = true;
  int pairs = 10;
  std::vector<std::string> settings;
  CLI::App app("The cost of recording a real run, by pairs of recorded and unrecorded runs");
  app.add_option("--plugin", request.plugin, "workload")->capture_default_str();
  app.add_option("--data", request.data_dir, "its data");
  app.add_option("--set", settings, "an option of the workload, KEY=VALUE");
  app.add_option("--steps", request.steps, "steps of each run")->capture_default_str()->check(CLI::PositiveNumber);
  app.add_option("--workers", request.knobs.worker_count, "loader workers")->capture_default_str();
  app.add_option("--batch", request.knobs.batch_size, "samples in a batch")->capture_default_str();
  app.add_option("--device", request.knobs.device, "device")->capture_default_str();
  app.add_option("--probe", request.probes, "probes of the recorded runs")->delimiter(',');
  app.add_option("--pairs", pairs, "pairs of runs")->capture_default_str()->check(CLI::Range(2, 1000));
  CLI11_PARSE(app, argc, argv);
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      fmt::print(stderr, "--set {}: expected KEY=VALUE\n", setting);
      return 2;
    }
    request.options[setting.substr(0, equals)] = setting.substr(equals + 1);
  }

  const std::string path =
      std::filesystem::temp_directory_path() / fmt::format("stallpoint-record-run-cost-{}.sptrace", getpid());
  std::mt19937 random(1);
  std::vector<double> unrecorded_s, step_differences, wall_differences, cpu_differences, recorder_shares;
  // The first pair warms caches and is not counted.
  for (int pair = 0; pair <= pairs; ++pair) {
    Cost costs[2];  // unrecorded, recorded
    const bool recorded_first = random() % 2 == 0;
    for (const bool recorded : {recorded_first, !recorded_first}) {
      request.trace_path = recorded ? path : "";
      const absl::StatusOr<Cost> cost = RunOnce(request);
      std::filesystem::remove(path);
      if (!cost.ok()) {
        fmt::print(stderr, "{}\n", cost.status().ToString());
        return 5;
      }
      costs[recorded] = *cost;
    }
    if (pair == 0) continue;
    unrecorded_s.push_back(costs[0].wall_s);
    if (costs[0].step_s > 0 && costs[1].step_s > 0) {
      step_differences.push_back(100 * (costs[1].step_s / costs[0].step_s - 1));
    }
    wall_differences.push_back(100 * (costs[1].wall_s / costs[0].wall_s - 1));
    cpu_differences.push_back(100 * (costs[1].cpu_s / costs[0].cpu_s - 1));
    recorder_shares.push_back(100 * costs[1].recorder_cpu_s / costs[1].cpu_s);
  }
  const Interval wall = MeanInterval(wall_differences), cpu = MeanInterval(cpu_differences),
                 share = MeanInterval(recorder_shares);
  fmt::print("{} pairs of {} steps of {}, {:.2f} s a run\n", pairs, request.steps, request.plugin,
             Median(unrecorded_s));
  if (step_differences.size() >= 2) {
    const Interval step = MeanInterval(step_differences);
    fmt::print("{:<44}{:>8.2f} % ± {:.2f} %\n", "time of a step, recorded against unrecorded", step.mean,
               step.half_width);
  }
  fmt::print("{:<44}{:>8.2f} % ± {:.2f} %\n", "wall time, recorded against unrecorded", wall.mean, wall.half_width);
  fmt::print("{:<44}{:>8.2f} % ± {:.2f} %\n", "CPU time, recorded against unrecorded", cpu.mean, cpu.half_width);
  fmt::print("{:<44}{:>8.2f} % ± {:.2f} %\n", "recorder's thread, share of the run's CPU time", share.mean,
             share.half_width);
  return 0;
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) { return stallpoint::Main(argc, argv); }
