#include "harness/host/workload.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/host/plugin_call.h"

namespace stallpoint {
absl::StatusOr<std::unique_ptr<Workload>> Workload::Create(const FoundPlugin& plugin, const sp_host* host) {
  const char* id = plugin.descriptor->id;
  sp_workload table = {};
  table.struct_size = sizeof(table);
  const absl::Status created = CallPlugin("create_workload", [&](sp_error* error) {
    return plugin.library.entry().create_workload(id, host, &table, error);
  });
  if (!created.ok()) return created;
  auto workload = std::make_unique<Workload>(table);
  if (absl::Status checked = workload->CheckTable(id); !checked.ok()) return checked;
  return workload;
}

Workload::~Workload() {
  End();
  if (open_) CallPluginQuietly([this] { table_.close(table_.self); });
  if (table_.destroy != nullptr) CallPluginQuietly([this] { table_.destroy(table_.self); });
}

absl::Status Workload::CheckTable(const std::string& id) const {
  if (!SP_HAS(sp_workload, &table_, destroy)) {
    return absl::FailedPreconditionError(absl::StrCat("workload '", id, "' has struct_size ", table_.struct_size,
                                                      ", expected at least ", sizeof(sp_workload),
                                                      "; rebuild the plugin against this stallpoint's headers"));
  }
  const std::pair<const char*, bool> required[] = {
      {"open", table_.open != nullptr},
      {"close", table_.close != nullptr},
      {"begin", table_.begin != nullptr},
      {"end", table_.end != nullptr},
      {"sample_count", table_.sample_count != nullptr},
      {"batch_layout", table_.batch_layout != nullptr},
      {"collate", table_.collate != nullptr},
      {"step", table_.step != nullptr},
      {"destroy", table_.destroy != nullptr},
      {"load_sample or next_sample", table_.load_sample != nullptr || table_.next_sample != nullptr}};
  for (const auto& [name, present] : required) {
    if (!present) return absl::InvalidArgumentError(absl::StrCat("workload '", id, "' does not define ", name, "()"));
  }
  return absl::OkStatus();
}

absl::Status Workload::Open(const std::string& data_dir) {
  const absl::Status opened = CallPlugin("open", [&](sp_error* error) {
    return table_.open(table_.self, data_dir.empty() ? nullptr : data_dir.c_str(), error);
  });
  if (!opened.ok()) return opened;
  open_ = true;
  const absl::Status counted = CallPlugin("sample_count", [&](sp_error*) {
    sample_count_ = table_.sample_count(table_.self);
    return SP_OK;
  });
  if (!counted.ok()) return counted;
  if (is_stream()) {
    if (table_.next_sample != nullptr) return absl::OkStatus();
    return absl::InvalidArgumentError("the workload does not know its number of samples and has no next_sample()");
  }
  if (sample_count_ <= 0) {
    return absl::FailedPreconditionError(absl::StrCat("the workload found ", sample_count_, " samples",
                                                      data_dir.empty() ? "" : " in ", data_dir,
                                                      ", expected at least one; is --data the right folder?"));
  }
  if (table_.load_sample == nullptr) {
    return absl::InvalidArgumentError("the workload states its number of samples but has no load_sample()");
  }
  return absl::OkStatus();
}

bool Workload::steps_on_cuda() const {
  if (table_.get_extension == nullptr) return false;
  const void* extension = nullptr;
  CallPluginQuietly([&] { extension = table_.get_extension(table_.self, SP_EXTENSION_CUDA_STEP); });
  return extension != nullptr;
}

absl::Status Workload::Begin(const sp_knobs& knobs) {
  const absl::Status begun =
      CallPlugin("begin", [&](sp_error* error) { return table_.begin(table_.self, &knobs, error); });
  begun_ = begun.ok();
  return begun;
}

void Workload::End() {
  if (begun_) CallPluginQuietly([this] { table_.end(table_.self); });
  begun_ = false;
}

absl::Status Workload::LoadSample(int32_t worker, uint64_t index, const sp_arena& arena, sp_sample* out) {
  return CallPlugin("load_sample", [&](sp_error* error) {
    return table_.load_sample(table_.self, worker, index, &arena, out, error);
  });
}

absl::Status Workload::NextSample(int32_t worker, int32_t shard, int32_t shard_count, const sp_arena& arena,
                                  sp_sample* out) {
  return CallPlugin("next_sample", [&](sp_error* error) {
    return table_.next_sample(table_.self, worker, shard, shard_count, &arena, out, error);
  });
}

absl::StatusOr<int64_t> Workload::SampleBatch(uint64_t* indices, int64_t capacity) {
  int64_t count = 0;
  const absl::Status sampled = CallPlugin("batch_sampler", [&](sp_error*) {
    count = table_.batch_sampler(table_.self, indices, capacity);
    return SP_OK;
  });
  if (!sampled.ok()) return sampled;
  if (count < 0) return absl::InternalError("batch_sampler() of the plugin failed; the log says why");
  if (count > capacity) {
    return absl::InternalError(
        absl::StrCat("batch_sampler() of the plugin returned ", count, " samples, expected at most ", capacity));
  }
  return count;
}

absl::Status Workload::Layout(int32_t worker, const std::vector<sp_sample>& samples, int64_t count, sp_layout* layout) {
  return CallPlugin("batch_layout", [&](sp_error* error) {
    return table_.batch_layout(table_.self, worker, samples.data(), count, sizeof(sp_sample), layout, error);
  });
}

absl::Status Workload::Collate(int32_t worker, const std::vector<sp_sample>& samples, int64_t count,
                               const sp_batch& batch) {
  return CallPlugin("collate", [&](sp_error* error) {
    return table_.collate(table_.self, worker, samples.data(), count, sizeof(sp_sample), &batch, error);
  });
}

absl::Status Workload::Step(const sp_batch& batch, sp_step_result* result) {
  return CallPlugin("step", [&](sp_error* error) { return table_.step(table_.self, &batch, result, error); });
}

}  // namespace stallpoint
