// The class to subclass: a data set, a collate and a training step.
//
// Life: constructor -> open -> { begin -> (load_sample, batch_layout, collate on workers; step) -> end } -> close ->
// destructor. Thread contracts stand in brackets as in stallpoint/abi/base.h. The class also has
//   static Description describe();    // who it is and which options it takes
//   explicit YourWorkload(Host host); // cheap: reads no data
#ifndef STALLPOINT_PLUGIN_WORKLOAD_H_
#define STALLPOINT_PLUGIN_WORKLOAD_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "stallpoint/abi/workload.h"
#include "stallpoint/plugin/description.h"
#include "stallpoint/plugin/error.h"
#include "stallpoint/plugin/host.h"

namespace stallpoint::plugin {

// A worker's memory for the samples of one batch; gone once the batch is collated, without destructors being run.
class Arena {
 public:
  explicit Arena(const sp_arena* table) : table_(table) {}

  // Not zeroed; throws std::bad_alloc when the host limit is reached.
  template <typename T>
  T* array(size_t count) const {
    static_assert(std::is_trivially_destructible_v<T>, "nothing destroys what lies in an arena");
    void* memory = table_->alloc(table_->self, count * sizeof(T));
    if (memory == nullptr) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }

 private:
  const sp_arena* table_;
};

struct Sample {
  const void* data = nullptr;  // from the arena, or outliving the run
  uint64_t bytes = 0;
  uint64_t elements = 0;  // tokens, boxes, ...: 0 when it means nothing
};

// The loaded samples of one batch.
class Samples {
 public:
  Samples(const sp_sample* first, int64_t count, uint64_t stride) : first_(first), count_(count), stride_(stride) {}
  int64_t size() const { return count_; }
  const sp_sample& operator[](int64_t i) const {
    return *reinterpret_cast<const sp_sample*>(reinterpret_cast<const std::byte*>(first_) + i * stride_);
  }
  // What load_sample returned as `data` of sample i.
  template <typename T>
  const T& as(int64_t i) const {
    return *static_cast<const T*>((*this)[i].data);
  }

 private:
  const sp_sample* first_;
  int64_t count_;
  uint64_t stride_;
};

// The tensors of a batch, in the order in which they are added.
class Layout {
 public:
  explicit Layout(sp_layout* table) : table_(table) { table_->tensor_count = 0; }

  void add(int32_t dtype, std::initializer_list<int64_t> shape) {
    if (table_->tensor_count >= SP_MAX_TENSORS || shape.size() > SP_MAX_DIMS) {
      throw Error(SP_OUT_OF_RANGE, "a batch has at most 8 tensors of at most 8 dimensions");
    }
    auto* bytes = reinterpret_cast<std::byte*>(table_->tensors) + table_->tensor_count++ * table_->tensor_stride;
    auto* tensor = reinterpret_cast<sp_tensor*>(bytes);
    tensor->dtype = dtype;
    tensor->dims = static_cast<int32_t>(shape.size());
    std::copy(shape.begin(), shape.end(), tensor->shape);
  }

 private:
  sp_layout* table_;
};

class Batch {
 public:
  explicit Batch(const sp_batch* table) : table_(table) {}
  int64_t index() const { return table_->index; }      // in the run, from 0
  int64_t samples() const { return table_->samples; }  // in this batch: the last of an epoch may be short
  int64_t epoch() const { return table_->epoch; }
  const sp_tensor& tensor(int32_t i) const {
    if (i < 0 || i >= table_->tensor_count)
      throw Error(SP_OUT_OF_RANGE, "no tensor " + std::to_string(i) + " in the batch");
    return *reinterpret_cast<const sp_tensor*>(reinterpret_cast<const std::byte*>(table_->tensors) +
                                               i * table_->tensor_stride);
  }
  template <typename T>
  T* data(int32_t i) const {
    return static_cast<T*>(tensor(i).data);
  }

 private:
  const sp_batch* table_;
};

struct StepResult {
  bool optimizer_stepped = true;
  std::optional<double> loss;         // on the host; or
  const void* device_loss = nullptr;  // a scalar on the device, valid until the batch is released
  int32_t device_loss_dtype = SP_DTYPE_F32;
};

// Override open, sample_count, begin, batch_layout, collate, step and one of load_sample (a data set with indices) and
// next_sample (a stream). Which of the optional functions a class overrides decides what the harness is offered.
class Workload {
 public:
  virtual ~Workload() = default;

  // [control] `data_dir` is empty when the user gave none.
  virtual void open(const std::string& data_dir) = 0;
  virtual void close() {}
  // [control] A run begins; may come again after end().
  virtual void begin(const sp_knobs& knobs) = 0;
  virtual void end() {}

  // [control] After open(); SP_SAMPLE_COUNT_UNKNOWN for a stream.
  virtual int64_t sample_count() const = 0;

  // [worker k] `index` < sample_count(). Random augmentation takes its seed from index and `pass`, so that each pass
  // over the data set sees another version of a sample, and every run the same ones.
  virtual Sample load_sample(int32_t /*worker*/, uint64_t /*index*/, int64_t /*pass*/, Arena /*arena*/) {
    throw Error(SP_UNIMPLEMENTED, "this workload has no samples by index");
  }
  // [worker k] The next sample of the shard; nothing at its end.
  virtual std::optional<Sample> next_sample(int32_t /*worker*/, int32_t /*shard*/, int32_t /*shard_count*/,
                                            Arena /*arena*/) {
    throw Error(SP_UNIMPLEMENTED, "this workload is not a stream");
  }
  // [control] Optional: writes at most `capacity` indices of the next batch and returns how many, 0 at the end of the
  // pass.
  virtual int64_t batch_sampler(uint64_t* /*indices*/, int64_t /*capacity*/) {
    throw Error(SP_UNIMPLEMENTED, "this workload leaves the order to the harness");
  }

  // [worker k] Adds the tensors of a batch of these samples.
  virtual void batch_layout(int32_t worker, const Samples& samples, Layout& layout) = 0;
  // [worker k] Writes the samples into the batch.
  virtual void collate(int32_t worker, const Samples& samples, const Batch& batch) = 0;

  // [step] Issues one training step; never waits for the device.
  virtual StepResult step(const Batch& batch) = 0;

  // [any] Whether step() takes batches in the memory of the CUDA device knobs.device names, see SP_EXTENSION_CUDA_STEP.
  virtual bool steps_on_cuda() const { return false; }
};

}  // namespace stallpoint::plugin

#endif  // STALLPOINT_PLUGIN_WORKLOAD_H_
