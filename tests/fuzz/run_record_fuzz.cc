// Messages to figures and exports: the input is the payload of a sound frame (a serialised trace::Chunk), taken as the
// only chunk of a run and as one of several.
#include <cstdint>
#include <cstdlib>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "nlohmann/json.hpp"
#include "replay/fit/allocation_replay.h"
#include "tests/fuzz/sealed_frame.h"
#include "traces/export/exporter.h"
#include "traces/frame.h"
#include "traces/info_json.h"
#include "traces/run_summary.h"
#include "traces/trace_events.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckRun(const stallpoint::RunRecord& run) {
  Require(run.sample_costs.size() == run.samples.size() * run.sample_stages.size());
  for (size_t i = 0; i < run.batches.size(); ++i) {
    Require(run.batches[i].index == -1 || run.batches[i].index == static_cast<int64_t>(i));
  }
  const stallpoint::RunSummary summary = stallpoint::Summarize(run);
  const stallpoint::Shares& shares = summary.shares;
  double sum = 0;
  for (double share : {shares.compute, shares.copy, shares.data_wait, shares.sync, shares.launch, shares.other}) {
    Require(share >= 0 && share <= 1);
    sum += share;
  }
  Require(sum > 0.999 && sum < 1.001);
  Require(summary.step_ms_mean >= 0 && summary.step_ms_median >= 0);
}

// Allocations as they are, and those of the same run at twice the batch size beside them.
void ReplayAllocations(const stallpoint::RunRecord& run) {
  if (run.allocations.empty()) return;
  stallpoint::RunRecord small = run, large = run;
  small.knobs.batch_size = 8;
  large.knobs.batch_size = 16;
  const auto stream = stallpoint::StreamOf(run);
  if (stream) {
    for (const stallpoint::AllocationStream::Op& op : stream->ops) Require(op.block < stream->bytes.size());
  }
  const auto replay = stallpoint::AllocationReplay::Fit(std::vector<const stallpoint::RunRecord*>{&small, &large});
  if (replay == nullptr) return;
  Require(stream.has_value());
  for (const int64_t samples : {int64_t{1}, int64_t{1} << 24}) {
    const stallpoint::AllocationReplay::Memory memory = replay->At(samples);
    const double least = replay->LeastAt(samples);
    Require(memory.in_use <= least && least <= memory.held);
  }
}

void Load(std::string_view bytes) {
  auto events = stallpoint::TraceEvents::OpenBytes(bytes);
  if (!events.ok()) return;
  const auto contents = stallpoint::LoadTrace(**events);
  if (!contents.ok()) return;
  for (const stallpoint::RunRecord& run : contents->runs) {
    CheckRun(run);
    ReplayAllocations(run);
  }
  Require(!stallpoint::InfoJson(*contents).dump().empty());
  for (const std::string& format : stallpoint::ExportFormats()) {
    std::ostringstream out;
    Require(stallpoint::ExportTrace(**events, format, out).ok());
    Require(!out.str().empty());
  }
}

std::string Frame(std::string_view payload, uint64_t sequence, uint32_t segment_index) {
  return stallpoint::SealFrame({.format = stallpoint::kFrameFormat,
                                .codec = stallpoint::FrameCodec::kNone,
                                .segment_index = segment_index,
                                .stored_bytes = static_cast<uint32_t>(payload.size()),
                                .raw_bytes = static_cast<uint32_t>(payload.size()),
                                .writer_id = 1,
                                .sequence = sequence},
                               payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > stallpoint::kMaxPayloadBytes) return 0;
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  Load(Frame(payload, 0, 0));
  Load(Frame(payload, 0, 0) + Frame(payload, 1, 0) + Frame(payload.substr(size / 2), 2, 1));
  return 0;
}
