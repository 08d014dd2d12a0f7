/* A probe: observes a run and emits counters.
 *
 * Each probe has a thread of its own, [poll], on which the harness calls create_probe and everything below: what blocks
 * there blocks that probe alone. A call that fails, a value of a series that was not declared, or a second value of one
 * series in one poll ends the probe and not the run; one that does not return is left behind when the run ends.
 *
 * The trace names a series PROBE.SERIES. The host's stages, spans and marks do nothing on a probe's thread. A probe
 * that lists the option `data_dir` is given the run's data folder as its value when the user gave none. */
#ifndef STALLPOINT_ABI_PROBE_H_
#define STALLPOINT_ABI_PROBE_H_

#include "stallpoint/abi/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sp_series {
  uint32_t struct_size;
  int32_t reserved;
  const char* name; /* [a-z][a-z0-9_]*, unique in the probe */
  const char* unit; /* "bytes", "1", "ns", "1/s", ...: one short word */
} sp_series;
SP_ASSERT_OFFSET(sp_series, unit, 16);

/* An event of the run. */
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
  const sp_series* series; /* read once, when the probe was created */
  /* poll is not called more often; nor so often that its CPU time comes to more than 1 % of a core. 10 ms at least. */
  int64_t min_poll_ns;

  /* [poll] start may come again after stop, and stop after stop. */
  sp_code (*start)(void* self, sp_error* error);
  void (*stop)(void* self);
  /* [poll] Emits current values through the host's counter(), each series at most once. A series may be left out. */
  sp_code (*poll)(void* self, int64_t now_ns, sp_error* error);
  /* Reserved, leave null: no harness of this version calls it. Events leave a run a hundred milliseconds late and in
   * bulk, and a probe that held them up would cost the trace events. */
  void (*on_events)(void* self, const sp_event* events, int64_t count, uint64_t stride);
  /* [poll] */
  const void* (*get_extension)(void* self, const char* id);
  /* [poll] */
  void (*destroy)(void* self);
} sp_probe;
SP_ASSERT_OFFSET(sp_probe, series, 32);
SP_ASSERT_OFFSET(sp_probe, start, 48);
SP_ASSERT_OFFSET(sp_probe, destroy, 88);

#ifdef __cplusplus
}
#endif

#endif /* STALLPOINT_ABI_PROBE_H_ */
