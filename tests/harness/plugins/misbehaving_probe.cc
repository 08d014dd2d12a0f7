// A probe that counts its polls, and breaks one rule when the option `fault` says so. Without the SDK's wrapper, so
// that what it throws crosses the boundary.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

#include "stallpoint/abi/entry.h"

namespace {

struct Observer {
  const sp_host* host;
  std::string fault;
  int64_t starts = 0, stops = 0, polls = 0;

  bool has(const char* name) const { return fault == name; }
  void emit(const char* series, double value) const {
    host->counter(host->self, host->intern(host->self, series), value);
  }
};

const sp_series kSeries[] = {{sizeof(sp_series), 0, "polls", "1"}, {sizeof(sp_series), 0, "starts", "1"}};
const sp_series kSameNames[] = {{sizeof(sp_series), 0, "polls", "1"}, {sizeof(sp_series), 0, "polls", "1"}};

sp_code Fail(sp_error* error, sp_code code, const char* message) {
  error->code = code;
  snprintf(error->message, sizeof error->message, "%s", message);
  return code;
}

Observer& Of(void* self) { return *static_cast<Observer*>(self); }

sp_code Start(void* self, sp_error* error) {
  Observer& probe = Of(self);
  if (probe.has("hang_in_start")) pause();
  if (probe.has("fail_in_start")) return Fail(error, SP_NOT_FOUND, "there is nothing to observe here");
  if (probe.has("starts_once") && probe.starts > 0) return Fail(error, SP_INTERNAL, "started already");
  ++probe.starts;
  return SP_OK;
}

void Stop(void* self) {
  Observer& probe = Of(self);
  if (probe.has("crash_in_second_stop") && probe.stops > 0) abort();
  ++probe.stops;
}

sp_code Poll(void* self, int64_t, sp_error* error) {
  Observer& probe = Of(self);
  ++probe.polls;
  if (probe.has("hang_in_poll")) pause();
  if (probe.has("throw_in_poll")) throw std::runtime_error("thrown in poll");
  if (probe.has("crash_in_poll")) abort();
  if (probe.has("silent")) return SP_INTERNAL;
  if (probe.has("fail_in_third_poll") && probe.polls == 3) return Fail(error, SP_DATA_LOSS, "the sensor is gone");
  if (probe.has("spins")) {
    for (const int64_t end = probe.host->now_ns(nullptr) + 100'000'000; probe.host->now_ns(nullptr) < end;) {
    }
  }
  probe.emit("polls", static_cast<double>(probe.polls));
  if (!probe.has("never_emits_starts")) probe.emit("starts", static_cast<double>(probe.starts));
  if (probe.has("undeclared")) probe.emit("secret", 1);
  if (probe.has("twice")) probe.emit("polls", 0);
  return SP_OK;
}

void Destroy(void* self) { delete static_cast<Observer*>(self); }

sp_code CreateWorkload(const char*, const sp_host*, sp_workload*, sp_error* error) {
  return Fail(error, SP_NOT_FOUND, "there are no workloads here");
}

sp_code CreateProbe(const char* id, const sp_host* host, sp_probe* out, sp_error* error) {
  const char* given = host->option(host->self, "fault");
  const std::string fault = given == nullptr ? "none" : given;
  if (strcmp(id, "misbehaving") != 0 && fault != "any_id") {
    return Fail(error, SP_NOT_FOUND, fault == "no_message" ? "" : "only the probe 'misbehaving' is here");
  }
  if (fault == "fail_in_create") return Fail(error, SP_FAILED_PRECONDITION, "this machine has no such sensor");
  const char* period_ms = host->option(host->self, "period_ms");
  const sp_probe table = {
      .struct_size = sizeof(sp_probe),
      .self = new Observer{host, fault},
      .series_count = fault == "too_many_series" ? int64_t{1} << 40 : 2,
      .series_stride = sizeof(sp_series),
      .series = fault == "same_names" ? kSameNames : kSeries,
      .min_poll_ns = (period_ms == nullptr ? 10 : atoll(period_ms)) * 1'000'000,
      .start = Start,
      .stop = Stop,
      .poll = fault == "no_poll" ? nullptr : Poll,
      .destroy = Destroy,
  };
  const size_t room = out->struct_size;
  std::memcpy(out, &table, room < sizeof table && fault != "overruns" ? room : sizeof table);
  if (room < sizeof table) out->struct_size = static_cast<uint32_t>(room);
  return SP_OK;
}

const sp_option kOptions[] = {{sizeof(sp_option), 0, "fault", "none", "what goes wrong"},
                              {sizeof(sp_option), 0, "period_ms", "10", "from poll to poll"},
                              {sizeof(sp_option), 0, "data_dir", "", "the run's data folder"}};

const sp_descriptor kDescriptor = {.struct_size = sizeof(sp_descriptor),
                                   .kind = SP_KIND_PROBE,
                                   .id = "misbehaving",
                                   .summary = "observes badly, as told",
                                   .version = "1.0",
                                   .option_count = 3,
                                   .option_stride = sizeof(sp_option),
                                   .options = kOptions};

const sp_descriptor* Descriptor(int32_t i) { return i == 0 ? &kDescriptor : nullptr; }

const sp_entry kEntry = {.struct_size = sizeof(sp_entry),
                         .abi_major = SP_ABI_MAJOR,
                         .abi_minor = SP_ABI_MINOR,
                         .plugin_count = 1,
                         .build_fingerprint = "",
                         .descriptor = Descriptor,
                         .create_workload = CreateWorkload,
                         .create_probe = CreateProbe};

}  // namespace

extern "C" SP_EXPORT const sp_entry* stallpoint_entry_v1(void);
extern "C" const sp_entry* stallpoint_entry_v1(void) { return &kEntry; }
