#include "replay/simulate/demand_tape.h"

#include <algorithm>

#include "replay/statistics.h"

namespace stallpoint {
namespace {

// Consecutive computing is one phase; short waits join the longest one.
void AppendMerged(const std::vector<Demand>& row, std::vector<Demand>* phases) {
  const size_t begin = phases->size();
  size_t longest = 0;
  double short_waits = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    if (row[i].wait > row[longest].wait) longest = i;
  }
  for (size_t i = 0; i < row.size(); ++i) {
    if (i != longest && row[i].wait < DemandTape::kShortWaitNs) short_waits += row[i].wait;
  }
  for (size_t i = 0; i < row.size(); ++i) {
    Demand phase = row[i];
    if (i == longest) {
      phase.wait += short_waits;
      if (phase.read > 0) phase.read += short_waits;
    } else if (phase.wait < DemandTape::kShortWaitNs) {
      phase.wait = phase.read = 0;
    }
    if (phase.wait > 0 || phases->size() == begin) {
      phases->push_back(phase);
    } else {
      phases->back().cpu += row[i].cpu;
    }
  }
}

}  // namespace

DemandTape DemandTape::Build(const std::vector<std::vector<Demand>>& rows, absl::Span<const uint32_t> order,
                             absl::Span<const uint32_t> pool, uint64_t seed, size_t length) {
  DemandTape tape;
  tape.offsets_.reserve(rows.size() + 1);
  tape.offsets_.push_back(0);
  std::vector<Demand> totals(rows.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    AppendMerged(rows[r], &tape.phases_);
    tape.offsets_.push_back(static_cast<uint32_t>(tape.phases_.size()));
    for (const Demand& stage : rows[r]) totals[r] += stage;
  }
  tape.recorded_length_ = order.size();
  tape.places_.assign(order.begin(), order.end());
  for (size_t place = order.size(); place < length; ++place) {
    tape.places_.push_back(pool[Pick(Hash(seed, place), pool.size())]);
  }
  tape.prefix_.resize(tape.places_.size() + 1);
  for (size_t i = 0; i < tape.places_.size(); ++i) {
    tape.prefix_[i + 1] = tape.prefix_[i];
    tape.prefix_[i + 1] += totals[tape.places_[i]];
  }
  for (uint32_t row : pool) tape.mean_ += totals[row];
  tape.mean_.wait /= static_cast<double>(pool.size());
  tape.mean_.cpu /= static_cast<double>(pool.size());
  tape.mean_.read /= static_cast<double>(pool.size());
  tape.has_waits_ = std::any_of(tape.phases_.begin(), tape.phases_.end(), [](const Demand& p) { return p.wait > 0; });
  return tape;
}

Demand DemandTape::SumAround(size_t begin, size_t count) const {
  Demand sum;
  while (count > 0) {
    const size_t piece = std::min(count, places_.size() - begin);
    sum += Between(begin, begin + piece);
    count -= piece;
    begin = 0;
  }
  return sum;
}

}  // namespace stallpoint
