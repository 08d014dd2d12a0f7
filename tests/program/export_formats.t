A trace goes to a spreadsheet, to Perfetto and to Nsight Systems.

  $ stallpoint record --plugin synthetic --workers 2 --batch 4 --steps 30 --set read_latency=5ms \
  >   --device emulated:launch=2ms,sample=1ms -o run.sptrace --quiet > /dev/null
  $ stallpoint export run.sptrace --to csv -o run.csv --quiet
  $ tail -n +2 run.csv | wc -l
  30

  $ stallpoint export run.sptrace --to perfetto -o run.perfetto-trace --quiet
  $ "$STALLPOINT_ROOT/.venv/bin/python" "$TESTDIR/helpers/perfetto_rows" run.perfetto-trace
  main
  worker 0
  worker 1
  slices balanced: True

  $ stallpoint export run.sptrace --to nsys -o run.nvtxt --quiet
  $ grep -c '^NameOsThread' run.nvtxt
  [4-9] (re)

A second export to the same place is refused, and a link is not followed.

  $ stallpoint export run.sptrace --to csv -o run.csv
  error: run.csv: exists already; --force overwrites it
  [7]
  $ ln -s run.csv link.csv; stallpoint export run.sptrace --to csv -o link.csv --force
  error: *link.csv* (glob)
  [7]
