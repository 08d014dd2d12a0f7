A sample that cannot be decoded ends the run with its name ...

  $ stallpoint record --plugin synthetic --set bad_sample=5 --set samples=64 --batch 8 --workers 2 --epochs 1 \
  >   --device emulated:launch=1ms,sample=0ms -o bad.sptrace --quiet
  error: failed: *sample 5* (glob)
  bad.sptrace: * (glob)
  [5]

... or is left out and counted, when asked.

  $ stallpoint record --plugin synthetic --set bad_sample=5 --set on_bad_sample=skip --set samples=64 --batch 8 --workers 2 \
  >   --epochs 1 --device emulated:launch=1ms,sample=0ms -o skip.sptrace
  note: *skipped* (glob)
  skip.sptrace: 8 steps, 63 samples * (glob)

A loader that hangs is timed out, and what was recorded until then can be read.

  $ stallpoint record --plugin synthetic --set hang_after=100 --batch 8 --workers 2 --timeout 2s \
  >   --device emulated:launch=1ms,sample=0ms -o hang.sptrace --quiet | sed 's/stallpoint: .*//'
  error: timed-out: * (glob)
  hang.sptrace: * (glob)
  $ stallpoint info hang.sptrace --json | json 'o["outcome"]' 'o["steps"] > 3'
  timed-out
  true
  $ for pid in $(pgrep stallpoint-run); do readlink /proc/$pid/cwd; done | grep -c -F "$PWD"
  0
  [1]
