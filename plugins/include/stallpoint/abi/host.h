/* What the harness offers to a plugin. The table and `self` live as long as the plugin is loaded.
 *
 * Recording is free of locks and allocations. While `*enabled` is 0 a plugin may skip every call below that records:
 * one predictable branch. */
#ifndef STALLPOINT_ABI_HOST_H_
#define STALLPOINT_ABI_HOST_H_

#include "stallpoint/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Parts of a device step, placed on the stream's timeline by device_mark. */
enum { SP_MARK_FORWARD = 1, SP_MARK_BACKWARD = 2, SP_MARK_OPTIMIZER = 3, SP_MARK_END = 4 };

/* What a stage mostly waits for, a hint for the reader of a trace; the diagnosis measures. */
enum { SP_RESOURCE_CPU = 1, SP_RESOURCE_IO = 2, SP_RESOURCE_STREAM = 3 };

enum { SP_LOG_INFO = 0, SP_LOG_WARNING = 1, SP_LOG_ERROR = 2 };

enum { SP_MEMORY_PAGEABLE = 0, SP_MEMORY_PINNED = 1 };

typedef struct sp_host {
  uint32_t struct_size;
  int32_t reserved;
  void* self;             /* pass as the first argument of every function */
  const int32_t* enabled; /* whether anything is being recorded; read it, do not write it */

  /* [any] A line for the user and the trace. */
  void (*log)(void* self, int32_t level, const char* message);
  /* [any] CLOCK_MONOTONIC. */
  int64_t (*now_ns)(void* self);
  /* [any] 1 when the run is to end soon: return SP_CANCELLED from whatever takes long. */
  int32_t (*cancelled)(void* self);
  /* [control] or [any, rarely]: an id for a name, the same for the same name; never 0. */
  uint32_t (*intern)(void* self, const char* name);

  /* [any] A stage of the current sample or batch, with CPU time and run-queue wait. Stages of one thread do not nest.
   * `bytes` is what the stage read from storage, 0 if it read nothing. About 1 microsecond a stage, 2 after a wait. */
  void (*stage_begin)(void* self, uint32_t name_id);
  void (*stage_end)(void* self, uint64_t bytes);
  /* [any] A plain range for the timeline; ranges of one thread nest. A few tens of nanoseconds. */
  void (*span_begin)(void* self, uint32_t name_id);
  void (*span_end)(void* self);
  /* [any] A range that has already ended, CLOCK_MONOTONIC. */
  void (*span)(void* self, uint32_t name_id, int64_t begin_ns, int64_t end_ns);

  /* [step] The named part of the step begins here on `stream` (null: the run's stream); SP_MARK_END ends the last one.
   */
  void (*device_mark)(void* self, void* stream, int32_t mark);
  /* [any] One value of a series. */
  void (*counter)(void* self, uint32_t name_id, double value);

  /* [any] Memory that the harness accounts for and pools; null when the limit is reached. Not zeroed. */
  void* (*alloc)(void* self, uint64_t bytes, int32_t kind);
  void (*free)(void* self, void* memory);

  /* [any] The value of a `--set KEY=VALUE` option, or null. Lives as long as the host. */
  const char* (*option)(void* self, const char* key);
  /* [any] An optional feature by its string id, or null. */
  const void* (*get_extension)(void* self, const char* id);
} sp_host;
SP_ASSERT_OFFSET(sp_host, self, 8);
SP_ASSERT_OFFSET(sp_host, enabled, 16);
SP_ASSERT_OFFSET(sp_host, log, 24);
SP_ASSERT_OFFSET(sp_host, stage_begin, 56);
SP_ASSERT_OFFSET(sp_host, device_mark, 96);
SP_ASSERT_OFFSET(sp_host, get_extension, 136);

#ifdef __cplusplus
}
#endif

#endif /* STALLPOINT_ABI_HOST_H_ */
