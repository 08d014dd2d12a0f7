A run that outgrows its host memory is a result with a name, whatever holds it to its limit.

  $ stallpoint record --plugin synthetic --set leak=1MiB --host-memory 256MiB --workers 2 --steps 300 \
  >   --device emulated:launch=5ms,sample=0ms -o leak.sptrace --quiet
  error: out-of-memory: host memory: *limit*256MiB*; use a smaller --batch, --workers or --prefetch, or a larger --host-memory (glob)
  leak.sptrace: * (glob)
  [5]

The trace holds what came before, and says how the limit was held.

  $ stallpoint info leak.sptrace --json | json 'o["steps"] > 0' 'o["limits"]["host"]' 'o["knobs"]["host_limit_bytes"]'
  true
  buffers of the harness before each allocation, * (glob)
  268435456

From it the length of any run is known that memory is enough for, and that no setting is.

  $ stallpoint sweep leak.sptrace --workers 1,2 --quiet | grep -c "does not fit the 256MiB of host memory"
  3
  $ stallpoint sweep leak.sptrace --workers 1,2 2>&1 | grep -E "recommended|note: 1"
  recommended: nothing, no setting fits the memory allowed; allow more, or sweep a smaller --batch
  note: 1.0* MiB of host memory stay of every sample: memory is that of a run of 4096 samples; as recorded 256 MiB are full after 2* samples, * s (glob)

  $ stallpoint replay leak.sptrace --live --workers 1 --steps 300 2> log | grep -E "predicted|measured"
    predicted * does not fit the 256MiB of host memory, full after 2* samples (glob)
    measured * out-of-memory (glob)

The next run is clean, and nothing is left behind.

  $ stallpoint record --plugin synthetic --host-memory 256MiB --workers 2 --steps 20 --device emulated:launch=1ms,sample=0ms \
  >   -o fine.sptrace --quiet
  fine.sptrace: 20 steps, * (glob)
  $ stallpoint info fine.sptrace --json | json 'o["outcome"]'
  ok
  $ find /sys/fs/cgroup -maxdepth 5 -name "stallpoint-*" 2> /dev/null | wc -l
  0
