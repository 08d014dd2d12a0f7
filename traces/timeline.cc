#include "traces/timeline.h"

#include <algorithm>
#include <array>
#include <utility>

#include "traces/time_span.h"

namespace stallpoint {
namespace {

// A run without phases is all training. After the training loop the device may still finish its last steps.
std::vector<TimeSpan> OutsidePhases(const RunRecord& run) {
  std::vector<TimeSpan> outside;
  for (const PhaseSpan& phase : run.phases) {
    if (phase.name != "train" && phase.name != "shutdown") outside.push_back({phase.begin_ns, phase.end_ns});
  }
  return MergeSpans(std::move(outside));
}

}  // namespace

const char* Name(Owner owner) {
  switch (owner) {
    case Owner::kOutside:
      return "outside";
    case Owner::kCompute:
      return "compute";
    case Owner::kCopy:
      return "copy";
    case Owner::kDataWait:
      return "data_wait";
    case Owner::kSync:
      return "sync";
    case Owner::kLaunch:
      return "launch";
    case Owner::kOther:
      break;
  }
  return "other";
}

void ForEachOwned(const RunRecord& run, int64_t begin_ns, int64_t end_ns,
                  absl::FunctionRef<void(const OwnedInterval&)> take) {
  if (end_ns <= begin_ns) return;
  constexpr int kClaims = kOwners - 1;  // `other` is what nobody claims
  std::array<std::vector<TimeSpan>, kClaims> claims;
  const bool has_device = run.has_device_timeline();
  auto claim = [&](Owner owner, int64_t from_ns, int64_t to_ns) {
    if (from_ns < 0 || to_ns <= begin_ns || from_ns >= end_ns) return;
    claims[static_cast<int>(owner)].push_back({std::max(from_ns, begin_ns), std::min(to_ns, end_ns)});
  };
  for (const TimeSpan& outside : OutsidePhases(run)) claim(Owner::kOutside, outside.begin_ns, outside.end_ns);
  // What the device itself recorded says more than when a step's first and last work began and ended.
  for (const TimeSpan& span : run.device_computing) claim(Owner::kCompute, span.begin_ns, span.end_ns);
  for (const TimeSpan& span : run.device_copying) claim(Owner::kCopy, span.begin_ns, span.end_ns);
  for (const IterationRecord& it : run.iterations) {
    if (it.device_computing_ns < 0) claim(Owner::kCompute, it.device_begin_ns, it.device_end_ns);
    claim(Owner::kCopy, it.copy_begin_ns, it.copy_end_ns);
    claim(Owner::kDataWait, it.wait_begin_ns, it.wait_end_ns);
    claim(Owner::kSync, it.sync_begin_ns, it.sync_end_ns);
    claim(Owner::kLaunch, it.receive_begin_ns, it.receive_end_ns);
    claim(has_device ? Owner::kLaunch : Owner::kCompute, it.launch_begin_ns, it.launch_end_ns);
  }
  std::array<size_t, kClaims> next = {};
  for (auto& intervals : claims) intervals = MergeSpans(std::move(intervals));

  OwnedInterval current = {Owner::kOther, begin_ns, begin_ns};
  for (int64_t now = begin_ns; now < end_ns;) {
    Owner owner = Owner::kOther;
    int64_t until = end_ns;
    for (int i = 0; i < kClaims; ++i) {
      while (next[i] < claims[i].size() && claims[i][next[i]].end_ns <= now) ++next[i];
      if (next[i] == claims[i].size()) continue;
      const TimeSpan& interval = claims[i][next[i]];
      if (interval.begin_ns > now) {
        until = std::min(until, interval.begin_ns);
      } else {
        until = std::min(until, interval.end_ns);
        owner = static_cast<Owner>(i);
        break;
      }
    }
    if (owner != current.owner && current.end_ns > current.begin_ns) take(current);
    if (owner != current.owner) current = {owner, now, now};
    current.end_ns = until;
    now = until;
  }
  take(current);
}

TrainingClock::TrainingClock(const RunRecord& run) {
  int64_t before = 0;
  for (const TimeSpan& interval : OutsidePhases(run)) {
    outside_.push_back({Owner::kOutside, interval.begin_ns, interval.end_ns});
    outside_before_.push_back(before);
    before += interval.end_ns - interval.begin_ns;
  }
}

int64_t TrainingClock::OutsideBefore(int64_t time_ns) const {
  auto after = std::upper_bound(outside_.begin(), outside_.end(), time_ns,
                                [](int64_t time, const OwnedInterval& interval) { return time < interval.begin_ns; });
  if (after == outside_.begin()) return 0;
  const OwnedInterval& last = *(after - 1);
  return outside_before_[after - 1 - outside_.begin()] + std::min(time_ns, last.end_ns) - last.begin_ns;
}

int64_t TrainingClock::Between(int64_t begin_ns, int64_t end_ns) const {
  if (end_ns <= begin_ns) return 0;
  return end_ns - begin_ns - (OutsideBefore(end_ns) - OutsideBefore(begin_ns));
}

}  // namespace stallpoint
