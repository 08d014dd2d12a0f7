Storage answers after 20 ms, one worker reads: the run is starved by reading, which waits for I/O, and more workers help.

  $ stallpoint record --plugin synthetic --set read_latency=20ms --workers 1 --batch 8 --steps 40 \
  >   --device emulated:launch=2ms,sample=4ms -o run.sptrace --quiet
  run.sptrace: 40 steps, 320 samples in * s, * a step, stalled * % of the time (glob)

  $ stallpoint why run.sptrace --json > why.json
  $ json 'o["verdict"]' 'o["bound"]' 'o["stage"]' 'o["wait"]' 'o["healthy"]' < why.json
  data-starved: read
  data
  read
  io
  false
  $ json 'o["causes"][0]["id"]' 'o["causes"][0]["fix"]["knob"]' 'o["causes"][0]["fix"]["from"]' < why.json
  slow-input
  worker_count
  1

What a person reads is three lines.

  $ stallpoint why run.sptrace | wc -l
  3

The live run with as many workers as it says is free of the stall, and as fast as it says.

  $ workers=$(json 'o["causes"][0]["fix"]["to"]' < why.json)
  $ stallpoint replay run.sptrace --live --workers $workers --json > live.json
  $ json 'o["runs"][0]["outcome"]' 'o["runs"][0]["shares"]["compute"] > 0.9' 'abs(o["error"]) < 0.1' < live.json
  ok
  true
  true
