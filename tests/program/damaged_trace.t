A trace that lost its tail, or a piece in its middle, is read as far as it goes, and says what is missing.

  $ stallpoint record --plugin synthetic --workers 1 --batch 4 --steps 200 --device emulated:launch=2ms,sample=1ms \
  >   -o run.sptrace --quiet > /dev/null
  $ size=$(stat -c %s run.sptrace)
  $ head -c $((size * 2 / 3)) run.sptrace > torn.sptrace
  $ stallpoint info torn.sptrace --json | json 'o["closed"]' 'o["steps"] > 20' 'len(o["gaps"]) > 0'
  false
  true
  true
  $ stallpoint info torn.sptrace --strict > /dev/null
  [6]

  $ cp run.sptrace holed.sptrace
  $ dd if=/dev/urandom of=holed.sptrace bs=1 count=64 seek=$((size / 2)) conv=notrunc status=none
  $ stallpoint info holed.sptrace --json | json 'o["closed"]' 'len(o["gaps"]) > 0'
  true
  true

An undamaged trace passes the strict look, and two traces in a row are a trace.

  $ stallpoint info run.sptrace --strict > /dev/null
  $ cat run.sptrace run.sptrace > twice.sptrace && stallpoint info twice.sptrace | head -n 1
  synthetic * (glob)
