What tools/gpu-check does on a GPU it does on the cpu device, too, but for the tests of CUDA.

  $ build=$(dirname "$(dirname "$(command -v stallpoint)")")
  $ [ -e "$build/lib/stallpoint/plugins/image_classification.so" ] && [ -e "$build/bench/record_run_cost" ] || exit 80
  $ export STALLPOINT=$build/bin/stallpoint STALLPOINT_BENCH_DIR=$build/bench TMPDIR=$PWD
  $ "$STALLPOINT_ROOT/tools/gpu-check" --device cpu --quick results.txt > shown.txt || cat results.txt
  $ tail -1 shown.txt
  tools/gpu-check: passed; all of it in */results.txt (glob)
  $ grep '^==' results.txt
  == machine
  == losses on the CPU and on cpu
  == predicted and live, on cpu
  == the cost of recording, on cpu
  == the cost of recording without operators, on cpu
  == the cost of torch.profiler, on cpu

The losses are the same, and on either side of the wall the runs end as predicted.

  $ grep -c 'at most 0.000 % apart' results.txt
  2
  $ grep -E ' (8|24) .*MiB' results.txt | grep -oE '(does not fit|fits) +[a-z-]+' | tr -s ' '
  fits ok
  does not fit out-of-memory
  fits ok
  does not fit out-of-memory
  $ grep -c 'time of a step, recorded against unrecorded' results.txt
  2
  $ ls
  results.txt
  shown.txt

A device without its driver or a part of LibTorch is a failure, with the workload's own line.

  $ "$STALLPOINT_ROOT/tools/bench/device_losses" --device cuda:99 --quick --only pose_estimation
  pose_estimation: stallpoint record ended with *: error: * (glob)
  [1]
