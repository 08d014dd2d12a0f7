#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "harness/record/recorder.h"
#include "harness/record/stage_scope.h"
#include "record_support.h"

namespace stallpoint {
namespace {

void BurnCpu(uint64_t ns) {
  const uint64_t until = ReadThreadUsage().cpu_ns + ns;
  while (ReadThreadUsage().cpu_ns < until) {
  }
}

// A recorder whose calling thread is the track "main".
struct Recording {
  Recording() {
    trace::TrackDefinition track;
    track.set_name("main");
    log = recorder->AttachThread(track);
  }
  std::vector<ReadSpan> Spans() {
    recorder->Flush();
    return ReadChunks(memory->chunks()).spans["main"];
  }

  std::shared_ptr<MemoryTrace> memory = std::make_shared<MemoryTrace>();
  std::unique_ptr<Recorder> recorder = StartRecorder(MemoryOptions(memory));
  ThreadLog* log;
};

TEST_CASE("A stage carries the thread's batch and sample, what it read and the CPU time it took") {
  Recording recording;
  const uint32_t decode = recording.recorder->Stage("decode", trace::STAGE_KIND_SAMPLE);
  recording.log->SetContext(3, 41);
  BeginStage(decode);
  BurnCpu(2'000'000);
  EndStage(1234);
  const std::vector<ReadSpan> spans = recording.Spans();
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].name_id == decode);
  CHECK(spans[0].batch == 3);
  CHECK(spans[0].sample == 41);
  CHECK(spans[0].bytes == 1234);
  CHECK(spans[0].cpu_ns >= 2'000'000);
  CHECK(static_cast<int64_t>(spans[0].end_ticks - spans[0].begin_ticks) >= TicksOfNs(1'900'000));
}

TEST_CASE("Consecutive stages share no CPU time and lose next to none") {
  Recording recording;
  const uint32_t read = recording.recorder->Stage("read", trace::STAGE_KIND_SAMPLE);
  const ThreadUsage before = ReadThreadUsage();
  for (int i = 0; i < 20; ++i) {
    BeginStage(read);
    BurnCpu(100'000);
    EndStage(0);
  }
  const uint64_t all_ns = (ReadThreadUsage() - before).cpu_ns;
  uint64_t sum_ns = 0, last_end = 0;
  for (const ReadSpan& span : recording.Spans()) {
    CHECK(span.cpu_ns >= 100'000);
    CHECK(span.begin_ticks >= last_end);
    last_end = span.end_ticks;
    sum_ns += span.cpu_ns;
  }
  CHECK(sum_ns <= all_ns);
  CHECK(sum_ns >= 20 * 100'000);
}

TEST_CASE("A scope of a batch encloses the stages within it") {
  Recording recording;
  const uint32_t load = recording.recorder->Stage("load", trace::STAGE_KIND_LOAD);
  const uint32_t read = recording.recorder->Stage("read", trace::STAGE_KIND_SAMPLE);
  {
    StageScope scope(load, 9);
    for (int sample = 0; sample < 3; ++sample) {
      recording.log->SetContext(9, sample);
      BeginStage(read);
      BurnCpu(50'000);
      EndStage(10);
    }
  }
  const std::vector<ReadSpan> spans = recording.Spans();
  REQUIRE(spans.size() == 4);
  const ReadSpan& outer = spans[3];
  CHECK(outer.name_id == load);
  CHECK(outer.batch == 9);
  CHECK(outer.sample == -1);
  uint64_t inner_cpu_ns = 0;
  for (int sample = 0; sample < 3; ++sample) {
    CHECK(spans[sample].sample == sample);
    CHECK(spans[sample].begin_ticks >= outer.begin_ticks);
    CHECK(spans[sample].end_ticks <= outer.end_ticks);
    inner_cpu_ns += spans[sample].cpu_ns;
  }
  CHECK(outer.cpu_ns >= inner_cpu_ns);
}

TEST_CASE("Stages that are cancelled, ended twice, never begun or outlived by their track leave no span") {
  Recording recording;
  const uint32_t read = recording.recorder->Stage("read", trace::STAGE_KIND_SAMPLE);
  EndStage(1);
  {
    StageScope cancelled(read);
    cancelled.Cancel();
  }
  StageScope once(read, 1);
  once.End(5);
  once.End(6);
  BeginStage(read);
  BeginStage(read);  // ends the first
  EndStage(0);
  EndStage(0);
  CHECK(recording.Spans().size() == 3);
  BeginStage(read);
  StageScope outlived(read);
  recording.recorder->DetachThread();
  EndStage(0);
  outlived.End();
  CHECK(recording.Spans().size() == 3);
}

TEST_CASE("A thread that is not recorded runs stages without a trace") {
  REQUIRE(ThreadLog::Current() == nullptr);
  StageScope scope(1, 2);
  BeginStage(1);
  EndStage(0);
  scope.End();
  CHECK(ThreadLog::Current() == nullptr);
}

}  // namespace
}  // namespace stallpoint
