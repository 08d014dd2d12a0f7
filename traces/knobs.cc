#include "traces/knobs.h"

#include <charconv>
#include <string_view>

#include "fmt/core.h"
#include "nlohmann/json.hpp"
#include "traces/device_spec.h"
#include "traces/proto/knobs.pb.h"
#include "traces/text.h"

namespace stallpoint {
namespace {

constexpr int kMaxCpu = 8191;

absl::Status CheckRange(std::string_view flag, int64_t value, int64_t low, int64_t high) {
  if (low <= value && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("{} {}: expected {} to {}", flag, value, low, high));
}

bool ParseCpu(std::string_view text, int* cpu) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *cpu);
  return error == std::errc() && stop == end && 0 <= *cpu && *cpu <= kMaxCpu;
}

absl::Status CheckCpuList(std::string_view list) {
  if (list.empty()) return absl::OkStatus();
  for (const std::string_view item : Split(list, ',')) {
    const auto [first_text, last_text] = SplitOnce(item, '-');
    const bool is_range = item.find('-') != std::string_view::npos;
    int first = 0, last = 0;
    if (!ParseCpu(first_text, &first) || (is_range && (!ParseCpu(last_text, &last) || last < first))) {
      return absl::InvalidArgumentError(
          fmt::format("--cpus {}: '{}' is not understood: expected a list such as 0-3,8 of processors 0 to {}", list,
                      item, kMaxCpu));
    }
  }
  return absl::OkStatus();
}

nlohmann::ordered_json NullIfZero(uint64_t value) {
  return value == 0 ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(value);
}

}  // namespace

absl::Status Validate(const Knobs& knobs) {
  absl::Status status = CheckRange("--batch", knobs.batch_size, 1, 1 << 24);
  status.Update(CheckRange("--workers", knobs.worker_count, 0, 4096));
  status.Update(CheckRange("--prefetch", knobs.prefetch_depth, 1, 1024));
  status.Update(CheckRange("--intra-op", knobs.intra_op_threads, 0, 4096));
  status.Update(CheckRange("--steps-in-flight", knobs.steps_in_flight, 1, 1024));
  status.Update(CheckRange("--accumulation", knobs.accumulation, 1, 1 << 20));
  status.Update(CheckCpuList(knobs.cpus));
  status.Update(ParseDevice(knobs.device).status());
  return status;
}

trace::Knobs ToProto(const Knobs& knobs) {
  trace::Knobs proto;
  proto.set_batch_size(knobs.batch_size);
  proto.set_worker_count(knobs.worker_count);
  proto.set_prefetch_depth(knobs.prefetch_depth);
  proto.set_pin_host_memory(knobs.pin_host_memory);
  proto.set_intra_op_threads(knobs.intra_op_threads);
  proto.set_cpus(knobs.cpus);
  proto.set_host_limit_bytes(knobs.host_limit_bytes);
  proto.set_device_limit_bytes(knobs.device_limit_bytes);
  proto.set_steps_in_flight(knobs.steps_in_flight);
  proto.set_in_order(knobs.in_order);
  proto.set_persistent_workers(knobs.persistent_workers);
  proto.set_drop_last(knobs.drop_last);
  proto.set_accumulation(knobs.accumulation);
  proto.set_seed(knobs.seed);
  proto.set_device(knobs.device);
  return proto;
}

Knobs FromProto(const trace::Knobs& proto) {
  return Knobs{.batch_size = proto.batch_size(),
               .worker_count = proto.worker_count(),
               .prefetch_depth = proto.prefetch_depth(),
               .pin_host_memory = proto.pin_host_memory(),
               .intra_op_threads = proto.intra_op_threads(),
               .cpus = proto.cpus(),
               .host_limit_bytes = proto.host_limit_bytes(),
               .device_limit_bytes = proto.device_limit_bytes(),
               .steps_in_flight = proto.steps_in_flight(),
               .in_order = proto.in_order(),
               .persistent_workers = proto.persistent_workers(),
               .drop_last = proto.drop_last(),
               .accumulation = proto.accumulation(),
               .seed = proto.seed(),
               .device = proto.device()};
}

nlohmann::ordered_json ToJson(const Knobs& knobs) {
  nlohmann::ordered_json json;
  json["batch_size"] = knobs.batch_size;
  json["worker_count"] = knobs.worker_count;
  json["prefetch_depth"] = knobs.prefetch_depth;
  json["pin_host_memory"] = knobs.pin_host_memory;
  json["intra_op_threads"] = knobs.intra_op_threads;
  json["cpus"] = knobs.cpus.empty() ? nlohmann::ordered_json(nullptr) : nlohmann::ordered_json(knobs.cpus);
  json["host_limit_bytes"] = NullIfZero(knobs.host_limit_bytes);
  json["device_limit_bytes"] = NullIfZero(knobs.device_limit_bytes);
  json["steps_in_flight"] = knobs.steps_in_flight;
  json["in_order"] = knobs.in_order;
  json["persistent_workers"] = knobs.persistent_workers;
  json["drop_last"] = knobs.drop_last;
  json["accumulation"] = knobs.accumulation;
  json["seed"] = knobs.seed;
  json["device"] = knobs.device;
  return json;
}

}  // namespace stallpoint
