// Writes the seeds for fuzzing messages to figures into the folder named on the command line, one kind of run each.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

#include "tests/traces/steady_run.h"

namespace stallpoint {
namespace {

// Head and events in one message.
void Write(const std::filesystem::path& path, const TraceBuilder& trace) {
  std::ofstream file(path, std::ios::binary);
  for (const trace::Chunk& chunk : trace.Chunks()) file << chunk.SerializeAsString();
}

// Epochs with a pause between them, a phase of validation, a log line and a marker.
TraceBuilder Epochs() {
  TraceBuilder trace = SteadyRun(4);
  trace.run().set_planned_steps(0);
  trace.run().set_planned_epochs(2);
  for (int i = 0; i < 4; ++i) trace.body().mutable_batches()->set_epoch(i, static_cast<uint32_t>(i / 2));
  trace.Phase(trace::PHASE_VALIDATION, 120);
  trace.Phase(trace::PHASE_TRAIN, 125);
  trace::Marker& marker = *trace.body().add_markers();
  marker.set_ticks(TraceBuilder::Ticks(121));
  marker.set_track_id(trace.main());
  marker.set_name_id(trace.String("best so far"));
  trace::LogLine& line = *trace.body().add_log_lines();
  line.set_ticks(TraceBuilder::Ticks(122));
  line.set_text("saved");
  return trace;
}

// Loaded inline, no device, clocks that are no nanoseconds.
TraceBuilder Inline() {
  TraceBuilder trace;
  trace.segment().mutable_host()->set_ticks_are_tsc(true);
  trace.head().mutable_clock_snapshots(0)->set_monotonic_ns(5'000'000'000);
  for (int i = 0; i < 3; ++i) {
    trace.Span(trace.main(), "read", trace::STAGE_KIND_SAMPLE, 10 * i, 10 * i + 3, i).sample = i;
    trace.Span(trace.main(), "load", trace::STAGE_KIND_LOAD, 10 * i, 10 * i + 4, i);
    trace.Span(trace.main(), "wait_batch", trace::STAGE_KIND_DATA_WAIT, 10 * i, 10 * i + 4, i);
    trace.Span(trace.main(), "launch", trace::STAGE_KIND_LAUNCH, 10 * i + 4, 10 * i + 9, i);
  }
  return trace;
}

// Two probes, of which one was stopped.
TraceBuilder Observed() {
  TraceBuilder trace = SteadyRun(3);
  trace::ProbeRun& cpu = *trace.run().add_probes();
  cpu.set_id("cpu");
  cpu.set_version("1.0");
  cpu.set_polls(2);
  cpu.set_cpu_ns(200'000);
  trace::ProbeRun& nvml = *trace.run().add_probes();
  nvml.set_id("nvml");
  nvml.set_stopped("the library was not found");
  const uint32_t run_queue = trace.Series("cpu.run_queue", "1"), used = trace.Series("cpu.cores_used", "1");
  for (const double ms : {101.0, 111.0}) {
    trace.Counter(run_queue, ms, 0.5);
    trace.Counter(used, ms, 1.5);
  }
  return trace;
}

// What a device's allocator did in two steps, by the rules of LibTorch's.
TraceBuilder Allocating() {
  TraceBuilder trace = SteadyRun(3);
  trace::MemoryBlock& memory = *trace.body().mutable_memory();
  const uint32_t torch = trace.String("torch");
  int64_t held = 0;
  const auto add = [&](uint64_t address, int64_t bytes, int64_t held_bytes) {
    memory.add_ticks_delta(memory.bytes_size() == 0 ? 0 : 1000);
    memory.add_address(address);
    memory.add_bytes(bytes);
    memory.add_allocator_id(torch);
    memory.add_held_delta(held_bytes - std::exchange(held, held_bytes));
  };
  constexpr int64_t kSmall = 2 << 20, kLarge = 20 << 20;
  memory.set_base_ticks(TraceBuilder::Ticks(101));
  add(1 << 21, 700'000, kSmall);
  for (uint64_t step = 0; step < 3; ++step) {
    add(step, 0, 0);
    if (step == 2) break;
    add(1 << 22, 3'000'000, kSmall + kLarge);
    add(1 << 23, 5'000, kSmall + kLarge);
    add(1 << 23, -5'000, kSmall + kLarge);
    add(1 << 22, -3'000'000, kSmall + kLarge);
  }
  return trace;
}

}  // namespace
}  // namespace stallpoint

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: make_run_seeds FOLDER\n");
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  stallpoint::Write(folder / "steady", stallpoint::SteadyRun(3));
  stallpoint::Write(folder / "epochs", stallpoint::Epochs());
  stallpoint::Write(folder / "inline", stallpoint::Inline());
  stallpoint::Write(folder / "observed", stallpoint::Observed());
  stallpoint::Write(folder / "allocating", stallpoint::Allocating());
  return 0;
}
