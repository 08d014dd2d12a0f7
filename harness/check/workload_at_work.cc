#include "harness/check/workload_at_work.h"

#include <algorithm>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "harness/engine/device_loss.h"
#include "harness/engine/tensor_layout.h"
#include "harness/host/abi_knobs.h"
#include "harness/host/options.h"
#include "traces/frame.h"

namespace stallpoint {
namespace {

uint32_t Checksum(const sp_batch& view) {
  std::string all = DescribeShape(view);
  for (int32_t i = 0; i < view.tensor_count; ++i) {
    const sp_tensor& tensor = view.tensors[i];
    const auto bytes = static_cast<size_t>(TensorBytes(tensor));
    absl::StrAppend(&all, " ", Crc32c(std::string_view(static_cast<const char*>(tensor.data), bytes)));
  }
  return Crc32c(all);
}

}  // namespace

Knobs CheckSettings(int32_t workers, int64_t batch_size) {
  Knobs knobs;
  knobs.worker_count = workers;
  knobs.batch_size = batch_size;
  knobs.intra_op_threads = 1;
  knobs.steps_in_flight = 1;
  knobs.seed = 1;
  return knobs;
}

sp_knobs CheckKnobs(int32_t workers, int64_t batch_size) {
  return ToAbi(CheckSettings(workers, batch_size), DeviceSpec());
}

std::vector<uint64_t> Indices(const Workload& workload, uint64_t first, int64_t count) {
  std::vector<uint64_t> indices;
  const auto samples = static_cast<uint64_t>(std::max<int64_t>(1, workload.sample_count()));
  for (int64_t i = 0; i < count; ++i) indices.push_back((first + static_cast<uint64_t>(i)) % samples);
  return indices;
}

WorkloadAtWork::WorkloadAtWork(const CheckTarget& target, uint64_t host_limit_bytes)
    : target_(target),
      memory_(host_limit_bytes),
      host_(nullptr, memory_, target_.options, cancelled_),
      stages_(nullptr) {}

WorkloadAtWork::~WorkloadAtWork() = default;

absl::StatusOr<std::unique_ptr<WorkloadAtWork>> WorkloadAtWork::Open(const CheckTarget& target,
                                                                     uint64_t host_limit_bytes) {
  const auto plugin = FindWorkload(target.plugin);
  if (!plugin.ok()) return plugin.status();
  if (absl::Status legal = CheckOptions(target.options, *plugin->descriptor); !legal.ok()) return legal;
  std::unique_ptr<WorkloadAtWork> work(new WorkloadAtWork(target, host_limit_bytes));
  auto workload = Workload::Create(*plugin, work->host_.table());
  if (!workload.ok()) return workload.status();
  work->workload_ = *std::move(workload);
  if (absl::Status opened = work->workload_->Open(target.data_dir); !opened.ok()) return opened;
  return work;
}

absl::Status WorkloadAtWork::Begin(int32_t workers, int64_t batch_size) {
  return Begin(CheckKnobs(workers, batch_size));
}

absl::Status WorkloadAtWork::Begin(const sp_knobs& knobs) {
  const int32_t workers = knobs.worker_count;
  const BatchBuilder::Context context = {*workload_, host_, memory_, stages_, false, workers};
  builders_.clear();
  for (int32_t worker = 0; worker < std::max(1, workers); ++worker) {
    builders_.push_back(std::make_unique<BatchBuilder>(context, worker));
  }
  return workload_->Begin(knobs);
}

absl::Status WorkloadAtWork::Load(int32_t worker, const std::vector<uint64_t>& indices, Batch* batch) {
  batch->index = batches_++;
  batch->worker = worker;
  batch->plan = {.epoch = 0,
                 .count = static_cast<int64_t>(indices.size()),
                 .indices = indices,
                 .passes = std::vector<int64_t>(indices.size(), 0)};
  builders_.at(static_cast<size_t>(worker))->Build(*batch);
  if (!batch->status.ok()) memory_.Release(batch->memory);
  return batch->status;
}

absl::StatusOr<WorkloadAtWork::Built> WorkloadAtWork::Build(int32_t worker, const std::vector<uint64_t>& indices,
                                                            bool train) {
  Batch batch;
  if (absl::Status loaded = Load(worker, indices, &batch); !loaded.ok()) return loaded;
  Built built;
  built.checksum = Checksum(batch.view);
  absl::Status stepped;
  if (train) {
    sp_step_result result = {};
    result.struct_size = sizeof(result);
    stepped = workload_->Step(batch.view, &result);
    if (result.has_loss != 0) built.loss = result.loss;
    if (result.device_loss != nullptr && stepped.ok()) {
      built.loss = ReadScalar(result.device_loss, result.device_loss_dtype);
    }
  }
  memory_.Release(batch.memory);
  if (!stepped.ok()) return stepped;
  return built;
}

}  // namespace stallpoint
