// When batches arrive in scripted runs, by the replay model: for tools/bench/against_torch.
//
// Reads an array of runs from stdin and prints an array of arrays: per run, the time in seconds at which the loop got
// each batch, from the first request on. All durations are seconds.
//
//   {"workers": 2, "prefetch": 2, "in_order": true, "cores": 2, "samples": [[[wait, cpu], ...] per batch],
//    "steps": [per batch], "worker_cpu": of each batch, "receive_cpu": of each batch, "worker_wake": ..., "batch_wake":
//    ...}
#include <cstdint>
#include <iostream>
#include <vector>

#include "fmt/core.h"
#include "nlohmann/json.hpp"
#include "replay/fit/scheduling.h"
#include "replay/simulate/simulator.h"

namespace stallpoint {
namespace {

constexpr double kNs = 1e9;

std::vector<double> Arrivals(const nlohmann::json& run) {
  std::vector<std::vector<Demand>> rows;
  std::vector<uint32_t> order;
  std::vector<BatchWork> batches;
  for (const nlohmann::json& samples : run["samples"]) {
    BatchWork batch;
    batch.first_sample = static_cast<int64_t>(rows.size());
    batch.samples = static_cast<int32_t>(samples.size());
    batch.opens_epoch = batches.empty();
    batch.worker.cpu = run["worker_cpu"].get<double>() * kNs;
    batch.receive_ns = run["receive_cpu"].get<double>() * kNs;
    batch.step_ns = run["steps"][batches.size()].get<double>() * kNs;
    batches.push_back(batch);
    for (const nlohmann::json& sample : samples) {
      order.push_back(static_cast<uint32_t>(rows.size()));
      rows.push_back({{sample[0].get<double>() * kNs, sample[1].get<double>() * kNs}});
    }
  }
  const DemandTape tape = DemandTape::Build(rows, order, order, 0, order.size());
  Scenario scenario;
  scenario.worker_count = run["workers"];
  scenario.prefetch_depth = run["prefetch"];
  scenario.in_order = run["in_order"];
  scenario.cores = run["cores"];
  scenario.migration_delay_ns = kUsualMigrationDelayNs;
  scenario.steps_in_flight = 1;  // the loop itself takes the step
  scenario.latencies.worker_wake_ns = run["worker_wake"].get<double>() * kNs;
  scenario.latencies.batch_wake_ns = run["batch_wake"].get<double>() * kNs;
  std::vector<double> arrivals;
  for (const StepTimes& step : Simulate(tape, batches, scenario).steps) arrivals.push_back(step.got / kNs);
  return arrivals;
}

int Main() {
  const nlohmann::json runs = nlohmann::json::parse(std::cin, nullptr, /*allow_exceptions=*/false);
  if (!runs.is_array()) {
    fmt::print(stderr, "simulate_arrivals: expected a JSON array of runs on stdin (see tools/bench/against_torch)\n");
    return 2;
  }
  nlohmann::json arrivals = nlohmann::json::array();
  for (const nlohmann::json& run : runs) arrivals.push_back(Arrivals(run));
  fmt::print("{}\n", arrivals.dump());
  return 0;
}

}  // namespace
}  // namespace stallpoint

int main() { return stallpoint::Main(); }
