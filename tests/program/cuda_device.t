A run on a CUDA device, with a driver that stands in for CUDA's: what its device does takes time and the host's memory.

  $ build=$(dirname "$(dirname "$(command -v stallpoint)")")
  $ [ -e "$build/tests/plugins/cuda/steps_on_cuda.so" ] || exit 80
  $ export LD_LIBRARY_PATH=$build/tests/fake_cuda STALLPOINT_CUPTI=/nowhere/libcupti.so
  $ stallpoint record --plugin "$build/tests/plugins/cuda/steps_on_cuda.so" --device cuda:0 --pin --batch 4 --steps 40 -o r.sptrace
  note: kernels and copies are not recorded, only steps: no CUPTI * (glob)
  r.sptrace: 40 steps, 160 samples in * (glob)
  $ stallpoint info r.sptrace | grep -oE 'device cuda:0|40 steps, 160 samples|outcome ok'
  device cuda:0
  40 steps, 160 samples
  outcome ok
  $ stallpoint info r.sptrace --json | json 'o["stall_share"] < 0.5' 'o["device_memory_bytes"] > 0' 'o["knobs"]["device"]'
  true
  true
  cuda:0

The losses that steps left on the device are the sums of their samples, whatever else is in flight.

  $ stallpoint export r.sptrace --to csv -o r.csv 2> /dev/null
  $ python3 -c 'import csv; rows = list(csv.DictReader(open("r.csv"))); print(sum(float(r["loss"]) for r in rows[:16]), all(float(r["device_ms"]) >= 3 and float(r["copy_ms"]) > 0 for r in rows))'
  2016.0 True

A step that waits for the device is found by a check, without a device it is not tried.

  $ check() { stallpoint plugin check "$build/tests/plugins/cuda/steps_on_cuda.so" --only step-does-not-sync "$@" | sed -n 2p; }
  $ check
  pass   step-does-not-sync            step() returns while the device is still busy
  $ check --set waits=1
  fail   step-does-not-sync            step() waited for the device, expected it to return while that is still busy; leave * (glob)
  $ FAKE_CUDA_DEVICES=0 check
  skip   step-does-not-sync            only a CUDA device shows whether a step waits for it; found a driver library without a device: * (glob)

What is missing is said before anything runs: the plugin's part, the device, the driver.

  $ stallpoint record --plugin synthetic --device cuda:0 --steps 4 -o s.sptrace 2>&1 | grep '^error'
  error: failed: --device cuda:0: the plugin synthetic is not made for CUDA devices (it lacks the extension stallpoint.cuda_step/1); use --device cpu or emulated
  $ stallpoint record --plugin synthetic --device cuda:0 --steps 4 -o s.sptrace --quiet 2> /dev/null
  [4]
  $ stallpoint record --plugin synthetic --device cuda:2 --steps 4 -o s.sptrace
  error: --device cuda:2: there is no device 2, only cuda:0 to cuda:1. --device cpu and emulated need no GPU * (glob)
  [2]
  $ FAKE_CUDA_DEVICES=0 stallpoint record --plugin synthetic --device cuda:0 --steps 4 -o s.sptrace
  error: --device cuda:0: a driver library without a device: check CUDA_VISIBLE_DEVICES, and nvidia-smi; in a container: docker run --gpus all. --device * (glob)
  [2]
  $ ls
  r.csv
  r.sptrace
