#include "replay/fit/allocation_replay.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "replay/fit/device_allocators.h"

namespace stallpoint {
namespace {

// How far a replay of the recorded batch size may be from what was recorded.
constexpr double kSameHeld = 0.01;

// LibTorch before 2.10 says how large the block is that it gave: rounded up to its unit, or with a rest too small to
// split off.
double SlackOf(double bytes) { return bytes <= (1 << 20) ? 511 : (1 << 20) + 511; }

// Whether these are sizes of such blocks, and not what was asked for.
bool AreOfBlocks(const AllocationStream& stream) {
  return std::all_of(stream.bytes.begin(), stream.bytes.end(), [](double bytes) { return std::fmod(bytes, 512) == 0; });
}

}  // namespace

std::shared_ptr<const AllocationReplay> AllocationReplay::Fit(absl::Span<const RunRecord* const> runs) {
  const RunRecord& main = *runs.front();
  std::optional<AllocationStream> here = StreamOf(main);
  if (!here || here->most_held <= 0) return nullptr;
  std::optional<AllocationStream> other;
  int64_t other_samples = 0;
  const double samples = static_cast<double>(main.knobs.batch_size);
  const auto apart = [samples](int64_t size) { return std::abs(std::log(static_cast<double>(size) / samples)); };
  for (const RunRecord* run : runs.subspan(1)) {
    const int64_t size = run->knobs.batch_size;
    if (size == main.knobs.batch_size || run->allocator != main.allocator || run->knobs.device != main.knobs.device) {
      continue;
    }
    if (other && apart(size) <= apart(other_samples)) continue;
    std::optional<AllocationStream> stream = StreamOf(*run);
    if (!stream || !stream->SameShapeAs(*here)) continue;
    other = std::move(stream);
    other_samples = size;
  }
  if (!other) return nullptr;

  std::shared_ptr<AllocationReplay> replay(new AllocationReplay);
  replay->by_torch_ = main.allocator == "torch";
  const bool rounded = replay->by_torch_ && AreOfBlocks(*here) && AreOfBlocks(*other);
  for (size_t block = 0; block < here->bytes.size(); ++block) {
    const double bytes = here->bytes[block], other_bytes = other->bytes[block];
    const double slack = rounded ? SlackOf(std::max(bytes, other_bytes)) : 0;
    replay->sizes_.emplace_back(bytes, samples, other_bytes, static_cast<double>(other_samples), slack);
  }
  replay->shape_ = *std::move(here);
  const auto holds = [&replay](int64_t size, double held) {
    return std::abs(replay->At(size).held - held) <= kSameHeld * held;
  };
  const bool both = holds(main.knobs.batch_size, replay->shape_.most_held) && holds(other_samples, other->most_held);
  return both ? replay : nullptr;
}

std::optional<AllocationReplay::Memory> AllocationReplay::PlayAt(int64_t samples, uint64_t limit_bytes) const {
  const auto size_of = [&](uint32_t block) { return sizes_[block].At(samples); };
  return by_torch_ ? Play(TorchAllocator(limit_bytes), shape_, size_of)
                   : Play(PoolAllocator(limit_bytes), shape_, size_of);
}

AllocationReplay::Memory AllocationReplay::At(int64_t samples) const {
  const std::lock_guard lock(mutex_);
  const auto [known, added] = known_.try_emplace(samples);
  constexpr Memory kTooMuch = {static_cast<double>(kNoLimit), static_cast<double>(kNoLimit)};
  if (added) known->second = PlayAt(samples, kNoLimit).value_or(kTooMuch);
  return known->second;
}

double AllocationReplay::LeastAt(int64_t samples) const {
  const Memory free = At(samples);
  const std::lock_guard lock(mutex_);
  const auto [known, added] = least_.try_emplace(samples);
  if (added) {
    known->second = LeastLimit(free, [&](uint64_t limit) { return PlayAt(samples, limit).has_value(); });
  }
  return known->second;
}

}  // namespace stallpoint
