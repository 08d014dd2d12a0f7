// How large the blocks are in which a run holds what it was asked for: the harness makes them, and replay expects them.
#ifndef STALLPOINT_TRACES_MEMORY_BLOCKS_H_
#define STALLPOINT_TRACES_MEMORY_BLOCKS_H_

#include <algorithm>
#include <bit>
#include <cstdint>

namespace stallpoint {

// Of stallpoint's pools: capacities are multiples of the least, so many to an octave.
inline constexpr uint64_t kLeastCapacity = 64;
inline constexpr uint64_t kBatchCapacitiesPerOctave = 8;   // batches and arenas, whose sizes vary
inline constexpr uint64_t kTightCapacitiesPerOctave = 64;  // of sizes that come again exactly

constexpr uint64_t PoolCapacity(uint64_t bytes, uint64_t capacities_per_octave) {
  const uint64_t wanted = std::max(bytes, kLeastCapacity);
  const uint64_t step = std::max(std::bit_floor(wanted) / capacities_per_octave, kLeastCapacity);
  return (wanted + step - 1) / step * step;
}

// Steps for which a GPU has memory of their own, a batch on the device and, with --pin, one that is page-locked: those
// in flight, one whose batch is copied, and one whose end the next is measured from.
constexpr int64_t StepsWithMemory(int64_t steps_in_flight) { return steps_in_flight + 2; }

}  // namespace stallpoint

#endif  // STALLPOINT_TRACES_MEMORY_BLOCKS_H_
