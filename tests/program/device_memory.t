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
