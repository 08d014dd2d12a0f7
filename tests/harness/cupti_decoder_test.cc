// Crafted buffers, walked by the real libcupti, which does that without a driver.
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "harness/cupti/cupti_library.h"
#include "harness/cupti/device_work_recorder.h"
#include "harness/record/clock.h"
#include "tests/harness/cupti_records.h"
#include "tests/harness/scratch_folder.h"
#include "traces/trace_events.h"

namespace stallpoint {
namespace {

const CuptiLibrary& RealCupti() {
  static const absl::StatusOr<CuptiLibrary> cupti = CuptiLibrary::Load(STALLPOINT_CUPTI_FILE);
  INFO(cupti.status());
  REQUIRE(cupti.ok());
  return *cupti;
}

std::string CallName(bool of_driver, uint32_t call) {
  return (of_driver ? "driver " : "runtime ") + std::to_string(call);
}

// What reached the sink, one line each.
struct Lines : DeviceWorkSink {
  void OnWork(const DeviceWork& work) override {
    const char* kinds[] = {"stream", "call", "wait", "overhead"};
    std::string line = kinds[static_cast<int>(work.kind)];
    if (work.kind == DeviceWork::Kind::kOnStream) {
      line +=
          " " + std::to_string(work.device) + "/" + std::to_string(work.context) + "/" + std::to_string(work.stream);
    }
    if (work.kind == DeviceWork::Kind::kCall) line += " of " + std::to_string(work.thread);
    line += " " + std::string(work.name) + " " + std::to_string(work.begin_ns) + "-" + std::to_string(work.end_ns) +
            " #" + std::to_string(work.correlation);
    if (work.bytes > 0) line += " " + std::to_string(work.bytes) + " B";
    lines.push_back(line);
  }
  void OnMemory(const DeviceMemoryChange& change) override {
    lines.push_back("memory " + std::to_string(change.device) + " " + std::to_string(change.time_ns) + " " +
                    std::to_string(change.bytes));
  }
  void OnStepNamed(uint32_t correlation, int64_t batch) override {
    lines.push_back("#" + std::to_string(correlation) + " is of step " + std::to_string(batch));
  }
  std::vector<std::string> lines;
};

TEST_CASE("Records of every kind are told as plain work") {
  RecordBuffer buffer(RealCupti().GetNextRecord);
  buffer.Add(KernelRecordOf("_Z4gemmPf", 100, 200, 5));
  buffer.Add(CopyRecordOf(CUPTI_ACTIVITY_MEMCPY_KIND_HTOD, CUPTI_ACTIVITY_MEMORY_KIND_PINNED,
                          CUPTI_ACTIVITY_MEMORY_KIND_DEVICE, 4096, 210, 220, 6));
  buffer.Add(CopyRecordOf(CUPTI_ACTIVITY_MEMCPY_KIND_DTOH, CUPTI_ACTIVITY_MEMORY_KIND_DEVICE,
                          CUPTI_ACTIVITY_MEMORY_KIND_PAGEABLE, 4, 230, 240, 7));
  buffer.Add(CopyRecordOf(CUPTI_ACTIVITY_MEMCPY_KIND_DTOD, CUPTI_ACTIVITY_MEMORY_KIND_DEVICE,
                          CUPTI_ACTIVITY_MEMORY_KIND_DEVICE, 8, 241, 242, 8));
  CUpti_ActivityMemset4 fill = {};
  fill.kind = CUPTI_ACTIVITY_KIND_MEMSET;
  fill.bytes = 64;
  fill.start = 250;
  fill.end = 251;
  fill.streamId = 13;
  fill.correlationId = 9;
  buffer.Add(fill);
  buffer.Add(CallRecordOf(CUPTI_ACTIVITY_KIND_RUNTIME, 211, 4711, 90, 99, 5));
  buffer.Add(CallRecordOf(CUPTI_ACTIVITY_KIND_DRIVER, 307, 4712, 91, 98, 6));
  CUpti_ActivitySynchronization wait = {};
  wait.kind = CUPTI_ACTIVITY_KIND_SYNCHRONIZATION;
  wait.type = CUPTI_ACTIVITY_SYNCHRONIZATION_TYPE_STREAM_SYNCHRONIZE;
  wait.start = 260;
  wait.end = 300;
  wait.correlationId = 10;
  buffer.Add(wait);
  CUpti_ActivityOverhead overhead = {};
  overhead.kind = CUPTI_ACTIVITY_KIND_OVERHEAD;
  overhead.overheadKind = CUPTI_ACTIVITY_OVERHEAD_CUPTI_BUFFER_FLUSH;
  overhead.start = 301;
  overhead.end = 302;
  buffer.Add(overhead);
  CUpti_ActivityGraphTrace graph = {};
  graph.kind = CUPTI_ACTIVITY_KIND_GRAPH_TRACE;
  graph.graphId = 3;
  graph.start = 310;
  graph.end = 320;
  graph.streamId = 14;
  graph.correlationId = 11;
  buffer.Add(graph);
  buffer.Add(MemoryRecordOf(CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_ALLOCATION, 1 << 20, 330));
  buffer.Add(MemoryRecordOf(CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_RELEASE, 1 << 20, 340));
  CUpti_ActivityExternalCorrelation step = {};
  step.kind = CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION;
  step.externalKind = CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM2;
  step.externalId = 43;
  step.correlationId = 5;
  buffer.Add(step);

  Lines sink;
  ActivityDecoder decoder(buffer.Walk(), CallName);
  const auto counts = decoder.Decode(buffer.data(), buffer.bytes(), {0, 1000}, sink);
  CHECK(sink.lines == std::vector<std::string>{
                          "stream 0/1/7 _Z4gemmPf 100-200 #5", "stream 0/1/7 memcpy HtoD (pinned) 210-220 #6 4096 B",
                          "stream 0/1/7 memcpy DtoH (pageable) 230-240 #7 4 B",
                          "stream 0/1/7 memcpy DtoD 241-242 #8 8 B", "stream 0/0/13 memset 250-251 #9 64 B",
                          "call of 4711 runtime 211 90-99 #5", "call of 4712 driver 307 91-98 #6",
                          "wait host waits for stream 260-300 #10", "overhead overhead: CUPTI buffer flush 301-302 #0",
                          "stream 0/0/14 graph 3 310-320 #11", "memory 0 330 1048576", "memory 0 340 -1048576",
                          "#5 is of step 42"});
  CHECK(counts.records == 12);
  CHECK(counts.set_aside == 0);
  CHECK(decoder.Count(buffer.data(), buffer.bytes()).others == 13);
}

TEST_CASE("What cannot be is counted and set aside") {
  RecordBuffer buffer(RealCupti().GetNextRecord);
  buffer.Add(KernelRecordOf("ends before it begins", 200, 100, 1));
  buffer.Add(KernelRecordOf("never timed", 0, 0, 2));
  buffer.Add(KernelRecordOf("after the session", 900, 1001, 3));
  buffer.Add(KernelRecordOf("beyond all numbers", -2, -1, 4));
  buffer.Add(MemoryRecordOf(CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_ALLOCATION, UINT64_MAX, 500));
  buffer.Add(KernelRecordOf("fine", 500, 600, 5));
  Lines sink;
  ActivityDecoder decoder(buffer.Walk(), CallName);
  const auto counts = decoder.Decode(buffer.data(), buffer.bytes(), {50, 1000}, sink);
  CHECK(sink.lines == std::vector<std::string>{"stream 0/1/7 fine 500-600 #5"});
  CHECK(counts.set_aside == 5);
}

TEST_CASE("A buffer that ends within a record gives the records before it") {
  RecordBuffer buffer(RealCupti().GetNextRecord);
  buffer.Add(KernelRecordOf("whole", 100, 200, 1));
  const size_t whole = buffer.bytes();
  buffer.Add(KernelRecordOf("torn", 300, 400, 2));
  ActivityDecoder decoder(buffer.Walk(), CallName);
  for (size_t valid = 0; valid <= buffer.bytes(); valid += 8) {
    Lines sink;
    decoder.Decode(buffer.data(), valid, {0, 1000}, sink);
    INFO(valid << " of " << buffer.bytes() << " bytes");
    CHECK(sink.lines.size() == (valid == buffer.bytes() ? 2U : valid >= whole ? 1U : 0U));
  }
}

// A trace with device work in it, read back.
struct ReadBack : TraceVisitor {
  void OnSpan(const EventSource&, const SpanEvent& span) override {
    std::string line = span.track->name + ": " + span.name->text;
    if (span.batch >= 0) line += " of step " + std::to_string(span.batch);
    if (span.correlation > 0) line += " #" + std::to_string(span.correlation);
    if (span.bytes > 0) line += " " + std::to_string(span.bytes) + " B";
    lines.push_back(line);
    if (!span.track->device.empty()) devices.push_back(span.track->device);
    times.emplace_back(span.begin_ns, span.end_ns);
  }
  std::vector<std::string> lines, devices;
  std::vector<std::pair<int64_t, int64_t>> times;
};

TEST_CASE("Device work goes into the trace with the step that launched it, on the host's clock") {
  const ScratchFolder folder;
  const std::string path = folder.File("device.sptrace");
  Recorder::Options options;
  options.path = path;
  options.process_counters = false;
  auto recorder = Recorder::Start(options);
  REQUIRE(recorder.ok());
  trace::TrackDefinition main, worker;
  main.set_role(trace::TRACK_ROLE_MAIN);
  main.set_name("main");
  (*recorder)->AttachThread(main);

  const int64_t t0 = MonotonicNs();
  IssueTimes issued;
  issued.Begin(41, t0);
  issued.End(t0 + 1'000'000);
  issued.Begin(42, t0 + 2'000'000);
  issued.End(t0 + 3'000'000);
  DeviceWorkRecorder to_recorder(**recorder, issued, [](uint32_t device) {
    trace::DeviceDefinition definition;
    definition.set_kind("cuda");
    definition.set_name("GPU " + std::to_string(device));
    return definition;
  });

  RecordBuffer buffer(RealCupti().GetNextRecord);
  const auto thread = static_cast<uint32_t>(gettid());
  // The kernel comes before the call that launched it: buffers are in any order.
  buffer.Add(KernelRecordOf("_Z4gemmPf", t0 + 2'200'000, t0 + 2'900'000, 6));
  buffer.Add(KernelRecordOf("whose call was lost", t0 + 2'900'000, t0 + 2'950'000, 99));
  buffer.Add(CopyRecordOf(CUPTI_ACTIVITY_MEMCPY_KIND_HTOD, CUPTI_ACTIVITY_MEMORY_KIND_PAGEABLE,
                          CUPTI_ACTIVITY_MEMORY_KIND_DEVICE, 4096, t0 + 600'000, t0 + 700'000, 5));
  buffer.Add(CallRecordOf(CUPTI_ACTIVITY_KIND_RUNTIME, 41, thread, t0 + 500'000, t0 + 510'000, 5));
  buffer.Add(CallRecordOf(CUPTI_ACTIVITY_KIND_RUNTIME, 211, thread + 1, t0 + 2'100'000, t0 + 2'110'000, 6));
  buffer.Add(CallRecordOf(CUPTI_ACTIVITY_KIND_RUNTIME, 165, thread, t0 + 1'500'000, t0 + 1'510'000, 7));
  buffer.Add(KernelRecordOf("impossible", t0 + 900'000, t0 + 800'000, 8));
  buffer.Add(MemoryRecordOf(CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_ALLOCATION, 3000, t0 + 100));
  buffer.Add(MemoryRecordOf(CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_ALLOCATION, 500, t0 + 200));
  buffer.Add(MemoryRecordOf(CUPTI_ACTIVITY_MEMORY_OPERATION_TYPE_RELEASE, 3000, t0 + 300));
  ActivityDecoder decoder(buffer.Walk(), CallName);
  const auto counts = decoder.Decode(buffer.data(), buffer.bytes(), {t0, t0 + 5'000'000}, to_recorder);
  CHECK(counts.set_aside == 1);
  to_recorder.Deliver(true);
  (*recorder)->CountLost(17, counts.set_aside);
  REQUIRE((*recorder)->Finish(trace::OUTCOME_OK, "").ok());

  auto events = TraceEvents::Open(path);
  REQUIRE(events.ok());
  ReadBack read;
  REQUIRE((*events)->Visit(read).ok());
  std::sort(read.lines.begin(), read.lines.end());
  CHECK(read.lines ==
        std::vector<std::string>{"CUDA calls of main: runtime 165 #7", "CUDA calls of main: runtime 41 of step 41 #5",
                                 "CUDA calls of thread " + std::to_string(thread + 1) + ": runtime 211 of step 42 #6",
                                 "cuda:0 stream 7: gemm(float*) of step 42 #6",
                                 "cuda:0 stream 7: memcpy HtoD (pageable) of step 41 #5 4096 B",
                                 "cuda:0 stream 7: whose call was lost #99"});
  CHECK(read.devices == std::vector<std::string>(3, "GPU 0"));
  const int64_t tolerance_ns = 2'000;
  for (const auto& [begin_ns, end_ns] : read.times) {
    CHECK(begin_ns >= t0 - tolerance_ns);
    CHECK(end_ns <= t0 + 3'000'000 + tolerance_ns);
  }

  const auto contents = LoadTrace(path);
  REQUIRE(contents.ok());
  const RunRecord& run = contents->main_run();
  CHECK(run.closed);
  CHECK(run.dropped == 18);
  CHECK(run.set_aside == 1);
  CHECK(run.emitted == run.recorded + run.dropped);
  const auto memory = run.counters.find("cuda:0 memory allocated");
  REQUIRE(memory != run.counters.end());
  std::vector<double> bytes;
  for (const CounterPoint& point : memory->second) bytes.push_back(point.value);
  CHECK(bytes == std::vector<double>{3000, 3500, 500});
}

TEST_CASE("A worker's calls belong to no step, whatever step is issued meanwhile") {
  const ScratchFolder folder;
  Recorder::Options options;
  options.path = folder.File("worker.sptrace");
  auto recorder = Recorder::Start(options);
  REQUIRE(recorder.ok());
  trace::TrackDefinition worker;
  worker.set_role(trace::TRACK_ROLE_WORKER);
  worker.set_name("worker 0");
  (*recorder)->AttachThread(worker);
  const int64_t t0 = MonotonicNs();
  IssueTimes issued;
  issued.Begin(1, t0);
  DeviceWorkRecorder to_recorder(**recorder, issued, [](uint32_t) { return trace::DeviceDefinition(); });
  DeviceWork call;
  call.kind = DeviceWork::Kind::kCall;
  call.name = "cudaMemcpyAsync";
  call.thread = static_cast<uint32_t>(gettid());
  call.correlation = 1;
  call.begin_ns = call.end_ns = t0 + 10;
  CHECK_FALSE(to_recorder.workers_call());
  to_recorder.OnWork(call);
  CHECK(to_recorder.workers_call());
  to_recorder.Deliver(true);
  REQUIRE((*recorder)->Finish(trace::OUTCOME_OK, "").ok());
  auto events = TraceEvents::Open(options.path);
  REQUIRE(events.ok());
  ReadBack read;
  REQUIRE((*events)->Visit(read).ok());
  CHECK(read.lines == std::vector<std::string>{"CUDA calls of worker 0: cudaMemcpyAsync #1"});
}

TEST_CASE("More device work than fits between two flushes is all recorded: its thread waits for the disk") {
  const ScratchFolder folder;
  Recorder::Options options;
  options.path = folder.File("many.sptrace");
  auto recorder = Recorder::Start(options);
  REQUIRE(recorder.ok());
  IssueTimes issued;
  DeviceWorkRecorder to_recorder(**recorder, issued, [](uint32_t) { return trace::DeviceDefinition(); });
  DeviceWork kernel;
  kernel.name = "k";
  kernel.begin_ns = MonotonicNs();
  constexpr uint64_t kKernels = 3 * kMostLinkedSpans;
  for (uint64_t i = 0; i < kKernels; ++i) {
    kernel.begin_ns += 10;
    kernel.end_ns = kernel.begin_ns + 5;
    to_recorder.OnWork(kernel);
  }
  to_recorder.Deliver(true);
  REQUIRE((*recorder)->Finish(trace::OUTCOME_OK, "").ok());
  auto events = TraceEvents::Open(options.path);
  REQUIRE(events.ok());
  ReadBack read;
  REQUIRE((*events)->Visit(read).ok());
  CHECK(read.lines.size() == kKernels);
  CHECK((*recorder)->accounting().dropped() == 0);
}

}  // namespace
}  // namespace stallpoint
