#include "traces/export/nvtxt.h"

#include <algorithm>
#include <array>
#include <vector>

#include "fmt/core.h"
#include "traces/export/timeline_export.h"

namespace stallpoint {
namespace {

constexpr uint32_t kLargestId = 16'777'215;  // of processes and threads
constexpr size_t kLongestText = 4096;
constexpr uint32_t kQueueThread = 900'000;

// 0xAARRGGBB.
constexpr uint32_t kRed = 0xFFE53935, kOrange = 0xFFFB8C00, kAmber = 0xFFFFB300, kGreen = 0xFF43A047,
                   kPaleGreen = 0xFFA5D6A7, kPurple = 0xFF8E24AA, kTeal = 0xFF00897B, kSlate = 0xFF78909C,
                   kGrey = 0xFFBDBDBD;
constexpr std::array<uint32_t, 5> kSampleStages = {0xFF1E88E5, 0xFF5E35B1, 0xFF00ACC1, 0xFF3949AB, 0xFF6D4C41};

uint32_t ColorOfStall(Owner owner) {
  switch (owner) {
    case Owner::kDataWait:
      return kRed;
    case Owner::kSync:
      return kOrange;
    case Owner::kLaunch:
      return kAmber;
    case Owner::kCopy:
      return kPurple;
    default:
      return kGrey;
  }
}

uint32_t ColorOfSampleStage(const std::string& name, const std::vector<std::string>& stages) {
  const auto position = std::find(stages.begin(), stages.end(), name) - stages.begin();
  return kSampleStages[static_cast<size_t>(position) % kSampleStages.size()];
}

uint32_t ColorOf(const Slice& slice, const RunRecord& run) {
  if (slice.stall) return ColorOfStall(*slice.stall);
  switch (slice.kind) {
    case trace::STAGE_KIND_SAMPLE:
      return ColorOfSampleStage(*slice.name, run.sample_stages);
    case trace::STAGE_KIND_BATCH:
      return kTeal;
    case trace::STAGE_KIND_LOAD:
      return kSlate;
    case trace::STAGE_KIND_DATA_WAIT:
      return kRed;
    case trace::STAGE_KIND_SYNC:
      return kOrange;
    case trace::STAGE_KIND_RECEIVE:
    case trace::STAGE_KIND_LAUNCH:
      return kAmber;
    case trace::STAGE_KIND_COPY:
    case trace::STAGE_KIND_COPY_CALL:
    case trace::STAGE_KIND_PIN:
      return kPurple;
    case trace::STAGE_KIND_STEP:
      return kGreen;
    case trace::STAGE_KIND_STEP_PART:
      return kPaleGreen;
    default:
      return kGrey;
  }
}

}  // namespace

std::string NvtxtQuote(std::string_view text) {
  if (text.size() > kLongestText) {
    size_t cut = kLongestText;
    while (cut > 0 && (static_cast<uint8_t>(text[cut]) & 0xC0) == 0x80) --cut;
    text = text.substr(0, cut);
  }
  std::string quoted = "\"";
  for (char c : text) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F) c = ' ';
    if (c == '"') c = '\'';
    if (c == '\\') c = '/';
    quoted += c;
  }
  return quoted + '"';
}

NvtxtSink::NvtxtSink(const RunRecord& run, std::ostream& out)
    : run_(run), out_(out), pid_(run.pid >= 1 && run.pid <= kLargestId ? run.pid : 1) {
  out_ << "# Import into Nsight Systems: ImportNvtxt --cmd create -n FILE.nvtxt -o FILE.nsys-rep\n"
       << "SetFileDisplayName, "
       << NvtxtQuote(fmt::format("stallpoint: {}, batch {}, workers {}", run.source, run.knobs.batch_size,
                                 run.knobs.worker_count))
       << "\nTimeBase = Manual\n"
       << "ProcessId = " << pid_ << "\n"
       << "@RangePush, Time, ThreadId, Color, Message\n"
       << "@RangePop, Time, ThreadId\n"
       << "@Marker, Time, ThreadId, Color, Message\n"
       << "NameProcess, " << pid_ << ", " << NvtxtQuote(run.process_name.empty() ? run.source : run.process_name)
       << "\n";
}

void NvtxtSink::AddRow(const Row& row) {
  out_ << "NameOsThread, " << pid_ << ", " << row.id << ", " << NvtxtQuote(row.name) << "\n";
}

// The importer leaves a range open that ends where it began; it is a marker instead.
void NvtxtSink::Begin(uint32_t row, const Slice& slice) {
  if (slice.end_ns == slice.begin_ns) {
    out_ << fmt::format("Marker, {}, {}, 0x{:08X}, {}\n", slice.begin_ns, row, ColorOf(slice, run_),
                        NvtxtQuote(SliceTitle(slice)));
  } else {
    out_ << fmt::format("RangePush, {}, {}, 0x{:08X}, {}\n", slice.begin_ns, row, ColorOf(slice, run_),
                        NvtxtQuote(SliceTitle(slice)));
  }
}

void NvtxtSink::End(uint32_t row, const Slice& slice) {
  if (slice.end_ns > slice.begin_ns) out_ << fmt::format("RangePop, {}, {}\n", slice.end_ns, row);
}

void NvtxtSink::Instant(uint32_t row, const std::string& text, int64_t time_ns) {
  out_ << fmt::format("Marker, {}, {}, 0x{:08X}, {}\n", time_ns, row, kSlate, NvtxtQuote(text));
}

void NvtxtSink::AddCounter(uint32_t counter, const std::string& name, const std::string& /*unit*/) {
  if (name != "queue_depth" || queue_counter_ != 0) return;
  queue_counter_ = counter;
  AddRow({kQueueThread, Row::Kind::kSummary, "queue", 0});
}

void NvtxtSink::Count(uint32_t counter, int64_t time_ns, double value) {
  if (counter != queue_counter_ || time_ns < queue_since_ns_) return;
  if (queue_since_ns_ >= 0 && value == queue_depth_) return;
  DrawQueue(time_ns);
  queue_since_ns_ = time_ns;
  queue_depth_ = value;
}

void NvtxtSink::DrawQueue(int64_t end_ns) {
  if (queue_since_ns_ < 0 || end_ns <= queue_since_ns_) return;
  Slice depth;
  const std::string text = fmt::format("{:.0f} ready", queue_depth_);
  depth.begin_ns = queue_since_ns_;
  depth.end_ns = end_ns;
  depth.name = &text;
  depth.kind = queue_depth_ > 0 ? trace::STAGE_KIND_LOAD : trace::STAGE_KIND_DATA_WAIT;
  Begin(kQueueThread, depth);
  End(kQueueThread, depth);
}

void NvtxtSink::Finish(int64_t end_ns) { DrawQueue(end_ns); }

}  // namespace stallpoint
