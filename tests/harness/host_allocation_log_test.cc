// The allocations of a run's first steps, from the device's memory to the record that a replay reads.
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "catch.h"
#include "harness/host/allocation_log.h"
#include "harness/host/device_memory.h"
#include "harness/host/host_services.h"
#include "replay/fit/allocation_replay.h"
#include "tests/harness/record_support.h"
#include "tests/traces/decode_chunks.h"

namespace stallpoint {
namespace {

RunRecord ReadRun(const std::vector<trace::Chunk>& chunks) {
  std::vector<RunRecord> runs = DecodeChunks(chunks);
  REQUIRE(runs.size() == 1);
  return runs.front();
}

// What `run` does with a log is read from the trace that comes of it.
template <typename Run>
RunRecord RecordOf(Run run) {
  const auto trace = std::make_shared<MemoryTrace>();
  const auto recorder = StartRecorder(MemoryOptions(trace));
  AllocationLog log(recorder.get());
  run(log, *recorder);
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  RunRecord record = ReadRun(trace->chunks());
  CHECK(record.emitted == record.recorded + record.dropped);
  CHECK(record.unknown_ids == 0);
  return record;
}

TEST_CASE("The first steps' allocations are in the trace, in order, and later ones are not") {
  const RunRecord run = RecordOf([](AllocationLog& log, Recorder&) {
    DeviceMemory memory(0, &log);
    const sp_device_memory& table = *memory.table();
    sp_error error = {.struct_size = sizeof(sp_error)};
    void* model = table.alloc(table.self, 1000, &error);
    for (uint64_t step = 0; step < 10; ++step) {
      log.BeginStep();
      table.free(table.self, table.alloc(table.self, 100 + step, &error));
    }
    CHECK_FALSE(log.open());
    table.free(table.self, model);
  });
  CHECK(run.allocator == "stallpoint");
  std::vector<int64_t> bytes, steps;
  for (const AllocationRecord& row : run.allocations) {
    (row.bytes == 0 ? steps : bytes).push_back(row.bytes == 0 ? static_cast<int64_t>(row.address) : row.bytes);
  }
  CHECK(steps == std::vector<int64_t>{0, 1, 2, 3, 4});
  CHECK(bytes == std::vector<int64_t>{1000, 100, -100, 101, -101, 102, -102, 103, -103});
  CHECK(run.allocations.front().held_bytes == 1024);
  CHECK(run.allocations.back().bytes == 0);
}

TEST_CASE("A plugin tells of allocations that the harness does not see, as long as it is wanted") {
  const std::map<std::string, std::string> options;
  const std::atomic<bool> cancelled = false;
  const RunRecord run = RecordOf([&](AllocationLog& log, Recorder& recorder) {
    MemoryPool pool(0);
    HostServices host(&recorder, pool, options, cancelled, nullptr, &log);
    const sp_host& table = *host.table();
    const auto wanted = [&] {
      return static_cast<const sp_device_allocations*>(
          table.get_extension(table.self, SP_EXTENSION_DEVICE_ALLOCATIONS));
    };
    REQUIRE(wanted() != nullptr);
    const sp_device_allocations& told = *wanted();
    const uint32_t torch = table.intern(table.self, "torch");
    told.changed(told.self, torch, reinterpret_cast<void*>(uintptr_t{1} << 60), 512, 2 << 20);
    for (int64_t step = 0; step <= AllocationLog::kSteps; ++step) host.BeginStep();
    CHECK(wanted() == nullptr);
    told.changed(told.self, torch, nullptr, 512, 2 << 20);
  });
  CHECK(run.allocator == "torch");
  REQUIRE(run.allocations.size() == 2 + static_cast<size_t>(AllocationLog::kSteps));
  CHECK(run.allocations.front().address == uint64_t{1} << 60);
  CHECK(run.allocations.front().held_bytes == 2 << 20);

  MemoryPool pool(0);
  DeviceMemory memory(0);
  AllocationLog nothing(nullptr);
  const HostServices sees(nullptr, pool, options, cancelled, &memory, &nothing);
  CHECK(sees.table()->get_extension(sees.table()->self, SP_EXTENSION_DEVICE_ALLOCATIONS) == nullptr);
  const HostServices unrecorded(nullptr, pool, options, cancelled, nullptr, &nothing);
  CHECK(unrecorded.table()->get_extension(unrecorded.table()->self, SP_EXTENSION_DEVICE_ALLOCATIONS) == nullptr);
}

TEST_CASE("The marks of steps do not name the allocator, also where nothing is allocated before the first") {
  const RunRecord run = RecordOf([](AllocationLog& log, Recorder& recorder) {
    const uint32_t torch = recorder.Intern("torch");
    log.BeginStep();
    log.Add(torch, &log, 512, 2 << 20);
    log.BeginStep();
  });
  CHECK(run.allocator == "torch");
  CHECK(run.allocations.size() == 3);
}

TEST_CASE("More allocations than wait for a stalled disk are counted as dropped") {
  const auto trace = std::make_shared<MemoryTrace>();
  const auto recorder = StartRecorder(MemoryOptions(trace));
  const uint32_t name = recorder->Intern("stallpoint");
  trace->Stall(true);
  recorder->Log(0, "something to write");
  trace->WaitUntilAWriterStalls();
  constexpr uint64_t kCount = 300'000;
  for (uint64_t i = 0; i < kCount; ++i) recorder->Allocation(name, i, 1, i);
  trace->Stall(false);
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  const RunRecord run = ReadRun(trace->chunks());
  CHECK(run.dropped > 0);
  CHECK(run.allocations.size() + run.dropped == kCount);
  for (size_t i = 0; i < run.allocations.size(); ++i) {
    const bool in_order = run.allocations[i].address == i && run.allocations[i].held_bytes == i;
    if (!in_order) FAIL("row " << i);
  }
}

// A network of some parameters whose steps allocate what grows with the batch, backwards and forwards, and a scratch
// pad.
RunRecord Train(int64_t batch_size, double* in_use, double* held) {
  return RecordOf([&](AllocationLog& log, Recorder&) {
    DeviceMemory memory(0, &log);
    const sp_device_memory& table = *memory.table();
    const auto take = [&](int64_t bytes) {
      sp_error error = {.struct_size = sizeof(sp_error)};
      return table.alloc(table.self, static_cast<uint64_t>(bytes), &error);
    };
    const auto drop = [&](void* block) { table.free(table.self, block); };
    std::mt19937 random(7);
    std::vector<int64_t> widths;
    for (int layer = 0; layer < 12; ++layer) widths.push_back(100 + static_cast<int64_t>(random() % 20'000));
    std::vector<void*> parameters;
    for (const int64_t width : widths) parameters.push_back(take(width * 30));
    std::vector<void*> states;
    for (int step = 0; step < 6; ++step) {
      log.BeginStep();
      std::vector<void*> activations;
      for (const int64_t width : widths) {
        activations.push_back(take(width * batch_size));
        drop(take(width * batch_size / 2 * 2 + 4096));
      }
      std::vector<void*> gradients;
      for (size_t layer = widths.size(); layer-- > 0;) {
        gradients.push_back(take(widths[layer] * 30));
        drop(activations[layer]);
      }
      if (states.empty()) {
        for (const int64_t width : widths) states.push_back(take(width * 60));
      }
      for (void* gradient : gradients) drop(gradient);
    }
    const DeviceMemory::Reading reading = memory.TakeReading();
    *in_use = static_cast<double>(reading.peak);
    *held = static_cast<double>(reading.reserved);
    for (void* block : parameters) drop(block);
    for (void* block : states) drop(block);
  });
}

TEST_CASE("From the allocations at two batch sizes follows, to the byte, what the pool holds at any other") {
  double in_use = 0, held = 0;
  RunRecord small = Train(8, &in_use, &held), large = Train(16, &in_use, &held);
  small.knobs.batch_size = 8;
  large.knobs.batch_size = 16;
  const auto replay = AllocationReplay::Fit(std::vector<const RunRecord*>{&small, &large});
  REQUIRE(replay != nullptr);
  for (const int64_t batch : {1, 4, 8, 12, 24, 61, 128}) {
    INFO("batch " << batch);
    Train(batch, &in_use, &held);
    const AllocationReplay::Memory memory = replay->At(batch);
    CHECK(memory.in_use == in_use);
    CHECK(memory.held == held);
    CHECK(replay->LeastAt(batch) >= in_use);
    CHECK(replay->LeastAt(batch) <= in_use + (held - in_use) / 32);
  }
}

}  // namespace
}  // namespace stallpoint
