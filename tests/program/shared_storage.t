Storage answers after 4 ms and lets one read after another through, 2 ms each: from three workers on they wait for each
other. A recording with its calibration runs shows that, and no number of workers is promised to do more.

  $ stallpoint record --plugin synthetic --set read_latency=4ms --set read_turn=2ms --set decode_cost=500us --workers 1 \
  >   --batch 8 --steps 60 --device emulated:launch=1ms,sample=100us --calibrate -o run.sptrace --quiet
  run.sptrace: 60 steps, 480 samples in * s, * a step, stalled * % of the time, 5 calibration runs (glob)

  $ stallpoint sweep run.sptrace --workers 1:16 --json --quiet > sweep.json
  $ json 'all(s["step_ms"] > 14.5 for s in o["settings"])' 'o["recommended"]["knobs"]["worker_count"] in range(4, 8)' \
  >   < sweep.json
  true
  true

The verdict says what the limit is, and that workers beyond it do not help.

  $ stallpoint why run.sptrace | grep -c 'storage that serves .* reads at a time: workers beyond that wait for each other'
  1

Live runs agree.

  $ stallpoint replay run.sptrace --live --workers 2,8 --json --quiet > live.json
  $ json 'all(abs(s["error"]) < 0.12 for s in o["settings"])' < live.json
  true
