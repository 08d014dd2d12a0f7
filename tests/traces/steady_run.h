// A regular training run for tests: one worker that loads for 8 of each step's 10 milliseconds, a device that computes
// for 4.
//
// Step i begins at 100 + 10 i ms: main waits 3 ms for the batch, takes it over (0.5), issues the step (1), waits for
// the device (4.5, of which 4 are the device's). After start-up: 4 of 10 ms compute, 3 wait for data.
#ifndef STALLPOINT_TESTS_TRACES_STEADY_RUN_H_
#define STALLPOINT_TESTS_TRACES_STEADY_RUN_H_

#include "tests/traces/trace_builder.h"

namespace stallpoint {

inline TraceBuilder SteadyRun(int steps) {
  TraceBuilder run;
  run.knobs().set_worker_count(1);
  run.run().set_planned_steps(steps);
  const uint32_t worker = run.Track(trace::TRACK_ROLE_WORKER, "worker 0", 0);
  const uint32_t stream = run.Track(trace::TRACK_ROLE_STREAM, "cpu stream");
  const uint32_t depth = run.Series("queue_depth", "1");
  run.Phase(trace::PHASE_STARTUP, 0);
  run.Phase(trace::PHASE_TRAIN, 100);
  for (int i = 0; i < steps; ++i) {
    const double at = 100 + 10.0 * i;
    const uint32_t main = run.main();
    run.Batch(i, 2);
    run.Span(main, "wait_batch", trace::STAGE_KIND_DATA_WAIT, at, at + 3, i);
    run.Span(main, "receive", trace::STAGE_KIND_RECEIVE, at + 3, at + 3.5, i);
    run.Span(main, "launch", trace::STAGE_KIND_LAUNCH, at + 3.5, at + 4.5, i).cpu_ms = 0.9;
    run.Span(main, "wait_device", trace::STAGE_KIND_SYNC, at + 5, at + 9.5, i);
    run.Span(stream, "step", trace::STAGE_KIND_STEP, at + 5, at + 9, i).cpu_ms = 3.5;
    run.Span(stream, "forward", trace::STAGE_KIND_STEP_PART, at + 5, at + 6, i);

    const double load = at - 6;
    for (int k = 0; k < 2; ++k) {
      TestSpan& read = run.Span(worker, "read", trace::STAGE_KIND_SAMPLE, load + 3 * k, load + 3 * k + 2, i);
      read.sample = 2 * i + k;
      read.cpu_ms = 0.5;
      read.run_queue_ms = 0.25;
      read.storage_bytes = 4096;
      read.bytes = 1000;
      TestSpan& decode = run.Span(worker, "decode", trace::STAGE_KIND_SAMPLE, load + 3 * k + 2, load + 3 * k + 3, i);
      decode.sample = 2 * i + k;
      decode.cpu_ms = 1;
    }
    run.Span(worker, "collate", trace::STAGE_KIND_BATCH, load + 6, load + 7, i).cpu_ms = 0.5;
    run.Span(worker, "load", trace::STAGE_KIND_LOAD, load, load + 8, i).cpu_ms = 3.5;
    run.Counter(depth, at + 2, 1);
    run.Counter(depth, at + 3, 0);
    run.Iteration(i, 1.0 / (i + 1));
  }
  run.Phase(trace::PHASE_SHUTDOWN, 100 + 10.0 * steps);
  run.End(110 + 10.0 * steps);
  trace::Accounting& accounting = *run.body().mutable_accounting();
  accounting.set_emitted(13 * steps + 5);
  accounting.set_recorded(13 * steps);
  accounting.set_dropped(5);
  accounting.set_set_aside(1);
  return run;
}

}  // namespace stallpoint

#endif  // STALLPOINT_TESTS_TRACES_STEADY_RUN_H_
