With 116 samples an epoch is shorter than what the workers keep in flight; the diagnosis is the same.

  $ stallpoint record --plugin synthetic --set samples=116 --set read_latency=20ms --workers 1 --batch 8 --epochs 4 \
  >   --device emulated:launch=2ms,sample=4ms -o run.sptrace --quiet
  run.sptrace: 60 steps, 464 samples * (glob)

  $ stallpoint why run.sptrace --json > why.json
  $ json 'o["verdict"]' 'o["wait"]' 'o["causes"][0]["fix"]["knob"]' < why.json
  data-starved: read
  io
  worker_count

At every epoch's end the loader drains, which costs time that --steps does not have.

  $ stallpoint info run.sptrace --json | json 'o["epoch_edge_ms"] is not None' 'o["samples"]'
  true
  464

Eight workers with a prefetch of 4 want 32 batches in flight; a pass has 15.

  $ stallpoint replay run.sptrace --live --workers 8 --prefetch 4 --json > live.json
  $ json 'o["runs"][0]["outcome"]' 'abs(o["error"]) < 0.15' < live.json
  ok
  true
