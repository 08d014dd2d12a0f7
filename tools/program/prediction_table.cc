#include "tools/program/prediction_table.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include "fmt/core.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

std::string Size(const std::optional<double>& bytes) { return bytes ? HumanSize(*bytes) : "-"; }

// A column that is there only where rows differ in it.
struct Column {
  std::string header;
  std::string (*text)(const Prediction&);
  bool only_if_different = false;
};

const std::vector<Column> kColumns = {
    {"batch", [](const Prediction& p) { return fmt::format("{}", p.knobs.batch_size); }},
    {"workers", [](const Prediction& p) { return fmt::format("{}", p.knobs.worker_count); }},
    {"prefetch",
     [](const Prediction& p) { return p.knobs.worker_count == 0 ? "-" : fmt::format("{}", p.knobs.prefetch_depth); }},
    {"memory limit",
     [](const Prediction& p) { return p.knobs.host_limit_bytes == 0 ? "-" : FormatSize(p.knobs.host_limit_bytes); },
     true},
    {"from storage", [](const Prediction& p) { return p.storage_share ? Percent(*p.storage_share) : std::string("-"); },
     true},
    {"step ms", [](const Prediction& p) { return fmt::format("{:.2f}", p.step_ms); }},
    {"interval", [](const Prediction& p) { return fmt::format("{:.2f}..{:.2f}", p.step_ms_low, p.step_ms_high); }},
    {"samples/s", [](const Prediction& p) { return fmt::format("{:.4g}", p.throughput_per_s); }},
    {"stall", [](const Prediction& p) { return fmt::format("{:.1f} %", p.stall_share() * 100); }},
    {"bound", [](const Prediction& p) { return std::string(p.bound == Bound::kCompute ? "-" : Name(p.bound)); }},
    {"stage",
     [](const Prediction& p) {
       return p.stage.empty() ? "-" : fmt::format("{} ({})", Printable(p.stage), Name(p.wait));
     }},
    {"host memory", [](const Prediction& p) { return Size(p.host_memory_bytes); }},
    {"device memory", [](const Prediction& p) { return Size(p.device_memory_bytes); }},
};

}  // namespace

void PredictionTable::Add(const Prediction& prediction, std::string mark) {
  const auto add = [&mark](const std::string& more) {
    if (!more.empty()) mark += mark.empty() ? more : ", " + more;
  };
  add(MemoryMark(prediction));
  if (prediction.cold_unknown) {
    add("data not cached, reads unknown");
  } else if (prediction.extrapolated) {
    add("extrapolated");
  }
  rows_.emplace_back(prediction, std::move(mark));
}

std::string PredictionTable::Render() const {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> cells(rows_.size());
  for (const Column& column : kColumns) {
    std::vector<std::string> texts;
    for (const auto& [prediction, mark] : rows_) texts.push_back(column.text(prediction));
    const bool same = std::adjacent_find(texts.begin(), texts.end(), std::not_equal_to<>()) == texts.end();
    if (column.only_if_different && same) continue;
    header.push_back(column.header);
    for (size_t i = 0; i < texts.size(); ++i) cells[i].push_back(std::move(texts[i]));
  }
  header.emplace_back();
  Table table(header);
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i].push_back(rows_[i].second);
    table.Add(std::move(cells[i]));
  }
  return table.Render();
}

std::string MemoryMark(const Prediction& p) {
  const double chance = p.p_out_of_memory.value_or(0);
  if (chance < 0.01) return "";
  const auto room = [](const std::optional<double>& bytes, double limit) {
    return limit > 0 && bytes ? limit / *bytes : INFINITY;
  };
  const auto size = [](uint64_t limit, double room_bytes) {
    return static_cast<double>(limit) == room_bytes ? FormatSize(limit) : HumanSize(room_bytes);
  };
  const bool host = room(p.host_memory_bytes, p.host_room_bytes) < room(p.device_memory_bytes, p.device_room_bytes);
  const std::string limit =
      host ? fmt::format("the {} of host memory", size(p.knobs.host_limit_bytes, p.host_room_bytes))
           : fmt::format("the {} of device memory", size(p.knobs.device_limit_bytes, p.device_room_bytes));
  const double full_after = (host ? p.host_full_after_samples : p.device_full_after_samples).value_or(0);
  const std::string when = full_after >= 1 ? fmt::format(", full after {:.0f} samples", full_after) : "";
  if (chance > 0.99) return fmt::format("does not fit {}{}", limit, when);
  return fmt::format("may not fit {} ({:.0f} %){}", limit, chance * 100, when);
}

std::string WorkersText(const Knobs& knobs) {
  return fmt::format("{} worker{}", knobs.worker_count, knobs.worker_count == 1 ? "" : "s");
}

std::string SettingText(const Knobs& knobs) {
  std::string text = fmt::format("batch {}, {}", knobs.batch_size, WorkersText(knobs));
  if (knobs.worker_count > 0) text += fmt::format(", prefetch {}", knobs.prefetch_depth);
  return text;
}

std::string LimitText(const Knobs& knobs, const Knobs& recorded) {
  if (knobs.host_limit_bytes == 0 || knobs.host_limit_bytes == recorded.host_limit_bytes) return "";
  return fmt::format(", {} of host memory", FormatSize(knobs.host_limit_bytes));
}

std::string StallPointText(const StallPoint& point) {
  std::string text =
      fmt::format("stall point on {}: stalled at {:g}, free at {:g}", point.axis, point.stalled_at, point.free_at);
  if (!point.stage.empty()) text += fmt::format(" (behind it: {}, {})", Printable(point.stage), Name(point.wait));
  return text + '\n';
}

std::string NothingFitsText(const Prediction& recorded) {
  const bool leaks = recorded.full_after_samples().value_or(0) > 0;
  return fmt::format(
      "recommended: nothing, no setting fits the memory allowed; {}\n",
      leaks ? "something stays of every sample: look for what loading or step keep, other settings only put it off"
            : "allow more, or sweep a smaller --batch");
}

std::string FirstPassNote(const Predictor& predictor) {
  if (predictor.FirstPass() == 0) return "";
  return fmt::format(
      "note: the first {} steps fetched their data from storage, later ones found it in the page cache: predictions "
      "are of steps that find it there\n",
      predictor.FirstPass());
}

std::string ColdForOnceNote(const Predictor& predictor) {
  if (!predictor.ColdForOnce()) return "";
  const Prediction recorded = predictor.Estimate(predictor.recorded());
  return fmt::format(
      "note: {:.0f} % of the samples came from storage, and predictions are of runs that fetch as many; the page cache "
      "has room for all data ({}), and a run that finds it there is faster: record once more to predict that\n",
      recorded.storage_share.value_or(0) * 100, HumanSize(predictor.DataBytes()));
}

std::string LeakNote(const Predictor& predictor) {
  const double on_host = predictor.HostLeakPerSample(), on_device = predictor.DeviceLeakPerSample();
  if (on_host <= 0 && on_device <= 0) return "";
  const Prediction recorded = predictor.Estimate(predictor.recorded());
  const auto note = [&](double leak, const char* where, const std::optional<double>& full_after, double room) {
    if (leak <= 0) return std::string();
    std::string text = fmt::format(
        "note: {} of {} memory stay of every sample; what a setting holds is told of a run of {:.0f} samples "
        "(an epoch, or as many as were recorded)",
        HumanSize(leak), where, predictor.UsualRunSamples());
    if (full_after && recorded.throughput_per_s > 0) {
      text += fmt::format(", and the recorded one fills all {} after {:.0f} samples, {}", HumanSize(room), *full_after,
                          HumanTime(*full_after / recorded.throughput_per_s));
    }
    return text + '\n';
  };
  // A device without memory of its own fills the host's.
  const bool fills_host = on_host <= 0 && !recorded.device_full_after_samples;
  const std::optional<double>& device_full_after =
      fills_host ? recorded.host_full_after_samples : recorded.device_full_after_samples;
  return note(on_host, "host", recorded.host_full_after_samples, recorded.host_room_bytes) +
         note(on_device, "device", device_full_after,
              fills_host ? recorded.host_room_bytes : recorded.device_room_bytes);
}

}  // namespace stallpoint
