Every key is present, whatever is known: others script against it.

  $ stallpoint record --plugin synthetic --workers 1 --batch 4 --steps 40 --device emulated:launch=2ms,sample=1ms \
  >   -o run.sptrace --quiet --json | json 'o["schema_version"]' 'o["outcome"]'
  1
  ok
  $ stallpoint info run.sptrace --json | json '" ".join(o)'
  schema_version stallpoint_version knobs source closed outcome steps samples wall_s startup_s epoch_edge_ms steady step_ms throughput_per_s shares stall_share stages host_memory_bytes device_memory_bytes growth_per_sample device_work_steps other_cores limits events gaps phases calibration_runs probes
  $ stallpoint info run.sptrace --json | json '" ".join(o["knobs"])' '" ".join(o["shares"])' '" ".join(o["step_ms"])'
  batch_size worker_count prefetch_depth pin_host_memory intra_op_threads cpus host_limit_bytes device_limit_bytes steps_in_flight in_order persistent_workers drop_last accumulation seed device
  compute copy data_wait sync launch other
  median p90 mean
  $ stallpoint info run.sptrace --json | json 'abs(sum(o["shares"].values()) - 1) < 1e-9' '" ".join(o["stages"][0])'
  true
  name wall_ms cpu_ms run_queue_ms io_ms blocked_ms bytes storage_bytes
  $ stallpoint record --plugin synthetic --workers 1 --batch 4 --steps 24 --device emulated:launch=2ms,sample=1ms --calibrate \
  >   -o calibrated.sptrace --quiet > log
  $ stallpoint info calibrated.sptrace --json | json '" ".join(o["calibration_runs"][0])' 'all(r["step_ms"]["mean"] > 0 for r in o["calibration_runs"])'
  knobs steps step_ms
  true
  $ stallpoint sweep run.sptrace --workers 0:2 --batch 4,8 --json > sweep.json
  $ json '" ".join(o)' 'len(o["settings"])' '" ".join(o["settings"][0])' < sweep.json
  schema_version stallpoint_version recorded settings stall_points recommended recommended_any_batch search
  6
  knobs step_ms step_ms_low step_ms_high throughput_per_s shares stall_share bound stage wait host_memory_bytes device_memory_bytes p_out_of_memory extrapolated* (glob)
  $ stallpoint why run.sptrace --json | json '" ".join(o)'
  schema_version stallpoint_version verdict bound stage wait stall_share healthy causes
  $ stallpoint replay run.sptrace --live --steps 25 --workers 2 --json | json '" ".join(o)' '" ".join(o["runs"][0])' '" ".join(o["predicted"])' 'o["noise"]'
  schema_version stallpoint_version runs predicted error error_told noise settings
  knobs outcome step_ms shares wall_s
  step_ms step_ms_low step_ms_high stall_share wall_s wall_s_low wall_s_high
  null
