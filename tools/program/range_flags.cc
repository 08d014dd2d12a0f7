#include "tools/program/range_flags.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace stallpoint {
namespace {

template <typename T>
absl::Status TakeRange(const char* flag, const std::string& text,
                       absl::StatusOr<std::vector<T>> (*parse)(const std::string&), std::vector<T>* values) {
  if (text.empty()) return absl::OkStatus();
  auto parsed = parse(text);
  if (!parsed.ok()) return absl::InvalidArgumentError(absl::StrCat(flag, ": ", parsed.status().message()));
  *values = *std::move(parsed);
  return absl::OkStatus();
}

}  // namespace

void RangeFlags::AddTo(CLI::App& verb) {
  const auto add = [&verb](const char* name, std::string& text, const char* help) {
    verb.add_option(name, text, help)
        ->type_name("RANGE")
        ->group("Knob ranges: 4 or 8,16,32 or 0:8 or 8:256:*2 or 8:256:+8");
  };
  add("--batch", batch_, "Batch sizes, e.g. 8:256:*2");
  add("--workers", workers_, "Worker counts, e.g. 0:16");
  add("--prefetch", prefetch_, "Prefetch depths, e.g. 1:8");
  add("--steps-in-flight", steps_in_flight_, "Steps in flight, e.g. 1:4");
  add("--host-memory", host_memory_, "Host memory limits, e.g. 4GiB:32GiB");
  add("--device-memory", device_memory_, "Device memory limits, e.g. 8GiB:64GiB");
}

absl::StatusOr<SweepRanges> RangeFlags::Parse() const {
  SweepRanges ranges;
  absl::Status status;
  status.Update(TakeRange("--batch", batch_, ParseRange, &ranges.batch_size));
  status.Update(TakeRange("--workers", workers_, ParseRange, &ranges.worker_count));
  status.Update(TakeRange("--prefetch", prefetch_, ParseRange, &ranges.prefetch_depth));
  status.Update(TakeRange("--steps-in-flight", steps_in_flight_, ParseRange, &ranges.steps_in_flight));
  status.Update(TakeRange("--host-memory", host_memory_, ParseSizeRange, &ranges.host_limit_bytes));
  status.Update(TakeRange("--device-memory", device_memory_, ParseSizeRange, &ranges.device_limit_bytes));
  if (!status.ok()) return status;
  return ranges;
}

}  // namespace stallpoint
