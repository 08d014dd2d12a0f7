#include <random>
#include <vector>

#include "catch.h"
#include "harness/record/span_block.h"
#include "record_support.h"

namespace stallpoint {
namespace {

// Operators of a training step at 3 GHz: a thousand names, 2 to 400 microseconds, some nested.
std::vector<RecordedSpan> Operators(size_t count) {
  std::mt19937_64 random(5);
  std::vector<RecordedSpan> spans;
  uint64_t now = 123'456'789'012'345;
  while (spans.size() < count) {
    const uint64_t outer_begin = now += 1500 + random() % 30'000;
    const uint64_t inner = random() % 4;
    for (uint64_t i = 0; i < inner && spans.size() + 1 < count; ++i) {
      const uint64_t begin = now += 600 + random() % 3000;
      now += 6000 + random() % 300'000;
      spans.push_back({static_cast<uint32_t>(1 + random() % 1000), begin, now, -1});
    }
    now += 6000 + random() % 900'000;
    spans.push_back({static_cast<uint32_t>(1 + random() % 1000), outer_begin, now, -1});
  }
  return spans;
}

TEST_CASE("A plain span takes at most ten bytes before compression") {
  std::vector<RecordedSpan> spans = Operators(4096);
  trace::SpanBlock block;
  EncodeSpans(7, spans, &block);
  CHECK(block.ByteSizeLong() <= 10 * spans.size());
  for (RecordedSpan& span : spans) span.batch = 1000;
  trace::SpanBlock with_batch;
  EncodeSpans(7, spans, &with_batch);
  CHECK(with_batch.ByteSizeLong() <= 10 * spans.size());
}

TEST_CASE("Extreme times, batches and samples survive the deltas") {
  std::vector<RecordedCost> costs;
  costs.push_back({{1, 5, 10, -1}, {-1, 0, 0, 0}});
  costs.push_back({{UINT32_MAX, 0, 11, INT64_MAX}, {INT64_MAX, UINT64_MAX, 1, 2}});
  costs.push_back({{3, 12, 12, 0}, {0, 3, UINT64_MAX, UINT64_MAX}, kMostStorageUnits * kStorageUnit});
  costs.push_back({{4, UINT64_MAX - 1, UINT64_MAX, -1}, {-1, 0, 0, 0}});
  trace::SpanBlock block;
  EncodeCosts(9, costs, &block);
  trace::SpanBlock parsed;
  REQUIRE(parsed.ParseFromString(block.SerializeAsString()));
  const std::vector<ReadSpan> read = ReadBlock(parsed);
  REQUIRE(read.size() == costs.size());
  for (size_t i = 0; i < costs.size(); ++i) {
    const auto& [span, cost, storage_bytes] = costs[i];
    CHECK(read[i] == ReadSpan{span.name_id, span.begin_ticks, span.end_ticks, span.batch, cost.sample, cost.cpu_ns,
                              cost.run_queue_ns, cost.bytes, storage_bytes});
  }
}

TEST_CASE("Spans are stored oldest end first, and columns that say nothing are left out") {
  std::vector<RecordedSpan> spans = {{1, 50, 90, -1}, {2, 10, 20, -1}, {3, 60, 90, -1}};
  trace::SpanBlock block;
  EncodeSpans(1, spans, &block);
  const std::vector<ReadSpan> read = ReadBlock(block);
  CHECK(read[0].name_id == 2);
  CHECK(read[1].name_id == 1);
  CHECK(read[2].name_id == 3);
  CHECK(block.batch_delta_size() == 0);
  CHECK(block.cpu_ns_size() == 0);
  std::vector<RecordedCost> costs = {{{1, 50, 90, 4}, {-1, 7, 8, 0}}};
  trace::SpanBlock cost_block;
  EncodeCosts(1, costs, &cost_block);
  CHECK(cost_block.batch_delta_size() == 1);
  CHECK(cost_block.cpu_ns_size() == 1);
  CHECK(cost_block.sample_delta_size() == 0);
  CHECK(cost_block.bytes_size() == 0);
  CHECK(cost_block.storage_bytes_size() == 0);
}

}  // namespace
}  // namespace stallpoint
