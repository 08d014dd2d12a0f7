// What the engine's tests share: a workload that lives in the test, and an engine around it.
#ifndef STALLPOINT_TESTS_HARNESS_ENGINE_SUPPORT_H_
#define STALLPOINT_TESTS_HARNESS_ENGINE_SUPPORT_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "harness/engine/loader.h"
#include "harness/engine/sampler.h"
#include "harness/engine/stages.h"
#include "harness/host/host_services.h"
#include "harness/host/workload.h"

namespace stallpoint {

// Batches hold the indices of their samples. `on_load` may fail, wait or count.
struct IndexData {
  int64_t samples = 64;
  std::function<sp_code(uint64_t index, sp_error* error)> on_load;
  std::function<sp_code(const sp_batch& batch, sp_step_result* result)> on_step;
  std::function<int64_t(uint64_t* indices, int64_t capacity)> on_batch;
  std::atomic<int64_t> streamed{0};

  sp_workload Table() {
    sp_workload table = {};
    table.struct_size = sizeof(table);
    table.self = this;
    table.open = [](void*, const char*, sp_error*) -> sp_code { return SP_OK; };
    table.close = [](void*) {};
    table.begin = [](void*, const sp_knobs*, sp_error*) -> sp_code { return SP_OK; };
    table.end = [](void*) {};
    table.sample_count = [](void* self) { return Of(self).samples; };
    table.load_sample = [](void* self, int32_t, uint64_t index, const sp_arena* arena, sp_sample* out,
                           sp_error* error) -> sp_code {
      if (Of(self).on_load) {
        if (const sp_code code = Of(self).on_load(index, error); code != SP_OK) return code;
      }
      return Place(index, arena, out);
    };
    table.next_sample = [](void* self, int32_t, int32_t, int32_t, const sp_arena* arena, sp_sample* out,
                           sp_error*) -> sp_code {
      return Place(static_cast<uint64_t>(Of(self).streamed++), arena, out);
    };
    if (on_batch) {
      table.batch_sampler = [](void* self, uint64_t* indices, int64_t capacity) {
        return Of(self).on_batch(indices, capacity);
      };
    }
    table.batch_layout = [](void*, int32_t, const sp_sample*, int64_t count, uint64_t, sp_layout* layout,
                            sp_error*) -> sp_code {
      layout->tensor_count = 1;
      layout->tensors[0].dtype = SP_DTYPE_I64;
      layout->tensors[0].dims = 1;
      layout->tensors[0].shape[0] = count;
      return SP_OK;
    };
    table.collate = [](void*, int32_t, const sp_sample* samples, int64_t count, uint64_t, const sp_batch* batch,
                       sp_error*) -> sp_code {
      auto* out = static_cast<int64_t*>(batch->tensors[0].data);
      for (int64_t i = 0; i < count; ++i) out[i] = *static_cast<const int64_t*>(samples[i].data);
      return SP_OK;
    };
    table.step = [](void* self, const sp_batch* batch, sp_step_result* result, sp_error*) -> sp_code {
      return Of(self).on_step ? Of(self).on_step(*batch, result) : SP_OK;
    };
    table.get_extension = [](void*, const char*) -> const void* { return nullptr; };
    table.destroy = [](void*) {};
    return table;
  }

 private:
  static IndexData& Of(void* self) { return *static_cast<IndexData*>(self); }
  static sp_code Place(uint64_t index, const sp_arena* arena, sp_sample* out) {
    auto* value = static_cast<int64_t*>(arena->alloc(arena->self, sizeof(int64_t)));
    if (value == nullptr) return SP_RESOURCE_EXHAUSTED;
    *value = static_cast<int64_t>(index);
    out->data = value;
    out->bytes = sizeof(int64_t);
    out->elements = 1;
    return SP_OK;
  }
};

inline std::vector<int64_t> IndicesIn(const Batch& batch) {
  const auto* values = static_cast<const int64_t*>(batch.tensors[0].data);
  return {values, values + batch.samples};
}

// Counts what is drawn from another sampler.
class CountingSampler : public Sampler {
 public:
  explicit CountingSampler(std::unique_ptr<Sampler> inner) : inner_(std::move(inner)) {}
  absl::StatusOr<bool> Next(BatchPlan* plan) override {
    auto next = inner_->Next(plan);
    if (next.ok() && *next) ++drawn;
    return next;
  }
  bool done() const override { return inner_->done(); }
  int64_t total_batches() const override { return inner_->total_batches(); }

  int64_t drawn = 0;

 private:
  std::unique_ptr<Sampler> inner_;
};

// A loader with everything it needs, not recorded.
struct LoaderBench {
  LoaderBench(IndexData& data, const Knobs& knobs, RunLength length, bool skip_bad_samples = false)
      : memory(knobs.host_limit_bytes), host(nullptr, memory, options, cancelled), workload(data.Table()) {
    REQUIRE(workload.Open("").ok());
    auto made = MakeSampler(workload, knobs, length);
    REQUIRE(made.ok());
    sampler = std::make_unique<CountingSampler>(*std::move(made));
    auto loading = MakeLoader({workload, host, memory, stages, skip_bad_samples, knobs.worker_count}, *sampler, knobs);
    REQUIRE(loading.ok());
    loader = *std::move(loading);
  }

  // The next batch, or null at the end.
  Batch* Next() {
    const auto there = loader->Wait([] { return true; });
    REQUIRE(there.ok());
    if (!*there) return nullptr;
    const auto batch = loader->Receive();
    REQUIRE(batch.ok());
    return *batch;
  }

  const std::map<std::string, std::string> options;
  const std::atomic<bool> cancelled{false};
  MemoryPool memory;
  HostServices host;
  Workload workload;
  const Stages stages{nullptr};
  std::unique_ptr<CountingSampler> sampler;
  std::unique_ptr<Loader> loader;
};

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_HARNESS_ENGINE_SUPPORT_H_
