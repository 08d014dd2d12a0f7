#include "replay/allocation_replay.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "replay/device_allocators.h"

namespace stallpoint {
namespace {

// How far a replay of the recorded batch size may be from what was recorded.
constexpr double kSameHeld = 0.01;
constexpr int kHalvings = 6;

// LibTorch before 2.10 says how large the block is that it gave: rounded up to its unit, or with a rest too small to
// split off.
double SlackOf(double bytes) { return bytes <= (1 << 20) ? 511 : (1 << 20) + 511; }

// Whether these are sizes of such blocks, and not what was asked for.
bool AreOfBlocks(const AllocationStream& stream) {
  return std::all_of(stream.bytes.begin(), stream.bytes.end(), [](double bytes) { return std::fmod(bytes, 512) == 0; });
}

template <typename Allocator>
bool PlayBy(Allocator allocator, const AllocationStream& stream, absl::Span<const BlockSize> sizes, int64_t samples,
            AllocationReplay::Memory* memory) {
  uint64_t in_use = 0, held = 0;
  for (const AllocationStream::Op& op : stream.ops) {
    if (op.frees) {
      allocator.Free(op.block);
      continue;
    }
    if (!allocator.Allocate(op.block, sizes[op.block].At(samples))) return false;
    in_use = std::max(in_use, allocator.in_use());
    held = std::max(held, allocator.held());
  }
  *memory = {static_cast<double>(in_use), static_cast<double>(held)};
  return true;
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

bool AllocationReplay::Play(int64_t samples, uint64_t limit_bytes, Memory* memory) const {
  return by_torch_ ? PlayBy(TorchAllocator(limit_bytes), shape_, sizes_, samples, memory)
                   : PlayBy(PoolAllocator(limit_bytes), shape_, sizes_, samples, memory);
}

AllocationReplay::Memory AllocationReplay::At(int64_t samples) const {
  const std::lock_guard lock(mutex_);
  const auto [known, added] = known_.try_emplace(samples);
  if (added && !Play(samples, kNoLimit, &known->second)) {
    known->second = {static_cast<double>(kNoLimit), static_cast<double>(kNoLimit)};
  }
  return known->second;
}

double AllocationReplay::LeastAt(int64_t samples) const {
  const Memory free = At(samples);
  const std::lock_guard lock(mutex_);
  const auto [known, added] = least_.try_emplace(samples, free.held);
  double too_little = free.in_use;
  for (int i = 0; added && i < kHalvings && known->second > too_little; ++i) {
    const double limit = (too_little + known->second) / 2;
    Memory unused;
    (Play(samples, static_cast<uint64_t>(limit), &unused) ? known->second : too_little) = limit;
  }
  return known->second;
}

}  // namespace stallpoint
