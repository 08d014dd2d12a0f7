A recorded run is observed by probes, whose series stand beside everything else on the run's clock. Four workers share one core here.

  $ stallpoint record --plugin synthetic --set decode_cpu=5ms --workers 4 --cpus 0 --batch 8 --steps 60 \
  >   --device emulated:launch=1ms,sample=0ms --set cpu.period=50ms -o run.sptrace --quiet
  run.sptrace: 60 steps, * (glob)
  $ stallpoint info run.sptrace --json > info.json
  $ json '[p["id"] for p in o["probes"]]' '[p["stopped"] for p in o["probes"]]' 'min(p["polls"] for p in o["probes"]) > 2' < info.json
  ["cpu", "memory", "storage"]
  [null, null, null]
  true
  $ json '" ".join(o["probes"][0])' '" ".join(o["probes"][0]["series"][0])' < info.json
  id version polls cpu_ms stopped series
  name unit values mean max
  $ json '[s["mean"] > 2 for s in o["probes"][0]["series"] if s["name"] == "run_queue"]' < info.json
  [true]
  $ stallpoint info run.sptrace | grep -E '^probe |cpu.run_queue' | sed -E 's/[0-9.]+ %/N %/; s/ +/ /g; s/[0-9]+ polls/N polls/; s/(queue) .*/\1/'
  probe cpu: N polls, N % of a core
  probe memory: N polls, N % of a core
  probe storage: N polls, N % of a core
   cpu.run_queue

They are in what the trace is exported to and dumped as.

  $ stallpoint export run.sptrace --to perfetto -o run.perfetto-trace --quiet
  $ "$STALLPOINT_ROOT/.venv/bin/python" "$TESTDIR/helpers/perfetto_counters" run.perfetto-trace cpu.run_queue memory.pss
  cpu.run_queue: values, unit 1
  memory.pss: values, unit bytes
  $ stallpoint dump run.sptrace | grep -c -m 1 '"name":"storage.threads_blocked"'
  1

A live replay and the predictions need none of them, nor their options.

  $ stallpoint replay run.sptrace --live --steps 10 --json | json 'o["runs"][0]["outcome"]'
  ok

Which probes there are is the user's to say.

  $ stallpoint record --plugin synthetic --steps 5 --probe storage,memory --set memory.pss_period=0 -o two.sptrace --quiet > /dev/null
  $ stallpoint info two.sptrace --json | json '[p["id"] for p in o["probes"]]'
  ["storage", "memory"]
  $ stallpoint record --plugin synthetic --steps 5 --probe none -o none.sptrace --quiet > /dev/null
  $ stallpoint info none.sptrace --json | json 'o["probes"]'
  []

One that cannot observe here ends with a line that says why, and the run does not.

  $ stallpoint record --plugin synthetic --steps 5 --probe cpu --set cpu.period=soon -o stopped.sptrace > /dev/null
  note: probe cpu: stopped: option period: found 'soon', expected a time such as 20ms, 1.5s, 300us or 0
  $ stallpoint info stopped.sptrace | grep probe
  probe cpu was stopped after 0 polls: option period: found 'soon', expected a time such as 20ms, 1.5s, 300us or 0
  $ stallpoint dump stopped.sptrace | grep -c log_lines
  1

What does not exist is said before the run.

  $ stallpoint record --plugin synthetic --probe cqu -o x.sptrace
  error: no probe 'cqu' in *; did you mean 'cpu'?* (glob)
  [4]
  $ stallpoint record --plugin synthetic --set cpu.periot=1s -o x.sptrace
  error: --set cpu.periot=1s: 'cpu' has no option 'periot'; did you mean 'cpu.period'? * (glob)
  [2]
  $ stallpoint record --plugin cpu -o x.sptrace
  error: no workload 'cpu' in *'cpu' in *cpu.so is a probe* (glob)
  [4]
  $ stallpoint record --plugin synthetic --probe cpu --steps 5
  error: --probe: nothing is recorded without -o, so that a probe has nowhere to write
  [2]
