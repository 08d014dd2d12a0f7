// Memory over batch sizes and workers.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "replay/fit/fit.h"
#include "replay/statistics.h"
#include "traces/device_spec.h"
#include "traces/growth.h"
#include "traces/memory_blocks.h"

namespace stallpoint {
namespace {

// What a worker holds besides its buffers (a stack, its ring of events, its share of malloc, a decoder) was 1.8 to 3.3
// MB with JPEG files, and is 2.7 since rings are touched at once; runs with other numbers of workers are weighed
// against that, each known to so much.
constexpr double kUsualWorkerBytes = 2.7e6, kUsualWorkerBytesError = 1e6;
constexpr double kRunToRunBytes = 1e6;
// Of a reading: of what a process holds, relative; of what LibTorch's allocator holds of a GPU, anything from 0 to 20
// MiB more than is in use; and of what is kept between steps on `cpu`, where every byte is known.
constexpr double kHeldError = 0.02, kSegmentError = 6.1e6, kCountedError = 4096;
// Of the slope, of one fitted through two sizes and of one that rests on what was kept whatever the batch.
constexpr double kSlopeError = 0.03, kOneSizeSlopeError = 0.15;
constexpr double kReadingError = 0.005;
// Of what a caching allocator holds, by replay: larger batches may run other kernels, which allocate otherwise (8 % off
// at 2 to 6 times the recorded batch in one of two workloads, nothing in the other: tools/bench/device_memory).
constexpr double kOtherKernelsError = 0.03;

double PeakOf(const RunRecord& run, const std::string& series) {
  const auto found = run.counters.find(series);
  double peak = 0;
  if (found == run.counters.end()) return peak;
  for (const CounterPoint& point : found->second) peak = std::max(peak, point.value);
  return peak;
}

// What a run that ended for want of memory would have held at least: more than there was, by an amount that nobody saw.
double LeastNeeded(const RunRecord& run, std::string_view kind, uint64_t limit, uint64_t all) {
  constexpr double kBeyond = 1.05;
  if (run.outcome != "out-of-memory" || !run.outcome_message.starts_with(kind)) return 0;
  return kBeyond * static_cast<double>(limit > 0 ? limit : all);
}

double BatchBytesPerSample(const RunRecord& run) {
  double bytes = 0, samples = 0;
  for (const BatchRecord& batch : run.batches) {
    if (batch.index < 0) continue;
    bytes += static_cast<double>(batch.bytes);
    samples += batch.samples;
  }
  return samples > 0 ? bytes / samples : 0;
}

// Batches and arenas, as recorded or, in older traces, as many batches as there can be.
double BuffersOf(const RunRecord& run, double batch_bytes_per_sample) {
  if (const double recorded = PeakOf(run, "buffer_memory"); recorded > 0) return recorded;
  const Knobs& knobs = run.knobs;
  const double batches = static_cast<double>(knobs.worker_count) * knobs.prefetch_depth + 1;
  return batches * batch_bytes_per_sample * static_cast<double>(knobs.batch_size);
}

// What sizes are off by from a memory that was fitted to them; relative, standard. Two sizes fit any line.
double Misfit(const GrowingMemory& memory, const std::vector<SizePoint>& beside_replayed) {
  std::map<double, std::vector<double>> of_size;
  for (const SizePoint& point : beside_replayed) of_size[point.samples].push_back(point.value);
  if (of_size.size() < 3) return 0;
  double squares = 0;
  for (const auto& [samples, values] : of_size) {
    const double off = memory.fixed + memory.per_sample * samples - Mean(values);
    const double all = std::max(1.0, memory.At(static_cast<int64_t>(samples)));
    squares += off * off / (all * all);
  }
  return std::sqrt(squares / static_cast<double>(of_size.size() - 2));
}

double LoadedSamples(const RunRecord& run) {
  double samples = 0;
  for (const BatchRecord& batch : run.batches) {
    if (batch.index >= 0 && batch.load_end_ns >= 0) samples += batch.samples;
  }
  return samples;
}

// Beside what stays of every sample.
std::optional<GrowingMemory> FitGrowing(absl::Span<const FittedRun> runs, const std::string& series,
                                        std::shared_ptr<const AllocationReplay> replay,
                                        double AllocationReplay::Memory::*replayed, const Leak& leak) {
  const RunRecord& main = *runs.front().run;
  GrowingMemory memory;
  memory.replay = std::move(replay);
  memory.replayed = replayed;
  std::vector<SizePoint> points;
  for (const FittedRun& fitted : runs) {
    const RunRecord& run = *fitted.run;
    double peak = PeakOf(run, series);
    if (peak <= 0 || run.knobs.device != main.knobs.device) continue;
    // The limit is on this alone, not on what the host holds for the device.
    if (series == "device_memory") {
      peak = std::max(peak, LeastNeeded(run, "device memory", run.knobs.device_limit_bytes, run.device_total_bytes));
    }
    const int64_t samples = run.knobs.batch_size;
    const double stays = leak.At(LoadedSamples(run));
    memory.kept = std::max(memory.kept, PeakOf(run, "device_memory_kept") - stays);
    memory.fewest_samples = points.empty() ? samples : std::min(memory.fewest_samples, samples);
    memory.most_samples = std::max(memory.most_samples, samples);
    const double known = memory.replay != nullptr ? memory.replay->At(samples).*replayed : 0;
    points.push_back({static_cast<double>(samples), std::max(0.0, peak - known - stays), 1});
  }
  if (points.empty()) return std::nullopt;
  const Line line = FitLine(points);
  memory.fixed = line.fixed;
  memory.per_sample = line.slope;
  memory.misfit = Misfit(memory, points);
  if (!line.identified) {
    memory.one_size = true;
    const SizePoint& seen = points.front();
    memory.fixed = memory.kept > 0 ? std::min(memory.kept, seen.value) : seen.value / 2;
    memory.per_sample = (seen.value - memory.fixed) / seen.samples;
  }
  return memory;
}

// What a run grew by, with the standard error of either reading.
struct Grown {
  Growth growth;
  double error;
};
using GrowthOf = std::optional<Grown> (*)(const RunRecord&);

std::optional<Grown> OnHost(const RunRecord& run) {
  const std::optional<Growth> growth = MeasureGrowth(run, "host_memory_held");
  return growth ? std::optional(Grown{*growth, std::hypot(kRunToRunBytes, kHeldError * growth->first)}) : std::nullopt;
}

std::optional<Grown> OnDevice(const RunRecord& run) {
  const std::optional<Growth> growth = MeasureDeviceGrowth(run);
  if (!growth) return std::nullopt;
  // What comes and goes, as gradients that are accumulated over steps do, stays not.
  const double reading = run.counters.contains("device_memory_kept") ? 0 : kSegmentError;
  return Grown{*growth, std::hypot(reading, growth->scatter, kCountedError)};
}

// Where the main run went on growing: the mean over runs, each of which tells as much as it is long. Believed beyond
// three standard errors, for heaps and caches of a library warm up too. `known`: what stays of a sample and is
// accounted for elsewhere, bytes.
Leak FitLeak(absl::Span<const FittedRun> runs, GrowthOf growth_of, double known = 0) {
  constexpr double kErrorsBelieved = 3;
  const RunRecord& main = *runs.front().run;
  double weights = 0, sum = 0;
  for (const FittedRun& fitted : runs) {
    const std::optional<Grown> grown = growth_of(*fitted.run);
    if (fitted.run == &main && !(grown && grown->growth.goes_on())) return {};
    if (!grown || fitted.run->knobs.device != main.knobs.device) continue;
    const double weight = std::pow(static_cast<double>(grown->growth.samples) / (M_SQRT2 * grown->error), 2);
    weights += weight;
    sum += weight * grown->growth.per_sample();
  }
  const Leak leak{sum / weights - known, 1 / std::sqrt(weights)};
  const bool believed = leak.per_sample_bytes >= kErrorsBelieved * leak.error_bytes;
  return std::isfinite(leak.per_sample_bytes) && believed ? leak : Leak{};
}

// What a run holds beside all that is counted.
struct Rest {
  double workers, samples, bytes;
};

// From the runs of the main run's batch size, which is most of them.
void FitWorkers(const std::vector<Rest>& rests, double batch_size, MemoryModel* memory) {
  std::vector<SizePoint> by_workers;
  for (const Rest& rest : rests) {
    if (rest.samples == batch_size) by_workers.push_back({rest.workers + 1, rest.bytes, 1});
  }
  const double usual_weight = 1 / (kUsualWorkerBytesError * kUsualWorkerBytesError);
  double weight = 0;
  if (!by_workers.empty()) {
    const auto [fewest, most] = std::minmax_element(by_workers.begin(), by_workers.end(),
                                                    [](const auto& a, const auto& b) { return a.samples < b.samples; });
    const double apart = most->samples - fewest->samples;
    weight = apart * apart / (2 * kRunToRunBytes * kRunToRunBytes);
  }
  memory->per_worker_bytes =
      (weight * FitLine(by_workers).slope + usual_weight * kUsualWorkerBytes) / (weight + usual_weight);
  memory->worker_error_bytes = std::sqrt(1 / (weight + usual_weight));
}

// All that is known to grow with the batch is counted: what does beside that is no more than another batch would be.
void FitSamples(const std::vector<Rest>& rests, MemoryModel* memory) {
  std::vector<SizePoint> by_batch;
  for (const Rest& rest : rests) {
    by_batch.push_back({rest.samples, rest.bytes - memory->per_worker_bytes * rest.workers, 1});
  }
  const Line line = FitLine(by_batch);
  memory->samples_identified = line.identified;
  if (!line.identified) return;
  std::vector<double> sizes, bytes;
  for (const SizePoint& point : by_batch) {
    sizes.push_back(point.samples);
    bytes.push_back(point.value);
  }
  const double spread = Regress(sizes, bytes).spread;
  const double usual = memory->batch_bytes_per_sample * memory->batch_bytes_per_sample;
  const double noise = kRunToRunBytes * kRunToRunBytes / spread;
  memory->per_sample_bytes = line.slope * usual / (usual + noise);
  memory->sample_error_bytes = std::sqrt(usual * noise / (usual + noise));
}

}  // namespace

double GrowingMemory::ErrorAt(int64_t samples) const {
  const double here = At(samples);
  const double beyond = std::abs(here - At(std::clamp(samples, fewest_samples, most_samples)));
  const double slope_error = one_size ? kOneSizeSlopeError : kSlopeError;
  const double n = static_cast<double>(std::max<int64_t>(1, samples));
  const double doublings = std::max({0.0, std::log2(n / static_cast<double>(std::max<int64_t>(1, most_samples))),
                                     std::log2(static_cast<double>(std::max<int64_t>(1, fewest_samples)) / n)});
  const double fit = std::hypot(kReadingError, misfit);
  return std::hypot(fit, slope_error * beyond / std::max(1.0, here), error_per_doubling * doublings);
}

double MemoryModel::BlockBytes(double bytes_per_sample, int64_t samples) const {
  const double bytes = bytes_per_sample * static_cast<double>(samples);
  if (!pooled || bytes <= 0) return bytes;
  return static_cast<double>(PoolCapacity(static_cast<uint64_t>(std::llround(bytes)), kBatchCapacitiesPerOctave));
}

double MemoryModel::PinnedBytes(const Knobs& knobs) const {
  const absl::StatusOr<DeviceSpec> device = ParseDevice(knobs.device);
  if (!knobs.pin_host_memory || !device.ok() || device->kind != DeviceSpec::Kind::kCuda) return 0;
  return static_cast<double>(StepsWithMemory(knobs.steps_in_flight) * knobs.batch_size) * batch_bytes_per_sample;
}

Leak MemoryModel::LeakOnHost(bool same_device) const {
  if (!same_device || !device_on_host) return host_leak;
  return {host_leak.per_sample_bytes + device_leak.per_sample_bytes,
          std::hypot(host_leak.error_bytes, device_leak.error_bytes)};
}

MemoryModel FitMemory(absl::Span<const FittedRun> runs) {
  MemoryModel memory;
  const RunRecord& main = *runs.front().run;
  memory.workers = main.knobs.worker_count;
  memory.samples = main.knobs.batch_size;
  memory.batch_bytes_per_sample = BatchBytesPerSample(main);
  memory.arena_bytes_per_sample = PeakOf(main, "arena_memory") / static_cast<double>(main.knobs.batch_size);
  memory.pooled = PeakOf(main, "buffer_memory") > 0;
  memory.machine_bytes = static_cast<double>(main.machine_memory_bytes);
  memory.device_total_bytes = static_cast<double>(main.device_total_bytes);
  std::vector<const RunRecord*> records;
  for (const FittedRun& fitted : runs) records.push_back(fitted.run);
  const auto replay = AllocationReplay::Fit(records);
  // On `cpu` what is idle gives way; elsewhere the limit is on all that is held.
  const bool idle_gives_way = main.allocator == "stallpoint";
  memory.device_leak = FitLeak(runs, OnDevice);
  memory.device = FitGrowing(runs, "device_memory", replay,
                             idle_gives_way ? &AllocationReplay::Memory::in_use : &AllocationReplay::Memory::held,
                             memory.device_leak);
  if (memory.device && !idle_gives_way) memory.device->error_per_doubling = kOtherKernelsError;
  memory.device_on_host =
      FitGrowing(runs, "device_memory_reserved", replay, &AllocationReplay::Memory::held, memory.device_leak);

  // What the host keeps for the device is in what the process holds.
  memory.host_leak = FitLeak(runs, OnHost, memory.device_on_host ? memory.device_leak.per_sample_bytes : 0);
  memory.usual_run_samples = std::max(LoadedSamples(main), static_cast<double>(main.dataset_samples));
  std::vector<Rest> rests;
  for (const FittedRun& fitted : runs) {
    const RunRecord& run = *fitted.run;
    double held = PeakOf(run, "host_memory_held_peak");
    if (held <= 0) held = PeakOf(run, "host_memory_rss");
    held = std::max(held, LeastNeeded(run, "host memory", run.knobs.host_limit_bytes, run.machine_memory_bytes));
    if (held <= 0 || run.knobs.device != main.knobs.device) continue;
    const double known = BuffersOf(run, memory.batch_bytes_per_sample) + PeakOf(run, "device_memory_reserved") +
                         memory.PinnedBytes(run.knobs) + memory.host_leak.At(LoadedSamples(run));
    rests.push_back({static_cast<double>(run.knobs.worker_count), static_cast<double>(run.knobs.batch_size),
                     std::max(0.0, held - known)});
  }
  if (rests.empty()) return memory;
  FitWorkers(rests, static_cast<double>(main.knobs.batch_size), &memory);
  FitSamples(rests, &memory);
  double base = 0;
  for (const Rest& rest : rests) {
    base += rest.bytes - memory.per_sample_bytes * rest.samples - memory.per_worker_bytes * rest.workers;
  }
  memory.base_bytes = std::max(0.0, base / static_cast<double>(rests.size()));
  return memory;
}

}  // namespace stallpoint
