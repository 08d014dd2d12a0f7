While the first steps are issued CUPTI is in the process, then it is not; with a driver and a CUPTI that stand in for CUDA's.

  $ build=$(dirname "$(dirname "$(command -v stallpoint)")")
  $ [ -e "$build/tests/harness/libfake_cupti.so" ] && [ -e "$build/tests/plugins/cuda/steps_on_cuda.so" ] || exit 80
  $ export LD_LIBRARY_PATH=$build/tests/fake_cuda STALLPOINT_CUPTI=$build/tests/harness/libfake_cupti.so
  $ record() { stallpoint record --plugin "$build/tests/plugins/cuda/steps_on_cuda.so" --device cuda:0 --batch 4 -o r.sptrace --force "$@" > recorded.txt; }
  $ observed() { stallpoint info r.sptrace --json | json 'o["device_work_steps"]'; }
  $ record --steps 100 && observed
  10
  $ stallpoint info r.sptrace | grep kernels
  kernels and CUDA calls were recorded in the first 10 steps, which took * ms each (glob)
  $ stallpoint info r.sptrace | grep -oE 'over [0-9]+ steps'
  over 89 steps
  $ record --steps 30 && observed
  5
  $ record --steps 60 --device-work 25 && observed
  25
  $ record --steps 30 --device-work all && observed
  30
  $ stallpoint info r.sptrace | grep -c kernels
  0
  [1]
  $ record --steps 30 --device-work none && observed
  0

Live runs are recorded as the run that they are compared with.

  $ stallpoint replay r.sptrace --live --plugin "$build/tests/plugins/cuda/steps_on_cuda.so" --steps 30 -o live.sptrace --quiet > replayed.txt
  $ stallpoint info live.sptrace --json | json 'o["device_work_steps"]'
  0
  $ record --device-work some
  error: --device-work some: expected all, none, or the number of first steps, e.g. --device-work 50
  [2]
