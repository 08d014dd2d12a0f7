/* A workload: a data set, a collate and a training step. The harness owns everything between them: the order of
 * samples, worker threads, the queue, buffers and the copy to the device. That is what lets it vary every knob while
 * the same samples arrive in the same order.
 *
 * Life: create -> open -> { begin -> (load_sample, batch_layout, collate on workers; step) -> end } -> close ->
 * destroy. */
#ifndef STALLPOINT_ABI_WORKLOAD_H_
#define STALLPOINT_ABI_WORKLOAD_H_

#include "stallpoint/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SP_SAMPLE_COUNT_UNKNOWN (-1)

/* Memory of one worker for the samples of one batch; it lives until collate of that batch returns. */
typedef struct sp_arena {
  uint32_t struct_size;
  int32_t reserved;
  void* self;
  /* [worker k] Aligned to 64 bytes, not zeroed; null when the host limit is reached. */
  void* (*alloc)(void* self, uint64_t bytes);
} sp_arena;
SP_ASSERT_OFFSET(sp_arena, alloc, 16);

/* One loaded sample. The workload chooses what `data` points to; it must come from the arena or outlive the run. */
typedef struct sp_sample {
  uint32_t struct_size;
  int32_t reserved;
  uint64_t key; /* set by the harness: the data set's index */
  const void* data;
  uint64_t bytes;
  uint64_t elements; /* tokens, boxes, ...: 0 when it means nothing */
  int64_t pass;      /* set by the harness: passes over the data set before this one, for augmentation; 0 in streams */
} sp_sample;
SP_ASSERT_OFFSET(sp_sample, key, 8);
SP_ASSERT_OFFSET(sp_sample, elements, 32);
SP_ASSERT_OFFSET(sp_sample, pass, 40);

enum { SP_DTYPE_U8 = 1, SP_DTYPE_I32 = 2, SP_DTYPE_I64 = 3, SP_DTYPE_F32 = 4, SP_DTYPE_F16 = 5, SP_DTYPE_BF16 = 6 };

#define SP_MAX_TENSORS 8
#define SP_MAX_DIMS 8

/* A dense, row-major tensor over memory that the harness owns. */
typedef struct sp_tensor {
  uint32_t struct_size;
  int32_t dtype;
  int32_t dims;
  int32_t reserved;
  int64_t shape[SP_MAX_DIMS];
  void* data; /* null in a layout; 64-byte aligned, not zeroed in a batch */
} sp_tensor;
SP_ASSERT_OFFSET(sp_tensor, shape, 16);
SP_ASSERT_OFFSET(sp_tensor, data, 80);

/* What a batch consists of. batch_layout fills dtype, dims and shape of `tensors[0 .. tensor_count)`. */
typedef struct sp_layout {
  uint32_t struct_size;
  int32_t tensor_count;
  uint64_t tensor_stride; /* bytes between tensors, set by the harness */
  sp_tensor* tensors;     /* room for SP_MAX_TENSORS */
} sp_layout;
SP_ASSERT_OFFSET(sp_layout, tensors, 16);

/* A batch in memory: on the host for collate, on the device for step. Lives until its step has ended on the device. */
typedef struct sp_batch {
  uint32_t struct_size;
  int32_t tensor_count;
  uint64_t tensor_stride;
  sp_tensor* tensors;
  int64_t index;   /* of the batch in the run, from 0 */
  int64_t samples; /* in this batch; the last of an epoch may be short */
  int64_t epoch;
} sp_batch;
SP_ASSERT_OFFSET(sp_batch, tensors, 16);
SP_ASSERT_OFFSET(sp_batch, epoch, 40);

/* What a step reports. A device that runs behind the host leaves the loss where it is: set `device_loss` to a scalar in
 * the device's memory that stays valid until the batch is released, and the harness copies it back once the step has
 * ended. */
typedef struct sp_step_result {
  uint32_t struct_size;
  int32_t optimizer_stepped; /* bool */
  double loss;               /* NaN is a finding, not an error */
  int32_t has_loss;          /* bool */
  int32_t device_loss_dtype; /* SP_DTYPE_F32 ..., when device_loss is set */
  const void* device_loss;   /* or null */
} sp_step_result;
SP_ASSERT_OFFSET(sp_step_result, loss, 8);
SP_ASSERT_OFFSET(sp_step_result, device_loss, 24);

/* An extension of a workload: `step` takes batches in the memory of the CUDA device that knobs.device names, and works
 * on knobs.stream (a CUstream, or cudaStream_t) or on the legacy default stream, which each wait for the other. Work on
 * other streams must be made to follow that and be followed by it. Without the extension a workload is not run on CUDA
 * devices. */
#define SP_EXTENSION_CUDA_STEP "stallpoint.cuda_step/1"
typedef struct sp_cuda_step {
  uint32_t struct_size;
  int32_t reserved;
} sp_cuda_step;

typedef struct sp_workload {
  uint32_t struct_size;
  int32_t reserved;
  void* self; /* the first argument of every function */

  /* [control] Finds the data (`data_dir` may be null: not given) and says how many samples there are. */
  sp_code (*open)(void* self, const char* data_dir, sp_error* error);
  void (*close)(void* self);
  /* [control] Prepares a run: model, optimizer, one state per worker. May be called again after end. */
  sp_code (*begin)(void* self, const sp_knobs* knobs, sp_error* error);
  void (*end)(void* self);

  /* [control] Samples of the data set, or SP_SAMPLE_COUNT_UNKNOWN for a stream. */
  int64_t (*sample_count)(void* self);

  /* [worker k] Loads sample `index`; `out->pass` says of which pass. Map-style workloads only, else null. */
  sp_code (*load_sample)(void* self, int32_t worker, uint64_t index, const sp_arena* arena, sp_sample* out,
                         sp_error* error);
  /* [worker k] The next sample of this worker's shard; SP_OUT_OF_RANGE at its end. Streams only, else null. */
  sp_code (*next_sample)(void* self, int32_t worker, int32_t shard, int32_t shard_count, const sp_arena* arena,
                         sp_sample* out, sp_error* error);
  /* [control] Optional: fills `indices` with the samples of the next batch and returns how many (at most `capacity`), 0
   * at the end of the pass, or a negative number when it failed and has logged why. Null: the harness shuffles from the
   * seed. */
  int64_t (*batch_sampler)(void* self, uint64_t* indices, int64_t capacity);

  /* [worker k] Sizes of the batch, once its samples are known. */
  sp_code (*batch_layout)(void* self, int32_t worker, const sp_sample* samples, int64_t count, uint64_t sample_stride,
                          sp_layout* layout, sp_error* error);
  /* [worker k] Writes the samples into `batch`, whose memory the harness owns. */
  sp_code (*collate)(void* self, int32_t worker, const sp_sample* samples, int64_t count, uint64_t sample_stride,
                     const sp_batch* batch, sp_error* error);

  /* [step] Issues one training step; never waits for the device. */
  sp_code (*step)(void* self, const sp_batch* batch, sp_step_result* result, sp_error* error);

  /* [any] An optional feature by its string id, or null. */
  const void* (*get_extension)(void* self, const char* id);
  /* [control] Frees the workload; `self` is gone afterwards. */
  void (*destroy)(void* self);
} sp_workload;
SP_ASSERT_OFFSET(sp_workload, self, 8);
SP_ASSERT_OFFSET(sp_workload, open, 16);
SP_ASSERT_OFFSET(sp_workload, load_sample, 56);
SP_ASSERT_OFFSET(sp_workload, step, 96);
SP_ASSERT_OFFSET(sp_workload, destroy, 112);

#ifdef __cplusplus
}
#endif

#endif /* STALLPOINT_ABI_WORKLOAD_H_ */
