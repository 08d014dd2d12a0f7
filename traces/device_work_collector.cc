#include "traces/device_work_collector.h"

#include <algorithm>
#include <utility>

namespace stallpoint {
namespace {

// From the end of a kernel to the begin of the next when that was issued in time.
constexpr int64_t kBackToBackNs = 2'000;

void ExtendToLaterSteps(RunRecord* record, std::vector<TimeSpan>* computing) {
  if (record->observed_steps() == 0) return;
  // The first step may do what is done once.
  std::vector<int64_t> known_ns;
  for (int64_t i = record->device_work_steps > 1 ? 1 : 0; i < record->device_work_steps; ++i) {
    const int64_t computing_ns = record->iterations[i].device_computing_ns;
    if (computing_ns >= 0) known_ns.push_back(computing_ns);
  }
  if (known_ns.empty()) return;
  const auto middle = known_ns.begin() + static_cast<int64_t>(known_ns.size()) / 2;
  std::nth_element(known_ns.begin(), middle, known_ns.end());
  for (size_t i = static_cast<size_t>(record->device_work_steps); i < record->iterations.size(); ++i) {
    IterationRecord& it = record->iterations[i];
    if (it.device_begin_ns < 0 || it.device_end_ns < it.device_begin_ns) continue;
    const bool issued_before = it.launch_end_ns >= 0 && it.launch_end_ns <= it.device_begin_ns;
    const int64_t there_ns = it.device_end_ns - it.device_begin_ns;
    it.device_computing_ns = issued_before ? there_ns : std::min(there_ns, *middle);
    computing->push_back({it.device_end_ns - it.device_computing_ns, it.device_end_ns});
  }
}

}  // namespace

void DeviceWorkCollector::Add(const SpanEvent& span) {
  if (span.track->role != trace::TRACK_ROLE_STREAM || span.track->device.empty() || span.correlation == 0) return;
  const TimeSpan when = {span.begin_ns, span.end_ns};
  if (span.name->text.starts_with("memcpy")) {
    copying_.push_back(when);
  } else {
    computing_.push_back({when, span.batch});
  }
}

void DeviceWorkCollector::Finish(RunRecord* record) {
  record->device_copying = MergeSpans(std::move(copying_));
  std::stable_sort(computing_.begin(), computing_.end(),
                   [](const Computing& a, const Computing& b) { return a.batch < b.batch; });
  std::vector<TimeSpan> all, of_batch;
  for (size_t i = 0; i < computing_.size(); ++i) {
    const auto& [span, batch] = computing_[i];
    all.push_back(span);
    of_batch.push_back(span);
    if (i + 1 < computing_.size() && computing_[i + 1].batch == batch) continue;
    const std::vector<TimeSpan> merged = MergeSpans(std::exchange(of_batch, {}), kBackToBackNs);
    if (batch < 0 || batch >= static_cast<int64_t>(record->iterations.size())) continue;
    int64_t& computing_ns = record->iterations[static_cast<size_t>(batch)].device_computing_ns;
    computing_ns = 0;
    for (const TimeSpan& part : merged) computing_ns += part.end_ns - part.begin_ns;
  }
  if (record->device_work_steps == 0 && !all.empty()) record->device_work_steps = kAllSteps;
  ExtendToLaterSteps(record, &all);
  record->device_computing = MergeSpans(std::move(all), kBackToBackNs);
}

}  // namespace stallpoint
