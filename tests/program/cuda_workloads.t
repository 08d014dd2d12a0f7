The LibTorch workloads on a CUDA device, with stand-ins for CUDA's driver and for LibTorch's CUDA backend: one plugin binary.

  $ build=$(dirname "$(dirname "$(command -v stallpoint)")")
  $ [ -e "$build/tests/fake_torch_cuda/libtorch_cuda.so" ] || exit 80
  $ driver=$build/tests/fake_cuda backend=$build/tests/fake_torch_cuda
  $ stallpoint-make-images images --count 24 --size 80x60 --classes 3 > /dev/null
  $ stallpoint-make-images project --pose --count 16 --size 80x60 > /dev/null
  $ images="--plugin image_classification --data images --set image_size=40 --set width=8 --set operators=0"
  $ frames="--plugin pose_estimation --data project --set image_size=32 --set width=4 --set operators=0"
  $ record() { LD_LIBRARY_PATH=$driver:$backend stallpoint record --batch 8 --workers 1 --steps 12 --quiet "$@"; }

They train as on the CPU: the same losses, each read back when its step has ended. The stand-in would say if a step waited.

  $ same='import csv; a, b = ([float(r["loss"]) for r in csv.DictReader(open(f))] for f in ("cuda.csv", "cpu.csv")); print(len(a), max(abs(x / y - 1) for x, y in zip(a, b)) < 1e-3)'
  $ compare() {
  >   for device in cuda cpu; do
  >     record "$@" --device $device -o $device.sptrace --force | grep -o '12 steps'
  >     stallpoint export $device.sptrace --to csv -o $device.csv --force 2> /dev/null
  >   done
  >   python3 -c "$same"
  > }
  $ compare $frames
  12 steps
  12 steps
  12 True
  $ compare $images
  12 steps
  12 steps
  12 True

Parts of a step and the device's memory are in the trace.

  $ for part in forward backward optimizer; do stallpoint dump cuda.sptrace | grep -cq "\"$(printf $part | base64)\"" && echo $part; done
  forward
  backward
  optimizer
  $ stallpoint info cuda.sptrace --json | json 'o["device_memory_bytes"] > 1e6' 'o["knobs"]["device"]'
  true
  cuda

A limit ends the run as out of memory; model and batches count to it.

  $ record $images --device cuda:0 --device-memory 1MiB -o small.sptrace
  error: out-of-memory: device memory: * more are in use than when the run began, the limit is 1MiB; use a smaller --batch or --steps-in-flight (glob)
  small.sptrace: * (glob)
  [5]

A LibTorch that has no CUDA, or not all of it, is a line with what to do.

  $ LD_LIBRARY_PATH=$driver stallpoint record $images --device cuda:1 --steps 4 -o none.sptrace 2>&1 | grep '^error'
  error: failed: --device cuda:1: LibTorch * cannot use it: *; expected libtorch_cuda.so beside libtorch_cpu.so * or use --device cpu (glob)
  $ ls *.sptrace
  cpu.sptrace
  cuda.sptrace
  small.sptrace
