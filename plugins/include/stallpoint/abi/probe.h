/* A probe: observes a run and emits counters. Polled by the harness on a thread of its own. */
#ifndef STALLPOINT_ABI_PROBE_H_
#define STALLPOINT_ABI_PROBE_H_

#include "stallpoint/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sp_series {
  uint32_t struct_size;
  int32_t reserved;
  const char* name;
  const char* unit; /* "bytes", "1", "ns" */
} sp_series;
SP_ASSERT_OFFSET(sp_series, unit, 16);

/* An event of the run, handed to probes that ask for events. */
typedef struct sp_event {
  uint32_t struct_size;
  uint32_t name_id;
  int64_t begin_ns;
  int64_t end_ns;
  int64_t batch; /* -1: none */
} sp_event;
SP_ASSERT_OFFSET(sp_event, batch, 24);

typedef struct sp_probe {
  uint32_t struct_size;
  int32_t reserved;
  void* self; /* the first argument of every function */
  int64_t series_count;
  uint64_t series_stride;
  const sp_series* series;
  int64_t min_poll_ns; /* poll is not called more often */

  /* [control] */
  sp_code (*start)(void* self, sp_error* error);
  void (*stop)(void* self);
  /* [poll] Emits the current values through the host's counter(). */
  sp_code (*poll)(void* self, int64_t now_ns, sp_error* error);
  /* [poll] Optional, may be null. `stride` bytes between events. */
  void (*on_events)(void* self, const sp_event* events, int64_t count, uint64_t stride);
  /* [any] */
  const void* (*get_extension)(void* self, const char* id);
  /* [control] */
  void (*destroy)(void* self);
} sp_probe;
SP_ASSERT_OFFSET(sp_probe, series, 32);
SP_ASSERT_OFFSET(sp_probe, start, 48);
SP_ASSERT_OFFSET(sp_probe, destroy, 88);

#ifdef __cplusplus
}
#endif

#endif /* STALLPOINT_ABI_PROBE_H_ */
