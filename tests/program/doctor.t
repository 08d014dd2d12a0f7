What the machine offers is one line each, with what to do about the rest.

  $ stallpoint doctor | grep -E '^(good|limited|absent) ' | awk '{print $2}' | LC_ALL=C sort -u
  --host-memory
  /dev/shm
  CUDA
  CUPTI
  NVTX
  Nsight
  clock
  cores
  memory
  plugins
  pressure
  run-queue
  $ stallpoint doctor --json | json '" ".join(o)' '" ".join(o["findings"][0])' 'o["findings"][0]["subject"]'
  schema_version stallpoint_version findings
  subject state found remedy
  cores
  $ stallpoint doctor --json | json 'all(f["remedy"] for f in o["findings"] if f["state"] != "good")'
  true
