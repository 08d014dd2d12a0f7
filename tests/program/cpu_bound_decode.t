Decoding takes 20 ms of CPU a sample and two workers keep both processors busy: more workers than processors cannot help.

  $ [ "$(nproc)" -ge 2 ] || exit 80
  $ stallpoint record --plugin synthetic --set decode_cost=20ms --workers 2 --cpus 0-1 --batch 8 --steps 40 \
  >   --device emulated:launch=2ms,sample=4ms -o run.sptrace --quiet
  run.sptrace: 40 steps, * (glob)

  $ stallpoint why run.sptrace --json > why.json
  $ json 'o["verdict"]' 'o["stage"]' 'o["wait"]' 'o["causes"][0]["id"]' < why.json
  data-starved: decode
  decode
  cpu
  slow-input
  $ json '[c["fix"] for c in o["causes"] if c["fix"] and c["fix"]["knob"] == "worker_count"]' < why.json
  []
  $ stallpoint why run.sptrace
  data-starved: decode* (glob)
  * (glob)
  *more workers than cores will not help* (glob)
