A run with enough workers is called healthy, whatever the seed.

  $ for seed in 1 2 3 4 5 6 7 8 9 10; do
  >   stallpoint record --plugin synthetic --set read_latency=20ms --workers 8 --batch 8 --steps 70 --seed $seed \
  >     --device emulated:launch=2ms,sample=4ms -o $seed.sptrace --quiet > record.txt || cat record.txt
  >   stallpoint why $seed.sptrace | head -n 1
  > done
  healthy* (glob)
  healthy* (glob)
  healthy* (glob)
  healthy* (glob)
  healthy* (glob)
  healthy* (glob)
  healthy* (glob)
  healthy* (glob)
  healthy* (glob)
  healthy* (glob)
