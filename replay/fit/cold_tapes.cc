#include "replay/fit/cold_tapes.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "replay/statistics.h"

namespace stallpoint {
namespace {

// Longer than what is simulated of one setting.
constexpr size_t kLength = size_t{1} << 15;
constexpr uint64_t kOrderDraw = 0x636f6c64, kLikeDraw = 0x6c696b65;

size_t LengthOf(const ColdTapes::Samples& samples) { return std::max(kLength, samples.order.size() * 2); }

}  // namespace

ColdTapes::ColdTapes(Samples samples) : samples_(std::move(samples)), coldest_first_(samples_.rows.size()) {
  std::iota(coldest_first_.begin(), coldest_first_.end(), 0u);
  const auto place = [&](uint32_t row) { return Hash(samples_.seed ^ kOrderDraw, row); };
  std::sort(coldest_first_.begin(), coldest_first_.end(), [&](uint32_t a, uint32_t b) { return place(a) < place(b); });
}

const DemandTape& ColdTapes::With(double cold_share) const {
  const auto step = static_cast<size_t>(std::llround(std::clamp(cold_share, 0.0, 1.0) * kSteps));
  const std::lock_guard lock(mutex_);
  std::unique_ptr<DemandTape>& tape = tapes_[step];
  if (tape == nullptr) {
    tape = std::make_unique<DemandTape>(DemandTape::Build(RowsWith(static_cast<double>(step) / kSteps), samples_.order,
                                                          samples_.pool, samples_.seed, LengthOf(samples_)));
  }
  return *tape;
}

std::vector<std::vector<Demand>> ColdTapes::RowsWith(double cold_share) const {
  std::vector<std::vector<Demand>> rows = samples_.rows;
  const auto change = [&](uint32_t row, const std::vector<std::vector<Demand>>& like, double slow) {
    const std::vector<Demand>& drawn = like[Pick(Hash(samples_.seed ^ kLikeDraw, row), like.size())];
    for (size_t s = 0; s < rows[row].size(); ++s) {
      if (samples_.reads[s]) {
        rows[row][s] = drawn[s];
      } else {
        rows[row][s].cpu *= slow;
      }
    }
  };
  const double cold = cold_share * static_cast<double>(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const uint32_t row = coldest_first_[i];
    const bool becomes_cold = static_cast<double>(i) + 0.5 < cold;
    if (becomes_cold == samples_.cold[row]) continue;
    if (becomes_cold) {
      change(row, samples_.like_cold, samples_.cold_slow);
    } else {
      change(row, samples_.like_warm, 1 / samples_.cold_slow);
    }
  }
  return rows;
}

DemandTape ColdTapes::WithFirstPass(double first_share, int64_t first_samples, double later_share,
                                    int64_t samples) const {
  // Rows of the first pass, then the same rows of later ones.
  std::vector<std::vector<Demand>> rows = RowsWith(first_share);
  const auto count = static_cast<uint32_t>(rows.size());
  for (std::vector<Demand>& row : RowsWith(later_share)) rows.push_back(std::move(row));
  const size_t length = std::max(LengthOf(samples_), static_cast<size_t>(samples));
  std::vector<uint32_t> order, pool;
  for (size_t place = 0; place < length; ++place) {
    const bool recorded = place < samples_.order.size();
    const uint32_t row =
        recorded ? samples_.order[place] : samples_.pool[Pick(Hash(samples_.seed, place), samples_.pool.size())];
    order.push_back(static_cast<int64_t>(place) < first_samples ? row : row + count);
  }
  for (const uint32_t row : samples_.pool) pool.push_back(row + count);
  return DemandTape::Build(rows, order, pool, samples_.seed, length);
}

}  // namespace stallpoint
