#include "tools/program/prediction_table.h"

#include <cmath>
#include <optional>
#include <utility>

#include "fmt/core.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

const std::vector<std::string> kHeader = {"batch", "workers", "prefetch", "step ms",     "interval",      "samples/s",
                                          "stall", "bound",   "stage",    "host memory", "device memory", ""};

std::string Size(const std::optional<double>& bytes) { return bytes ? HumanSize(*bytes) : "-"; }

}  // namespace

Table PredictionTable() { return Table(kHeader); }

std::vector<std::string> PredictionRow(const Prediction& p, std::string mark) {
  const auto add = [&mark](const std::string& more) {
    if (!more.empty()) mark += mark.empty() ? more : ", " + more;
  };
  add(MemoryMark(p));
  if (p.extrapolated) add("extrapolated");
  return {fmt::format("{}", p.knobs.batch_size),
          fmt::format("{}", p.knobs.worker_count),
          p.knobs.worker_count == 0 ? "-" : fmt::format("{}", p.knobs.prefetch_depth),
          fmt::format("{:.2f}", p.step_ms),
          fmt::format("{:.2f}..{:.2f}", p.step_ms_low, p.step_ms_high),
          fmt::format("{:.4g}", p.throughput_per_s),
          fmt::format("{:.1f} %", p.stall_share() * 100),
          p.bound == Bound::kCompute ? "-" : Name(p.bound),
          p.stage.empty() ? "-" : fmt::format("{} ({})", Printable(p.stage), Name(p.wait)),
          Size(p.host_memory_bytes),
          Size(p.device_memory_bytes),
          std::move(mark)};
}

std::string MemoryMark(const Prediction& p) {
  const double chance = p.p_out_of_memory.value_or(0);
  if (chance < 0.01) return "";
  const auto room = [](const std::optional<double>& bytes, uint64_t limit) {
    return limit > 0 && bytes ? static_cast<double>(limit) / *bytes : INFINITY;
  };
  const bool host =
      room(p.host_memory_bytes, p.knobs.host_limit_bytes) < room(p.device_memory_bytes, p.knobs.device_limit_bytes);
  const std::string limit = host ? fmt::format("the {} of host memory", FormatSize(p.knobs.host_limit_bytes))
                                 : fmt::format("the {} of device memory", FormatSize(p.knobs.device_limit_bytes));
  if (chance > 0.99) return fmt::format("does not fit {}", limit);
  return fmt::format("may not fit {} ({:.0f} %)", limit, chance * 100);
}

std::string WorkersText(const Knobs& knobs) {
  return fmt::format("{} worker{}", knobs.worker_count, knobs.worker_count == 1 ? "" : "s");
}

std::string SettingText(const Knobs& knobs) {
  std::string text = fmt::format("batch {}, {}", knobs.batch_size, WorkersText(knobs));
  if (knobs.worker_count > 0) text += fmt::format(", prefetch {}", knobs.prefetch_depth);
  return text;
}

std::string StallPointText(const StallPoint& point) {
  std::string text =
      fmt::format("stall point on {}: stalled at {:g}, free at {:g}", point.axis, point.stalled_at, point.free_at);
  if (!point.stage.empty()) text += fmt::format(" (behind it: {}, {})", Printable(point.stage), Name(point.wait));
  return text + '\n';
}

}  // namespace stallpoint
