A search names the setting that a sweep of the whole space would, from a small part of it.

  $ stallpoint record --plugin synthetic --workers 1 --batch 8 --steps 40 --set read_latency=3ms \
  >   --device emulated:launch=2ms,sample=1ms -o run.sptrace --quiet
  run.sptrace: 40 steps, * (glob)
  $ stallpoint sweep run.sptrace --workers 0:12 --prefetch 1:4 --json > listed.json
  $ stallpoint sweep run.sptrace --workers 0:12 --prefetch 1:4 --recommend --json > searched.json
  $ json 'o["recommended"]["runner_up"]' 'o["search"]' < listed.json
  null
  null
  $ for found in listed searched; do json '[o["recommended"]["knobs"][k] for k in ("worker_count", "prefetch_depth")]' < $found.json > $found.txt; done
  $ cmp listed.txt searched.txt
  $ json 'o["search"]["settings"]' 'o["search"]["simulated"] < 52' 'o["search"]["complete"]' < searched.json
  52
  true
  true
  $ json '" ".join(o)' '" ".join(o["recommended"])' '" ".join(o["search"])' < searched.json
  schema_version stallpoint_version recorded settings stall_points recommended recommended_any_batch search
  knobs reason throughput_gain throughput_gain_low throughput_gain_high chance expected_loss high_loss ceiling_per_s runner_up
  settings simulated complete stopped next live_runs

What it gains has an interval.

  $ json 'o["recommended"]["throughput_gain_low"] < o["recommended"]["throughput_gain"] < o["recommended"]["throughput_gain_high"]' < searched.json
  true
  $ stallpoint sweep run.sptrace --workers 0:12 --quiet | grep -o '^recommended.*fewest'
  recommended: [0-9]+ workers, prefetch 2: [0-9.]+ times the throughput \([0-9.]+ to [0-9.]+\); fewest (re)

A million settings are answered at once.

  $ timeout 60 stallpoint sweep run.sptrace --recommend --workers 0:63 --prefetch 1:16 --batch 8:8192:+8 --quiet > million.txt
  $ head -1 million.txt
  1,048,576 settings searched, [0-9,]+ of them simulated (re)
  $ grep -c '^recommended: batch 8, [1-9]' million.txt
  1
  $ grep -c 'with any batch size: batch' million.txt
  1

Live runs are spent only where they settle the choice, and their traces can be kept and used.

  $ stallpoint sweep run.sptrace --recommend --workers 0:12 --live 2 -o live.sptrace --json > live.json
  $ json 'len(o["search"]["live_runs"]) <= 2' 'o["search"]["stopped"] in ("sure", "runs")' < live.json
  true
  true
  $ json 'all(r["outcome"] == "ok" and r["step_ms"] > 0 and r["predicted"]["step_ms_low"] > 0 for r in o["search"]["live_runs"])' < live.json
  true

Where a device takes just as long as four workers load a batch, which of four and five is to be taken is unsure in most
recordings, so there are some. How long that is hangs on how late this machine wakes what sleeps.

  $ slow_reads() { stallpoint record --plugin synthetic --workers 2 --batch 8 --steps 40 --set read_latency=4ms "$@" --quiet --force > recorded.txt; }
  $ for attempt in 1 2 3 4 5 6; do
  >   slow_reads --device emulated:launch=1us,sample=1us -o fed.sptrace
  >   launch=$(stallpoint sweep fed.sptrace --workers 4 --json | json 'int(o["settings"][0]["step_ms"] * 1000) - 8000')
  >   slow_reads --device emulated:launch=${launch}us,sample=1ms -o edge.sptrace
  >   stallpoint sweep edge.sptrace --recommend --workers 0:8 --live 1 -o edge-live.sptrace --quiet > edge.txt
  >   if grep -q '^live run of batch 8' edge.txt; then break; fi
  > done
  $ grep -c '^live run of batch 8' edge.txt
  1
  $ stallpoint sweep edge.sptrace edge-live.sptrace --workers 0:8 --quiet > both.txt

What cannot be is said before anything is run.

  $ stallpoint sweep run.sptrace --live 2
  error: --live requires --recommend
         stallpoint sweep --help lists what there is
  [2]
  $ stallpoint sweep run.sptrace --recommend --budget soon
  error: --budget: 'soon' is not a time: expected a number with ns, us, ms, s, min or h, such as 20ms or 1.5s
  [2]
  $ stallpoint sweep run.sptrace --recommend --workers 0:12 --live 5 --budget 1ms --quiet | grep -o 'stopped: the budget.*'
  stopped: the budget is used up, or the next live run would not fit into it

Ctrl-C prints the best so far.

  $ (stallpoint sweep edge.sptrace --recommend --workers 0:8 --live 50 --steps 2000 --quiet > interrupted.txt & pid=$!; sleep 1; kill -INT $pid; wait $pid; echo "exit $?")
  exit 130
  $ grep -c 'recommended: batch 8' interrupted.txt
  1
