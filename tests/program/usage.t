An unknown flag or verb suggests the nearest and exits with 2.

  $ stallpoint why run.sptrace --jsn
  error: * (glob)
         did you mean --json?
         stallpoint why --help lists what there is
  [2]
  $ stallpoint recrod
  error: * (glob)
         did you mean record?
         stallpoint --help lists what there is
  [2]

A setting that cannot be names its flag.

  $ stallpoint record --plugin synthetic --batch 0 -o x.sptrace
  error: *batch* (glob)
  [2]
  $ stallpoint record --plugin synthetic --device toaster -o x.sptrace
  error: *toaster* (glob)
  [2]
  $ stallpoint record --plugin synthetic --set nonsense=1 -o x.sptrace
  error: *nonsense* (glob)
  [2]

An unknown plugin exits with 4.

  $ stallpoint record --plugin no_such_workload -o x.sptrace
  error: *no_such_workload* (glob)
  [4]

An existing file is kept unless told otherwise.

  $ echo precious > x.sptrace
  $ stallpoint record --plugin synthetic --steps 3 --device emulated:launch=1ms,sample=0ms -o x.sptrace
  error: *x.sptrace* (glob)
  [7]
  $ cat x.sptrace
  precious

What is not a trace is named; exit code 3. A file that is not there is 7.

  $ stallpoint info x.sptrace
  error: *x.sptrace* (glob)
  [3]
  $ gzip -k x.sptrace && stallpoint why x.sptrace.gz
  error: *gzip* (glob)
  [3]
  $ stallpoint info nowhere.sptrace
  error: *nowhere.sptrace* (glob)
  [7]
