#include "replay/fit/allocation_stream.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace stallpoint {

std::optional<AllocationStream> StreamOf(const RunRecord& run) {
  // What follows the last mark is a part of a step.
  size_t end = run.allocations.size();
  while (end > 0 && run.allocations[end - 1].bytes != 0) --end;
  if (end == 0) return std::nullopt;
  AllocationStream stream;
  std::unordered_map<uint64_t, uint32_t> in_use;  // by address
  for (size_t i = 0; i + 1 < end; ++i) {
    const AllocationRecord& row = run.allocations[i];
    if (row.bytes == 0) {
      stream.step_begins.push_back(stream.ops.size());
      continue;
    }
    stream.most_held = std::max(stream.most_held, static_cast<double>(row.held_bytes));
    const auto held = in_use.find(row.address);
    // Of a block in use that is handed out again it was not seen that it was freed.
    if (held != in_use.end()) {
      stream.ops.push_back({held->second, true});
      in_use.erase(held);
    }
    if (row.bytes < 0) continue;
    const auto block = static_cast<uint32_t>(stream.bytes.size());
    stream.ops.push_back({block, false});
    stream.bytes.push_back(static_cast<double>(row.bytes));
    in_use.emplace(row.address, block);
  }
  if (stream.step_begins.empty()) return std::nullopt;
  return stream;
}

BlockSize::BlockSize(double bytes_a, double samples_a, double bytes_b, double samples_b, double slack) {
  const double per_sample = std::min(bytes_a / samples_a, bytes_b / samples_b);
  const double proportional = std::max(bytes_a - per_sample * samples_a, bytes_b - per_sample * samples_b);
  const double same = std::abs(bytes_a - bytes_b);
  if (std::min(proportional, same) > slack) {
    per_sample_ = (bytes_b - bytes_a) / (samples_b - samples_a);
    fixed_ = bytes_a - per_sample_ * samples_a;
  } else if (proportional < same) {
    per_sample_ = per_sample;
  } else {
    fixed_ = std::min(bytes_a, bytes_b);
  }
}

uint64_t BlockSize::At(int64_t samples) const {
  constexpr double kMost = 1e18;  // more than any device has
  return static_cast<uint64_t>(std::clamp(std::round(fixed_ + per_sample_ * static_cast<double>(samples)), 1.0, kMost));
}

}  // namespace stallpoint
