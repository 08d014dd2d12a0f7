The cpu device has memory like any other: counted, limited, predicted.

  $ [ -e "$(dirname "$(dirname "$(command -v stallpoint)")")/lib/stallpoint/plugins/image_classification.so" ] || exit 80
  $ stallpoint-make-images images --count 32 --size 160x120 > /dev/null
  $ options="--plugin image_classification --data images --set image_size=64 --set width=16 --workers 1 --steps 24 --quiet"
  $ stallpoint record $options --batch 8 --calibrate -o run.sptrace
  run.sptrace: 24 steps, * (glob)
  $ stallpoint info run.sptrace --json | json 'o["limits"]["device"]' '5e6 < o["device_memory_bytes"] < o["host_memory_bytes"]'
  null
  true

A limit below what is needed ends the run with the figures, and leaves what came before.

  $ stallpoint record $options --batch 64 --device-memory 16MiB -o small.sptrace
  error: out-of-memory: *device memory: * more are needed, * are in use, the limit is 16MiB; use a smaller --batch or more --device-memory (glob)
  small.sptrace: * (glob)
  [5]
  $ stallpoint record $options --batch 8 --device-memory 16MiB -o fits.sptrace
  fits.sptrace: 24 steps, * (glob)
  $ stallpoint info fits.sptrace --json | json 'o["limits"]["device"]' 'o["device_memory_bytes"] <= 16 << 20'
  what the plugin's framework allocates, before each allocation
  true

The sweep knows before: nothing that it calls safe ran out above, and what ran out it calls hopeless.

  $ stallpoint sweep run.sptrace --batch 8,64 --device-memory 16MiB --quiet | grep -o "does not fit .*"
  does not fit the 16MiB of device memory* (glob)
  $ stallpoint sweep run.sptrace --batch 8,64 --device-memory 16MiB --json | json 'o["settings"][0]["p_out_of_memory"] < 0.01' 'o["settings"][1]["p_out_of_memory"] > 0.99' 'o["settings"][1]["bound"]'
  true
  true
  memory
  $ stallpoint sweep run.sptrace --batch 8,64 --host-memory 20MiB --quiet | tail -1
  recommended: nothing, no setting fits the memory allowed; allow more, or sweep a smaller --batch

What stays of every step is told from what stays of loading, and so is the sample at which it fills the device.

  $ stallpoint record ${options/--steps 24/--steps 200} --batch 8 --set step_leak=64KiB -o leak.sptrace
  leak.sptrace: 200 steps, * (glob)
  $ stallpoint sweep leak.sptrace --batch 4,8 --device-memory 64MiB > sweep 2> notes
  $ grep -cE "does not fit the 64MiB of device memory, full after 8[0-9]{2} samples" sweep
  2
  $ grep recommended sweep
  recommended: nothing, no setting fits the memory allowed; something stays of every sample: look for what loading or step keep, * (glob)
  $ grep stay notes
  note: 6* KiB of device memory stay of every sample; * (glob)
  $ stallpoint replay leak.sptrace --live --device-memory 64MiB --steps 200 --quiet 2> /dev/null | grep -E "(predicted|measured)  "
    predicted * does not fit the 64MiB of device memory, full after * samples (glob)
    measured * out-of-memory (glob)
