The real importer of Nsight Systems makes a report of a trace; its export has the run's rows, names and times.

  $ command -v nsys > /dev/null || exit 80
  $ stallpoint record --plugin synthetic --workers 2 --batch 4 --steps 30 --set read_latency=5ms \
  >   --device emulated:launch=2ms,sample=1ms -o run.sptrace --quiet > /dev/null
  $ stallpoint export run.sptrace --to nsys -o run.nsys-rep --quiet
  $ nsys export -t json -o run.json run.nsys-rep > /dev/null 2>&1
  $ grep -o -E '"Thread":{"Name":"(main|worker [01])"' run.json | sort
  "Thread":{"Name":"main"
  "Thread":{"Name":"worker 0"
  "Thread":{"Name":"worker 1"
  $ "$STALLPOINT_ROOT/.venv/bin/python" "$TESTDIR/helpers/nsys_steps" run.json
  30 steps, each of 6.0 ms

Under `nsys profile` the same stages are NVTX ranges, recorded by Nsight itself (but for the last few, which Nsight had not
written when the run ended). Debian's nsys sometimes does not come to its own end on a busy machine, and its agent spins for good: it
gets three attempts.

  $ export TMPDIR=/tmp
  $ for attempt in 1 2 3; do
  >   timeout 30 nsys profile -t nvtx --session-new "nsight$$" -o live stallpoint record --plugin synthetic --workers 1 --batch 4 \
  >     --steps 40 --device emulated:launch=2ms,sample=1ms -o nvtx.sptrace --force --quiet < /dev/null > profile.txt 2>&1 && break
  >   pkill -9 -f "session-name=nsight$$"; rm -f live.*
  > done || cat profile.txt
  $ host=/usr/lib/nsight-systems/host-linux-x64
  $ [ -e live.nsys-rep ] || LD_LIBRARY_PATH=$host $host/QdstrmImporter -i live.qdstrm -o live.nsys-rep > import.txt 2>&1
  $ nsys export -t json -o live.json live.nsys-rep > /dev/null 2>&1
  $ "$STALLPOINT_ROOT/.venv/bin/python" "$TESTDIR/helpers/nvtx_ranges" live.json read=60 decode=60 transform=60 collate=15 launch=15
  read seen
  decode seen
  transform seen
  collate seen
  launch seen
