Several settings are run live, one after the other; one that cannot finish costs itself, and the others go on.

  $ stallpoint record --plugin synthetic --workers 1 --batch 4 --steps 30 --set read_latency=1ms \
  >   --device emulated:launch=2ms,sample=0ms,base=1MiB,sample_bytes=1MiB -o run.sptrace --quiet
  run.sptrace: 30 steps, * (glob)
  $ stallpoint replay run.sptrace --live --batch 4,16 --workers 1,2 --steps 24 --device-memory 10MiB --json > live.json
  [5]
  $ json '" ".join(str(s["knobs"]["batch_size"]) + "/" + str(s["knobs"]["worker_count"]) + " " + s["outcomes"][0] for s in o["settings"])' < live.json
  4/1 ok 4/2 ok 16/1 out-of-memory 16/2 out-of-memory
  $ json 'len(o["runs"])' 'o["error"]' 'o["settings"][0]["predicted"]["step_ms"] > 0' 'o["settings"][3]["error"]' < live.json
  4
  null
  true
  null

People see a table, and below it why a setting did not finish.

  $ stallpoint replay run.sptrace --live --batch 4,16 --steps 24 --device-memory 10MiB --repeat 2 > live.txt
  [5]
  $ grep -cE '^ +(4|16) +1 +2 ' live.txt
  2
  $ grep -o "batch 16, 1 worker, prefetch 2: device memory.*" live.txt | head -1
  batch 16, 1 worker, prefetch 2: device memory: 16 samples in flight need 17MiB, the limit is 10MiB; use a smaller --batch or --steps-in-flight
  $ stallpoint replay run.sptrace --live --workers 0:x
  error: --workers: * (glob)
  [2]

A crash costs its setting alone: with 8 workers the run is long enough to come to the step that crashes.

  $ crashes=$(dirname "$(dirname "$(command -v stallpoint)")")/tests/plugins/misbehaving.so
  $ [ -e "$crashes" ] || exit 80
  $ stallpoint record --plugin "$crashes" --set fault=segfault --set at=40 --workers 1 --batch 2 --steps 20 -o short.sptrace --quiet
  short.sptrace: 20 steps, * (glob)
  $ stallpoint replay short.sptrace --live --plugin "$crashes" --workers 8,1 --json > crash.json 2> stack.txt
  [5]
  $ json '" ".join(str(s["knobs"]["worker_count"]) + " " + s["outcomes"][0] for s in o["settings"])' < crash.json
  8 crashed 1 ok
