A script holds a run to its figures; what failed is said on stderr, beside the usual output.

  $ stallpoint record --plugin synthetic --set read_latency=5ms --workers 1 --batch 4 --steps 60 \
  >   --device emulated:launch=2ms,sample=1ms -o run.sptrace --quiet > /dev/null
  $ stallpoint info run.sptrace --fail-if 'stall>5%' > shown.txt
  failed: stall>5%: it is * % (glob)
  [1]
  $ head -n 1 shown.txt
  synthetic 1.0: batch 4, 1 worker, * (glob)
  $ stallpoint why run.sptrace --json --fail-if 'stall>=99%,step>1s,throughput<1' | json 'o["bound"]'
  data
  $ stallpoint why run.sptrace --fail-if 'step>1ms,throughput<1e6' > /dev/null
  failed: step>1ms: it is * ms (glob)
  failed: throughput<1e6: it is * samples/s (glob)
  [1]

What is not understood is refused before anything is read.

  $ stallpoint info nowhere.sptrace --fail-if 'stalls>5%'
  error: --fail-if 'stalls>5%': expected conditions such as stall>5%, step>20ms, throughput<100, joined by ','
  [2]
  $ stallpoint info nowhere.sptrace --fail-if 'step>20'
  error: --fail-if 'step>20': expected * (glob)
  [2]
