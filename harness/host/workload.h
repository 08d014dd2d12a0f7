// A workload of a plugin as a C++ object: errors are absl::Status, an exception that crosses the boundary is caught.
//
// Owns the plugin's object, ends, closes and destroys it in that order. Thread contracts are those of
// stallpoint/abi/workload.h.
#ifndef STALLPOINT_HARNESS_HOST_WORKLOAD_H_
#define STALLPOINT_HARNESS_HOST_WORKLOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/host/plugin_search.h"
#include "stallpoint/abi/entry.h"

namespace stallpoint {

class Workload {
 public:
  // `host` must outlive the workload.
  static absl::StatusOr<std::unique_ptr<Workload>> Create(const FoundPlugin& plugin, const sp_host* host);
  // Takes a filled table; for workloads that come from no file.
  explicit Workload(const sp_workload& table) : table_(table) {}
  ~Workload();
  Workload(const Workload&) = delete;
  Workload& operator=(const Workload&) = delete;

  // Empty `data_dir`: not given.
  absl::Status Open(const std::string& data_dir);
  absl::Status Begin(const sp_knobs& knobs);
  void End();

  int64_t sample_count() const { return sample_count_; }  // SP_SAMPLE_COUNT_UNKNOWN for a stream
  bool is_stream() const { return sample_count_ == SP_SAMPLE_COUNT_UNKNOWN; }
  // Whether it steps on batches in a CUDA device's memory (SP_EXTENSION_CUDA_STEP).
  bool steps_on_cuda() const;
  bool has_batch_sampler() const { return table_.batch_sampler != nullptr; }

  absl::Status LoadSample(int32_t worker, uint64_t index, const sp_arena& arena, sp_sample* out);
  absl::Status NextSample(int32_t worker, int32_t shard, int32_t shard_count, const sp_arena& arena, sp_sample* out);
  // How many of `capacity` indices were filled; 0 at the end of the pass.
  absl::StatusOr<int64_t> SampleBatch(uint64_t* indices, int64_t capacity);
  absl::Status Layout(int32_t worker, const std::vector<sp_sample>& samples, int64_t count, sp_layout* layout);
  absl::Status Collate(int32_t worker, const std::vector<sp_sample>& samples, int64_t count, const sp_batch& batch);
  absl::Status Step(const sp_batch& batch, sp_step_result* result);

 private:
  absl::Status CheckTable(const std::string& id) const;

  sp_workload table_;
  int64_t sample_count_ = 0;
  bool open_ = false, begun_ = false;
};

}  // namespace stallpoint

#endif  // STALLPOINT_HARNESS_HOST_WORKLOAD_H_
