#include "harness/record/track_registry.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace stallpoint {
namespace {

constexpr uint64_t kRingBudgetBytes = 256 << 20;

uint32_t RingSlots(uint32_t ring_bytes, size_t live_rings) {
  const uint64_t share = kRingBudgetBytes / (16 * (live_rings + 1));
  const uint64_t slots = std::min<uint64_t>(ring_bytes, share) / sizeof(EventSlot);
  return slots < 2 ? 0 : static_cast<uint32_t>(std::bit_floor(slots));
}

}  // namespace

std::shared_ptr<RecordedTrack> TrackRegistry::Add(trace::TrackDefinition definition) {
  const std::lock_guard lock(mutex_);
  return AddWithSlots(std::move(definition), RingSlots(ring_bytes_, live_rings_++));
}

std::shared_ptr<RecordedTrack> TrackRegistry::AddWithoutRing(trace::TrackDefinition definition) {
  const std::lock_guard lock(mutex_);
  return AddWithSlots(std::move(definition), 0);
}

std::shared_ptr<RecordedTrack> TrackRegistry::AddWithSlots(trace::TrackDefinition definition, uint32_t slots) {
  auto track = std::make_shared<RecordedTrack>();
  definition.set_id(++last_id_);
  track->definition = std::move(definition);
  track->log = std::make_shared<ThreadLog>(last_id_, slots, half_full_);
  tracks_.push_back(track);
  return track;
}

std::vector<std::shared_ptr<RecordedTrack>> TrackRegistry::tracks() const {
  const std::lock_guard lock(mutex_);
  return tracks_;
}

void TrackRegistry::Remove(const std::vector<std::shared_ptr<RecordedTrack>>& drained) {
  if (drained.empty()) return;
  const std::lock_guard lock(mutex_);
  // Both are in the order of their ids.
  const auto gone = [&drained](const std::shared_ptr<RecordedTrack>& track) {
    return std::binary_search(drained.begin(), drained.end(), track,
                              [](const auto& a, const auto& b) { return a->definition.id() < b->definition.id(); });
  };
  live_rings_ -= drained.size();  // a track without a ring lives as long as the registry
  std::erase_if(tracks_, gone);
}

}  // namespace stallpoint
