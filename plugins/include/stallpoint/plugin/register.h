// From classes to the C tables: STALLPOINT_PLUGIN(A, B, ...) at the end of one source file exports the workloads and
// probes A, B, ...
#ifndef STALLPOINT_PLUGIN_REGISTER_H_
#define STALLPOINT_PLUGIN_REGISTER_H_

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "stallpoint/abi/entry.h"
#include "stallpoint/plugin/error.h"
#include "stallpoint/plugin/host.h"
#include "stallpoint/plugin/probe.h"
#include "stallpoint/plugin/workload.h"

namespace stallpoint::plugin {

// For callbacks that have no way to fail: what `body` throws becomes a warning in the log.
template <typename Body>
void LogFailure(Host host, const std::string& id, const char* where, Body&& body) noexcept {
  sp_error error = {};
  error.struct_size = sizeof(error);
  if (Guarded(&error, body) == SP_OK) return;
  Guarded(nullptr, [&] { host.warn(id + ": " + where + " failed: " + error.message); });
}

// The callbacks of one workload. `self` of the table is a Bound.
template <typename W>
class WorkloadTable {
 public:
  static void Create(const sp_host* host, sp_workload* out) {
    auto bound = std::make_unique<Bound>(Host(host));
    sp_workload table = {};
    table.open = [](void* self, const char* data_dir, sp_error* error) {
      return Guarded(error, [&] { Of(self).open(data_dir == nullptr ? "" : data_dir); });
    };
    table.close = [](void* self) { LogFailure(self, "close", [&] { Of(self).close(); }); };
    table.begin = [](void* self, const sp_knobs* given, sp_error* error) {
      return Guarded(error, [&] {
        sp_knobs knobs = {};
        std::memcpy(&knobs, given, std::min<size_t>(given->struct_size, sizeof(knobs)));
        knobs.struct_size = sizeof(knobs);
        Of(self).begin(knobs);
      });
    };
    table.end = [](void* self) { LogFailure(self, "end", [&] { Of(self).end(); }); };
    table.sample_count = [](void* self) {
      int64_t count = 0;
      LogFailure(self, "sample_count", [&] { count = Of(self).sample_count(); });
      return count;
    };
    if constexpr (Overrides(&W::load_sample, &Workload::load_sample)) table.load_sample = &LoadSample;
    if constexpr (Overrides(&W::next_sample, &Workload::next_sample)) table.next_sample = &NextSample;
    if constexpr (Overrides(&W::batch_sampler, &Workload::batch_sampler)) {
      table.batch_sampler = [](void* self, uint64_t* indices, int64_t capacity) {
        int64_t count = -1;
        LogFailure(self, "batch_sampler", [&] { count = Of(self).batch_sampler(indices, capacity); });
        return count;
      };
    }
    table.batch_layout = [](void* self, int32_t worker, const sp_sample* samples, int64_t count, uint64_t stride,
                            sp_layout* out, sp_error* error) {
      return Guarded(error, [&] {
        Layout layout(out);
        Of(self).batch_layout(worker, Samples(samples, count, stride), layout);
      });
    };
    table.collate = [](void* self, int32_t worker, const sp_sample* samples, int64_t count, uint64_t stride,
                       const sp_batch* batch, sp_error* error) {
      return Guarded(error, [&] { Of(self).collate(worker, Samples(samples, count, stride), Batch(batch)); });
    };
    table.step = &Step;
    table.get_extension = [](void* self, const char* id) -> const void* {
      static constexpr sp_cuda_step kCudaStep = {sizeof(sp_cuda_step), 0};
      bool offered = false;
      if (std::strcmp(id, SP_EXTENSION_CUDA_STEP) == 0) {
        LogFailure(self, "steps_on_cuda", [&] { offered = Of(self).steps_on_cuda(); });
      }
      return offered ? &kCudaStep : nullptr;
    };
    table.destroy = [](void* self) { LogFailure(self, "destroy", [&] { delete static_cast<Bound*>(self); }); };

    table.self = bound.release();
    table.struct_size = std::min<uint32_t>(out->struct_size, sizeof(table));
    std::memcpy(out, &table, table.struct_size);
  }

 private:
  struct Bound {
    explicit Bound(Host h) : host(h), workload(h) {}
    Host host;
    W workload;
  };

  // A member function that W does not override still has the type of Workload's own.
  template <typename Mine, typename Base>
  static constexpr bool Overrides(Mine, Base) {
    return !std::is_same_v<Mine, Base>;
  }

  static W& Of(void* self) { return static_cast<Bound*>(self)->workload; }

  template <typename Body>
  static void LogFailure(void* self, const char* where, Body&& body) noexcept {
    plugin::LogFailure(static_cast<Bound*>(self)->host, W::describe().id, where, body);
  }

  static void Fill(const Sample& sample, sp_sample* out) {
    out->data = sample.data;
    out->bytes = sample.bytes;
    out->elements = sample.elements;
  }

  static sp_code LoadSample(void* self, int32_t worker, uint64_t index, const sp_arena* arena, sp_sample* out,
                            sp_error* error) {
    return Guarded(error, [&] {
      W& workload = Of(self);
      const auto count = static_cast<uint64_t>(std::max<int64_t>(0, workload.sample_count()));
      if (index >= count) {
        throw Error(SP_OUT_OF_RANGE,
                    "sample " + std::to_string(index) + " of a data set of " + std::to_string(count) + " samples");
      }
      Fill(workload.load_sample(worker, index, out->pass, Arena(arena)), out);
    });
  }

  static sp_code NextSample(void* self, int32_t worker, int32_t shard, int32_t shard_count, const sp_arena* arena,
                            sp_sample* out, sp_error* error) {
    return Guarded(error, [&] {
      const std::optional<Sample> sample = Of(self).next_sample(worker, shard, shard_count, Arena(arena));
      if (!sample) throw Error(SP_OUT_OF_RANGE, "the shard has ended");
      Fill(*sample, out);
    });
  }

  static sp_code Step(void* self, const sp_batch* batch, sp_step_result* out, sp_error* error) {
    return Guarded(error, [&] {
      const StepResult result = Of(self).step(Batch(batch));
      out->optimizer_stepped = result.optimizer_stepped ? 1 : 0;
      out->has_loss = result.loss ? 1 : 0;
      out->loss = result.loss.value_or(0);
      out->device_loss = result.device_loss;
      out->device_loss_dtype = result.device_loss_dtype;
    });
  }
};

// The callbacks of one probe. `self` of the table is a Bound.
template <typename P>
class ProbeTable {
 public:
  static void Create(const sp_host* host, sp_probe* out) {
    auto bound = std::make_unique<Bound>(Host(host));
    sp_probe table = {};
    table.series_count = static_cast<int64_t>(bound->table.size());
    table.series_stride = sizeof(sp_series);
    table.series = bound->table.data();
    table.min_poll_ns = bound->probe.min_poll_ns();
    table.start = [](void* self, sp_error* error) { return Guarded(error, [&] { Of(self).probe.start(); }); };
    table.stop = [](void* self) { LogFailure(self, "stop", [&] { Of(self).probe.stop(); }); };
    table.poll = [](void* self, int64_t now_ns, sp_error* error) {
      return Guarded(error, [&] { Of(self).probe.poll(now_ns, Of(self).emit); });
    };
    table.get_extension = [](void*, const char*) -> const void* { return nullptr; };
    table.destroy = [](void* self) { LogFailure(self, "destroy", [&] { delete static_cast<Bound*>(self); }); };

    table.self = bound.release();
    table.struct_size = std::min<uint32_t>(out->struct_size, sizeof(table));
    std::memcpy(out, &table, table.struct_size);
  }

 private:
  struct Bound {
    explicit Bound(Host h) : host(h), probe(h), series(probe.series()), emit(h, series) {
      for (const Series& one : series) table.push_back({sizeof(sp_series), 0, one.name.c_str(), one.unit.c_str()});
    }
    Host host;
    P probe;
    const std::vector<Series> series;
    Emitter emit;
    std::vector<sp_series> table;
  };

  static Bound& Of(void* self) { return *static_cast<Bound*>(self); }

  template <typename Body>
  static void LogFailure(void* self, const char* where, Body&& body) noexcept {
    plugin::LogFailure(Of(self).host, P::describe().id, where, body);
  }
};

template <typename P>
inline constexpr bool kIsProbe = std::is_base_of_v<Probe, P>;

// The entry of a plugin with the workloads and probes `Ps`.
template <typename... Ps>
class STALLPOINT_PLUGIN_LOCAL Entry {
 public:
  static const sp_entry* Table() {
    static const std::vector<Description> descriptions = {Ps::describe()...};
    static const sp_entry entry = {sizeof(sp_entry),
                                   SP_ABI_MAJOR,
                                   SP_ABI_MINOR,
                                   static_cast<int32_t>(sizeof...(Ps)),
                                   descriptions.front().build_fingerprint.c_str(),
                                   &Descriptor,
                                   &CreateWorkload,
                                   &CreateProbe};
    return &entry;
  }

 private:
  // A descriptor with the texts that it points to.
  struct Described {
    Described(Description d, int32_t kind) : text(std::move(d)) {
      for (const Option& option : text.options) {
        options.push_back(
            {sizeof(sp_option), 0, option.key.c_str(), option.default_value.c_str(), option.help.c_str()});
      }
      descriptor = {sizeof(sp_descriptor), kind,
                    text.id.c_str(),       text.summary.c_str(),
                    text.version.c_str(),  static_cast<int64_t>(options.size()),
                    sizeof(sp_option),     options.data()};
    }
    Description text;
    std::vector<sp_option> options;
    sp_descriptor descriptor = {};
  };

  static const sp_descriptor* Descriptor(int32_t i) {
    static const std::unique_ptr<Described> all[] = {
        std::make_unique<Described>(Ps::describe(), kIsProbe<Ps> ? SP_KIND_PROBE : SP_KIND_WORKLOAD)...};
    return i < 0 || i >= static_cast<int32_t>(sizeof...(Ps)) ? nullptr : &all[i]->descriptor;
  }

  static sp_code CreateWorkload(const char* id, const sp_host* host, sp_workload* out, sp_error* error) {
    return Guarded(error, [&] {
      CheckHost(host);
      if (!(TryCreate<Ps>(id, host, out) || ...)) NotHere("workload", id);
    });
  }

  static sp_code CreateProbe(const char* id, const sp_host* host, sp_probe* out, sp_error* error) {
    return Guarded(error, [&] {
      CheckHost(host);
      if (!(TryCreate<Ps>(id, host, out) || ...)) NotHere("probe", id);
    });
  }

  static void CheckHost(const sp_host* host) {
    if (SP_HAS(sp_host, host, get_extension)) return;
    throw Error(SP_FAILED_PRECONDITION, "the host's table has " + std::to_string(host->struct_size) +
                                            " bytes, expected at least " + std::to_string(sizeof(sp_host)) +
                                            ": update stallpoint");
  }

  template <typename P>
  static bool TryCreate(const std::string& id, const sp_host* host, sp_workload* out) {
    if constexpr (!kIsProbe<P>) {
      if (P::describe().id != id) return false;
      WorkloadTable<P>::Create(host, out);
      return true;
    }
    return false;
  }

  template <typename P>
  static bool TryCreate(const std::string& id, const sp_host* host, sp_probe* out) {
    if constexpr (kIsProbe<P>) {
      if (P::describe().id != id) return false;
      ProbeTable<P>::Create(host, out);
      return true;
    }
    return false;
  }

  [[noreturn]] static void NotHere(const std::string& kind, const char* id) {
    std::string known;
    ((known += (known.empty() ? "" : ", ") + Ps::describe().id), ...);
    throw Error(SP_NOT_FOUND, "no " + kind + " '" + id + "' in this plugin; it has: " + known);
  }
};

}  // namespace stallpoint::plugin

#define STALLPOINT_PLUGIN(...)                                    \
  extern "C" SP_EXPORT const sp_entry* stallpoint_entry_v1(void); \
  extern "C" const sp_entry* stallpoint_entry_v1(void) { return ::stallpoint::plugin::Entry<__VA_ARGS__>::Table(); }

#endif  // STALLPOINT_PLUGIN_REGISTER_H_
