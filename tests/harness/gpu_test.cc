// The cuda device and CUPTI on a real GPU; without one every case says so and passes. tools/gpu-check runs these.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "harness/cuda/driver_probe.h"
#include "harness/cupti/device_activity.h"
#include "harness/engine/device_cuda.h"
#include "tests/harness/engine_support.h"
#include "tests/harness/scratch_folder.h"
#include "traces/trace_events.h"

namespace stallpoint {
namespace {

bool HasGpu() {
  const CudaDriverProbe driver = ProbeCudaDriver();
  if (driver.state == CudaDriverProbe::State::kReady) return true;
  WARN("not run: " << driver.found);
  return false;
}

// What the trace says of copies, by step: as the device's events have it, and as CUPTI has it.
struct Copies : TraceVisitor {
  void OnSpan(const EventSource&, const SpanEvent& span) override {
    if (span.kind == trace::STAGE_KIND_COPY) by_events[span.batch] = span;
    if (!span.name->text.starts_with("memcpy HtoD")) return;
    ++recorded;
    bytes += span.bytes;
    if (span.batch >= 0) by_cupti[span.batch] = span;
    device = span.track->device;
    name = span.name->text;
  }
  std::map<int64_t, SpanEvent> by_events, by_cupti;
  uint64_t recorded = 0, bytes = 0;
  std::string device, name;
};

TEST_CASE("On a GPU every copy until CUPTI is detached is recorded once, with its bytes, its step and its device") {
  if (!HasGpu()) return;
  constexpr int64_t kSteps = 50;
  const int64_t observed = GENERATE(50, 20);
  constexpr size_t kBatchBytes = 8 << 20;
  const ScratchFolder folder;
  Recorder::Options recording;
  recording.path = folder.File("gpu.sptrace");
  auto recorder = Recorder::Start(recording);
  REQUIRE(recorder.ok());
  trace::TrackDefinition main;
  main.set_role(trace::TRACK_ROLE_MAIN);
  main.set_name("main");
  (*recorder)->AttachThread(main);

  std::unique_ptr<CudaSession> session;
  DeviceActivity::Options options;
  options.describe_device = [&](uint32_t) { return session ? session->Describe() : trace::DeviceDefinition(); };
  auto activity = DeviceActivity::Start(**recorder, options);
  INFO(activity.status());
  REQUIRE(activity.ok());
  auto opened = CudaSession::Open(0);
  INFO(opened.status());
  REQUIRE(opened.ok());
  session = *std::move(opened);

  IndexData data;
  Workload workload(data.Table());
  MemoryPool memory(0);
  const std::map<std::string, std::string> no_options;
  const std::atomic<bool> cancelled{false};
  {
    HostServices host(recorder->get(), memory, no_options, cancelled);
    const Stages stages(recorder->get());
    const Knobs knobs = {.pin_host_memory = true, .steps_in_flight = 2};
    auto device = MakeCudaDevice({session.get(), &(*activity)->issue_times()}, {workload, host, stages, knobs});
    INFO(device.status());
    REQUIRE(device.ok());
    std::vector<Batch> batches(kSteps);
    for (int64_t i = 0; i < kSteps; ++i) {
      Batch& batch = batches[static_cast<size_t>(i)];
      batch.index = i;
      batch.samples = 1;
      batch.memory = memory.Acquire(kBatchBytes);
      batch.tensors[0] = {.struct_size = sizeof(sp_tensor), .dtype = SP_DTYPE_U8, .dims = 1};
      batch.tensors[0].shape[0] = kBatchBytes;
      batch.tensors[0].data = batch.memory.data;
      batch.view = {.struct_size = sizeof(sp_batch), .tensor_count = 1, .tensor_stride = sizeof(sp_tensor)};
      batch.view.tensors = batch.tensors.data();
      REQUIRE((*device)->WaitUntilUnfinished(i == observed ? 0 : 1, [] { return true; }));
      if (i == observed && (*activity)->can_detach()) CHECK((*activity)->Detach().ok());
      REQUIRE((*device)->Launch(&batch).ok());
      while ((*device)->TakeFinished().has_value()) {
      }
    }
    REQUIRE((*device)->WaitUntilUnfinished(0, [] { return true; }));
    for (Batch& batch : batches) memory.Release(batch.memory);
  }
  const DeviceActivity::Totals totals = (*activity)->Stop();
  REQUIRE((*recorder)->Finish(trace::OUTCOME_OK, "").ok());

  auto events = TraceEvents::Open(recording.path);
  REQUIRE(events.ok());
  Copies copies;
  REQUIRE((*events)->Visit(copies).ok());
  CHECK(totals.dropped == 0);
  CHECK(totals.set_aside <= (observed == kSteps ? 0u : 1u));  // one was seen, in the second recording of a process
  const auto expected = static_cast<size_t>((*activity)->can_detach() ? observed : kSteps);
  CHECK(copies.recorded == expected);
  CHECK(copies.bytes == expected * kBatchBytes);
  CHECK(copies.by_events.size() == kSteps);
  CHECK(copies.by_cupti.size() == expected);
  CHECK(copies.name == "memcpy HtoD (pinned)");
  CHECK(copies.device == session->Describe().name());
  // How far apart the two clocks' views are: a figure to read, not one to hold a machine to.
  int64_t furthest_ns = 0, shortest_ns = INT64_MAX;
  for (const auto& [step, by_cupti] : copies.by_cupti) {
    const auto by_events = copies.by_events.find(step);
    if (by_events == copies.by_events.end()) continue;
    furthest_ns = std::max(furthest_ns, std::abs(by_events->second.end_ns - by_cupti.end_ns));
    shortest_ns = std::min(shortest_ns, by_cupti.end_ns - by_cupti.begin_ns);
  }
  WARN(copies.device << ": a copy of 8 MiB takes " << shortest_ns
                     << " ns at least; its end by events and by CUPTI lies at most " << furthest_ns << " ns apart");
}

TEST_CASE("On a GPU what is in use grows by what is allocated, and page-locked memory can be had") {
  if (!HasGpu()) return;
  const auto session = CudaSession::Open(0);
  INFO(session.status());
  REQUIRE(session.ok());
  CHECK((*session)->Describe().memory_bytes() > 0);
  CHECK((*session)->Describe().uuid().starts_with("GPU-"));
  const auto before = (*session)->UsedBytes();
  REQUIRE(before.ok());
  CudaDriver::Pointer block = 0;
  constexpr size_t kBytes = 64 << 20;
  REQUIRE((*session)->driver().Check("cuMemAlloc", (*session)->driver().MemAlloc(&block, kBytes)).ok());
  CHECK(*(*session)->UsedBytes() >= *before + kBytes);
  (*session)->driver().MemFree(block);
  void* pinned = (*session)->AllocPinned(kBytes);
  CHECK(pinned != nullptr);
  (*session)->FreePinned(pinned);
}

}  // namespace
}  // namespace stallpoint
