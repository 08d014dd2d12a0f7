// Spans that are learned after they ended, in bulk.
#include <vector>

#include "catch.h"
#include "harness/record/span_block.h"
#include "tests/harness/record_support.h"

namespace stallpoint {
namespace {

TEST_CASE("Linked spans of several tracks go into the trace with what ties them to their calls") {
  const auto trace = std::make_shared<MemoryTrace>();
  auto recorder = StartRecorder(MemoryOptions(trace));
  trace::TrackDefinition calls, stream;
  calls.set_name("calls");
  stream.set_name("stream");
  const uint32_t calls_id = recorder->AddTrack(calls), stream_id = recorder->AddTrack(stream);
  const uint32_t launch = recorder->Intern("launch"), kernel = recorder->Intern("kernel");
  const uint64_t now = Ticks();
  recorder->AddLinkedSpans(std::vector<LinkedSpan>{{stream_id, kernel, now + 5, now + 9, 3, 77},
                                                   {calls_id, launch, now, now + 1, 3, 77},
                                                   {stream_id, kernel, now + 1, now + 4, -1, 0, 4096}});
  recorder->CounterAt(recorder->Series("memory", "bytes"), now, 12);
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());

  const ReadTrace read = ReadChunks(trace->chunks());
  CHECK(read.spans.at("calls") == std::vector<ReadSpan>{{launch, now, now + 1, 3}});
  const ReadSpan copy = {.name_id = kernel, .begin_ticks = now + 1, .end_ticks = now + 4, .bytes = 4096};
  CHECK(read.spans.at("stream") == std::vector<ReadSpan>{copy, {kernel, now + 5, now + 9, 3}});
  CHECK(read.counters.at("memory") == std::vector<double>{12});
  std::vector<uint64_t> correlations;
  for (const trace::Chunk& chunk : trace->chunks()) {
    for (const trace::SpanBlock& block : chunk.spans()) {
      correlations.insert(correlations.end(), block.correlation().begin(), block.correlation().end());
    }
  }
  CHECK(correlations == std::vector<uint64_t>{77, 0, 77});
}

TEST_CASE("Linked spans beyond what waits for a flush, impossible ones and reported losses are in the accounts") {
  const auto trace = std::make_shared<MemoryTrace>();
  Recorder::Options options = MemoryOptions(trace);
  options.flush_interval_ns = 250'000'000;
  auto recorder = StartRecorder(std::move(options));
  LinkedSpan span = {.track_id = recorder->AddTrack({}), .name_id = recorder->Intern("kernel")};
  span.begin_ticks = span.end_ticks = Ticks();
  trace->Stall(true);
  recorder->Log(0, "something to write, so that the recorder's thread waits for the disk");
  trace->WaitUntilAWriterStalls();
  recorder->AddLinkedSpans(std::vector<LinkedSpan>(kMostLinkedSpans + 10, span));
  recorder->CountLost(5, 2);
  trace->Stall(false);
  recorder->Flush();
  span.end_ticks = span.begin_ticks - 1;
  recorder->AddLinkedSpans({&span, 1});
  REQUIRE(recorder->Finish(trace::OUTCOME_OK, "").ok());
  const trace::Accounting accounting = ReadChunks(trace->chunks()).accounting;
  CHECK(accounting.dropped() == 10 + 5 + 2 + 1);
  CHECK(accounting.set_aside() == 3);
  CHECK(accounting.recorded() == kMostLinkedSpans + 1);
}

}  // namespace
}  // namespace stallpoint
