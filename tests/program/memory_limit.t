A run that outgrows its host memory is a result with a name, whatever holds it to its limit.

  $ stallpoint record --plugin synthetic --set leak=1MiB --host-memory 256MiB --workers 2 --batch 8 --steps 300 \
  >   --device emulated:launch=5ms,sample=0ms -o leak.sptrace --quiet
  error: out-of-memory: host memory: *limit*256MiB*; use a smaller --batch, --workers or --prefetch, or a larger --host-memory (glob)
  leak.sptrace: * (glob)
  [5]

The trace holds what came before, and says how the limit was held.

  $ stallpoint info leak.sptrace --json | json 'o["steps"] > 0' 'o["limits"]["host"]' 'o["knobs"]["host_limit_bytes"]'
  true
  buffers of the harness before each allocation, * (glob)
  268435456

No setting that holds as much is said to fit.

  $ stallpoint sweep leak.sptrace --workers 1,2 --quiet > sweep
  $ grep -cE "(does|may) not fit the 256MiB of host memory" sweep
  2
  $ grep -o "recommended: nothing" sweep
  recommended: nothing

Of a run that is long enough to see how it grows, the sample is known at which memory will be full: 1024 would fill all of it.

  $ stallpoint record --plugin synthetic --set leak=256KiB --workers 2 --batch 4 --steps 400 --device emulated:launch=5ms,sample=0ms \
  >   -o slow.sptrace --quiet
  slow.sptrace: 400 steps, * (glob)
  $ stallpoint sweep slow.sptrace --workers 1,2 --host-memory 256MiB > sweep 2> notes
  $ grep -cE "does not fit the 256MiB of host memory, full after ([89][0-9]{2}|10[0-2][0-9]) samples" sweep
  2
  $ grep recommended sweep
  recommended: nothing, no setting fits the memory allowed; something stays of every sample: look for what loading or step keep, * (glob)
  $ grep stay notes
  note: 25* KiB of host memory stay of every sample; what a setting holds is told of a run of 4096 samples *, and the recorded one fills all * after * samples, * (glob)
  $ stallpoint replay slow.sptrace --live --host-memory 256MiB --steps 400 --quiet 2> /dev/null | grep -E "(predicted|measured)  "
    predicted * does not fit the 256MiB of host memory, full after * samples (glob)
    measured * out-of-memory (glob)

The next run is clean, and nothing is left behind.

  $ stallpoint record --plugin synthetic --host-memory 256MiB --workers 2 --steps 20 --device emulated:launch=1ms,sample=0ms \
  >   -o fine.sptrace --quiet
  fine.sptrace: 20 steps, * (glob)
  $ stallpoint info fine.sptrace --json | json 'o["outcome"]'
  ok
  $ find /sys/fs/cgroup -maxdepth 5 -name "stallpoint-*" 2> /dev/null | wc -l
  0
