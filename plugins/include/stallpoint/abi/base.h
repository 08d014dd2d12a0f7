/* The ground every stallpoint plugin header stands on: codes, errors, structs that can grow. Plain C11.
 *
 * Rules of this ABI, version 1:
 *  - A struct that crosses the boundary begins with `uint32_t struct_size`, set by whoever made it to its own sizeof.
 * Fields are only ever added at the end; a reader uses a field only if struct_size covers it (SP_HAS).
 *  - Enums and bools are int32_t, strings are UTF-8 and NUL-terminated, times are CLOCK_MONOTONIC nanoseconds, units
 * are in names. Arrays of structs carry a stride.
 *  - Functions that can fail return an sp_code and, when it is not SP_OK, fill the caller's sp_error. Nothing is freed
 * across the boundary: whoever made a thing destroys it. No exception crosses.
 *  - Thread contracts stand in brackets: [control] the run's main thread, outside the loop; [worker k] the thread of
 * worker k, never two at once for one k; [step] the thread that issues steps; [poll] the probe thread; [any].
 */
#ifndef STALLPOINT_ABI_BASE_H_
#define STALLPOINT_ABI_BASE_H_

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SP_ABI_MAJOR 1
#define SP_ABI_MINOR 0

/* Numbered as absl::StatusCode. */
typedef int32_t sp_code;
enum {
  SP_OK = 0,
  SP_CANCELLED = 1,
  SP_UNKNOWN = 2,
  SP_INVALID_ARGUMENT = 3,
  SP_NOT_FOUND = 5,
  SP_RESOURCE_EXHAUSTED = 8, /* memory ran out: a result that is reported as such, not a defect */
  SP_FAILED_PRECONDITION = 9,
  SP_OUT_OF_RANGE = 11,
  SP_UNIMPLEMENTED = 12,
  SP_INTERNAL = 13,
  SP_DATA_LOSS = 15 /* a sample that cannot be decoded: the run ends with its name, or skips and counts it */
};

#define SP_ERROR_MESSAGE_SIZE 504

/* Filled by the callee, owned by the caller. */
typedef struct sp_error {
  uint32_t struct_size;
  sp_code code;
  char message[SP_ERROR_MESSAGE_SIZE];
} sp_error;

/* Whether `field` lies inside the struct that `pointer` points to, as its maker knew it. */
#define SP_HAS(type, pointer, field) ((pointer)->struct_size >= offsetof(type, field) + sizeof(((const type*)0)->field))

#ifdef __cplusplus
#define SP_ASSERT_OFFSET(type, field, offset) \
  static_assert(sizeof(void*) != 8 || offsetof(type, field) == (offset), #type "." #field " has moved")
#else
#define SP_ASSERT_OFFSET(type, field, offset) \
  _Static_assert(sizeof(void*) != 8 || offsetof(type, field) == (offset), #type "." #field " has moved")
#endif

SP_ASSERT_OFFSET(sp_error, code, 4);
SP_ASSERT_OFFSET(sp_error, message, 8);

/* Settings of a run as the plugin sees them. Legal ranges: `stallpoint record --help`. */
typedef struct sp_knobs {
  uint32_t struct_size;
  int32_t worker_count;
  int64_t batch_size;
  int32_t prefetch_depth;
  int32_t intra_op_threads;
  uint64_t host_limit_bytes;   /* 0: unlimited */
  uint64_t device_limit_bytes; /* 0: unlimited */
  int32_t steps_in_flight;
  int32_t accumulation; /* iterations per optimizer step, >= 1 */
  uint64_t seed;
  int32_t pin_host_memory; /* bool */
  int32_t in_order;        /* bool */
  int32_t drop_last;       /* bool */
  int32_t emulated;        /* bool: step() will not be called */
  const char* device;      /* "cpu", "cuda:0"; lives until end() */
  void* stream;            /* the device's stream, or null */
} sp_knobs;
SP_ASSERT_OFFSET(sp_knobs, batch_size, 8);
SP_ASSERT_OFFSET(sp_knobs, seed, 48);
SP_ASSERT_OFFSET(sp_knobs, stream, 80);

#ifdef __cplusplus
}
#endif

#endif /* STALLPOINT_ABI_BASE_H_ */
