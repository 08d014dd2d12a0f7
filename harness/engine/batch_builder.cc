#include "harness/engine/batch_builder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "harness/engine/tensor_layout.h"
#include "harness/host/host_services.h"
#include "harness/host/thread_place.h"
#include "harness/host/workload.h"
#include "harness/record/stage_scope.h"
#include "traces/units.h"

namespace stallpoint {
namespace {

absl::Status Prefixed(const absl::Status& status, absl::string_view prefix) {
  return absl::Status(status.code(), absl::StrCat(prefix, status.message()));
}

}  // namespace

BatchBuilder::BatchBuilder(const Context& context, int32_t worker)
    : context_(context), worker_(worker), arena_(context.memory) {}

void BatchBuilder::Build(Batch& batch) {
  StageScope load(context_.stages.load, batch.index);
  batch.samples = 0;
  batch.bytes = 0;
  batch.elements = 0;
  batch.status = Load(batch);
  if (batch.status.ok()) batch.status = Collate(batch);
  batch.arena_bytes = arena_.used();
  arena_.Reset();
  ThreadPlace::Current().Enter(-1, -1, trace::STAGE_KIND_SAMPLE);
}

absl::Status BatchBuilder::Load(Batch& batch) {
  samples_.resize(static_cast<size_t>(batch.plan.count));
  for (int64_t position = 0; position < batch.plan.count; ++position) {
    sp_sample& sample = samples_[static_cast<size_t>(batch.samples)];
    sample = {.struct_size = sizeof(sp_sample)};
    const absl::Status loaded = LoadSample(batch, position, &sample);
    if (ThreadLog* log = ThreadLog::Current(); log != nullptr) log->Heartbeat();
    if (loaded.ok()) {
      ++batch.samples;
      batch.elements += sample.elements;
      continue;
    }
    const absl::Status named = Prefixed(loaded, absl::StrCat("sample ", sample.key, ": "));
    if (loaded.code() != absl::StatusCode::kDataLoss || !context_.skip_bad_samples) return named;
    context_.host.Log(SP_LOG_WARNING, absl::StrCat("skipped, its batch is shorter by one: ", named.message()));
  }
  if (batch.samples > 0) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("every sample of batch ", batch.index, " is bad; nothing is left to train on"));
}

absl::Status BatchBuilder::LoadSample(const Batch& batch, int64_t position, sp_sample* sample) {
  ThreadPlace& place = ThreadPlace::Current();
  if (!context_.workload.is_stream()) {
    sample->key = batch.plan.indices[static_cast<size_t>(position)];
    sample->pass = batch.plan.passes[static_cast<size_t>(position)];
    place.Enter(batch.index, static_cast<int64_t>(sample->key), trace::STAGE_KIND_SAMPLE);
    return context_.workload.LoadSample(worker_, sample->key, arena_.table(), sample);
  }
  const int32_t shards = std::max(context_.worker_count, 1);
  sample->key = stream_ordinal_++ * static_cast<uint64_t>(shards) + static_cast<uint64_t>(worker_);
  place.Enter(batch.index, static_cast<int64_t>(sample->key), trace::STAGE_KIND_SAMPLE);
  const absl::Status loaded = context_.workload.NextSample(worker_, worker_, shards, arena_.table(), sample);
  if (loaded.code() != absl::StatusCode::kOutOfRange) return loaded;
  // The shard's pass has ended; the next call begins another one.
  return context_.workload.NextSample(worker_, worker_, shards, arena_.table(), sample);
}

absl::Status BatchBuilder::Collate(Batch& batch) {
  ThreadPlace::Current().Enter(batch.index, -1, trace::STAGE_KIND_BATCH);
  const StageScope collate(context_.stages.collate, batch.index);
  batch.tensors.fill({.struct_size = sizeof(sp_tensor)});
  sp_layout layout = {sizeof(sp_layout), 0, sizeof(sp_tensor), batch.tensors.data()};
  const absl::Status laid_out = context_.workload.Layout(worker_, samples_, batch.samples, &layout);
  if (!laid_out.ok()) return Prefixed(laid_out, absl::StrCat("batch ", batch.index, ": "));
  const auto size = MeasureLayout(layout);
  if (!size.ok()) return size.status();

  batch.memory = context_.memory.Acquire(size->block);
  if (batch.memory.data == nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "host memory: batch ", batch.index, " needs ", HumanSize(static_cast<double>(size->block)), ", ",
        HumanSize(static_cast<double>(context_.memory.bytes())), " are in use",
        context_.memory.limit_bytes() == 0 ? ""
                                           : absl::StrCat(", the limit is ", FormatSize(context_.memory.limit_bytes())),
        "; use a smaller --batch, --workers or --prefetch"));
  }
  PlaceTensors(layout, batch.memory.data);
  batch.bytes = size->payload;
  batch.view = {.struct_size = sizeof(sp_batch),
                .tensor_count = layout.tensor_count,
                .tensor_stride = sizeof(sp_tensor),
                .tensors = batch.tensors.data(),
                .index = batch.index,
                .samples = batch.samples,
                .epoch = batch.plan.epoch};
  const absl::Status collated = context_.workload.Collate(worker_, samples_, batch.samples, batch.view);
  return collated.ok() ? collated : Prefixed(collated, absl::StrCat("batch ", batch.index, ": "));
}

}  // namespace stallpoint
