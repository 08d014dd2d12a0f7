Killed at any moment after its first half second, a run leaves a trace that can be read, and no process. (Whether the trace was
closed depends on what the run met first: its parent's closed socket, or the signal at its parent's death.)

  $ for delay in 0.7 0.9 1.3 1.7; do
  >   stallpoint record --plugin synthetic --workers 2 --batch 4 --steps 100000 --device emulated:launch=2ms,sample=1ms \
  >     -o $delay.sptrace --quiet > /dev/null 2>&1 &
  >   pid=$!; sleep $delay; kill -9 $pid; wait $pid 2> /dev/null
  >   sleep 0.2
  >   stallpoint info $delay.sptrace --json | json 'o["steps"] > 10'
  >   stallpoint why $delay.sptrace | wc -l
  > done
  true
  3
  true
  3
  true
  3
  true
  3
  $ sleep 0.5; for pid in $(pgrep stallpoint-run); do readlink /proc/$pid/cwd; done | grep -c -F "$PWD"
  0
  [1]

The run itself killed, not its parent: the parent says so.

  $ stallpoint record --plugin synthetic --workers 2 --batch 4 --steps 100000 --device emulated:launch=2ms,sample=1ms \
  >   -o crash.sptrace --quiet > out.txt 2>&1 &
  $ parent=$!; sleep 1; pkill -9 -P $parent; wait $parent; echo exit $?
  exit 5
  $ head -n 1 out.txt
  error: crashed: * (glob)
  $ stallpoint info crash.sptrace --json | json 'o["closed"]' 'o["outcome"]' 'o["steps"] > 10' 'o["source"]'
  false
  crashed
  true
  synthetic

Interrupted from the keyboard, it ends after its step and closes the trace.

  $ (trap - INT; exec stallpoint record --plugin synthetic --batch 4 --steps 100000 --device emulated:launch=2ms,sample=1ms \
  >   -o stopped.sptrace --quiet) > /dev/null 2>&1 &
  $ sleep 1; kill -INT $!; wait $!; echo exit $?
  exit 130
  $ stallpoint info stopped.sptrace --json | json 'o["closed"]' 'o["outcome"]'
  true
  cancelled
