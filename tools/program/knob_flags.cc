#include "tools/program/knob_flags.h"

#include "absl/strings/str_cat.h"
#include "traces/device_spec.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

constexpr char kGroup[] = "Knobs";

// "--pin" alone means 1; "--pin=0" and "--pin=1" say it.
void AddSwitch(CLI::App& verb, const std::string& name, std::optional<bool>& value, const std::string& help) {
  verb.add_option(name, value, help)->expected(0, 1)->default_str("1")->group(kGroup)->type_name("0|1");
}

}  // namespace

void KnobFlags::AddTo(CLI::App& verb) {
  const auto add = [&](const char* name, auto& value, const char* help, const char* type) {
    verb.add_option(name, value, help)->group(kGroup)->type_name(type);
  };
  add("--batch", batch_, "Samples in a batch (32), e.g. --batch 64", "N");
  add("--workers", workers_, "Loader workers; 0 loads on the main thread (0), e.g. --workers 4", "N");
  add("--prefetch", prefetch_, "Batches in flight per worker (2), e.g. --prefetch 4", "N");
  add("--steps-in-flight", steps_in_flight_, "Steps issued before main waits for the device (2)", "N");
  add("--host-memory", host_memory_, "Host memory limit (none), e.g. --host-memory 8GiB", "SIZE");
  add("--device-memory", device_memory_, "Device memory limit (none), e.g. --device-memory 24GiB", "SIZE");
  AddOthersTo(verb);
}

void KnobFlags::AddOthersTo(CLI::App& verb) {
  const auto add = [&](const char* name, auto& value, const char* help, const char* type) {
    verb.add_option(name, value, help)->group(kGroup)->type_name(type);
  };
  AddSwitch(verb, "--pin", pin_, "Pass batches through page-locked memory; no effect on cpu and emulated (0)");
  add("--intra-op", intra_op_, "Threads of a step on the cpu device (cores - 1, at least 1)", "N");
  add("--cpus", cpus_, "Processors the run may use (all), e.g. --cpus 0-3", "LIST");
  AddSwitch(verb, "--in-order", in_order_, "Deliver batches in the sampler's order (1)");
  AddSwitch(verb, "--persistent", persistent_, "Keep workers across epochs (1)");
  AddSwitch(verb, "--drop-last", drop_last_, "Leave out the short last batch of an epoch (0)");
  add("--accumulation", accumulation_, "Iterations per optimizer step (1)", "N");
  add("--seed", seed_, "Seed of order, augmentation and parameters (0)", "N");
  add("--device", device_,
      "cpu, or emulated[:launch=TIME,sample=TIME,base=SIZE,sample_bytes=SIZE] (cpu; launch 2ms, sample 4ms)", "DEVICE");
}

absl::StatusOr<Knobs> KnobFlags::Apply(Knobs knobs) const {
  const auto take = [](const auto& given, auto& value) {
    if (given) value = *given;
  };
  take(batch_, knobs.batch_size);
  take(workers_, knobs.worker_count);
  take(prefetch_, knobs.prefetch_depth);
  take(pin_, knobs.pin_host_memory);
  take(intra_op_, knobs.intra_op_threads);
  take(cpus_, knobs.cpus);
  take(steps_in_flight_, knobs.steps_in_flight);
  take(in_order_, knobs.in_order);
  take(persistent_, knobs.persistent_workers);
  take(drop_last_, knobs.drop_last);
  take(accumulation_, knobs.accumulation);
  take(seed_, knobs.seed);
  take(device_, knobs.device);
  if (host_memory_) {
    const auto bytes = ParseSize(*host_memory_);
    if (!bytes.ok()) return absl::InvalidArgumentError(absl::StrCat("--host-memory: ", bytes.status().message()));
    knobs.host_limit_bytes = *bytes;
  }
  if (device_memory_) {
    const auto bytes = ParseSize(*device_memory_);
    if (!bytes.ok()) return absl::InvalidArgumentError(absl::StrCat("--device-memory: ", bytes.status().message()));
    knobs.device_limit_bytes = *bytes;
  }
  if (const auto spec = ParseDevice(knobs.device); !spec.ok()) return spec.status();
  if (const absl::Status valid = Validate(knobs); !valid.ok()) return valid;
  return knobs;
}

absl::StatusOr<std::map<std::string, std::string>> ParseSetOptions(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> options;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("--set: expected KEY=VALUE, found '", text, "'"));
    }
    options[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return options;
}

}  // namespace stallpoint
