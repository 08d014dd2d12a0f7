A plugin that keeps the rules passes every check, each in one sentence.

  $ stallpoint plugin check synthetic
  pass   loads-with-rtld-now           holds synthetic; 'synthetic' is checked, with * options (glob)
  pass   unknown-id-fails              create_workload of an unknown id returns SP_NOT_FOUND
  pass   error-has-message             an error says: * (glob)
  pass   older-host-struct             a host that lacks the last fields is refused: * (glob)
  pass   newer-host-struct             a host with fields of a later version is served
  pass   exception-stays-inside        what goes wrong comes back as a code
  pass   out-of-range-sample-fails     samples beyond the 4096 there are fail
  pass   batch-of-one                  batches of one are built and trained
  pass   short-last-batch              a batch shorter than the one before is built and trained
  pass   same-checksum-1-vs-8-workers  16 batches are the same with 1 worker and with 8
  pass   begin-end-begin-repeatable    a second run in the same process does what the first did
  pass   cancel-within-1s              ended * ms after it was cancelled (glob)
  pass   oom-is-reported               a sample without memory is SP_RESOURCE_EXHAUSTED
  skip   step-does-not-sync            it steps on the host alone, where a step computes before it returns
  pass   runs-on-cpu                   6 steps of 4 samples with 2 workers in * s (glob)
  14 passed, 0 failed, 0 warned, 1 skipped

A sample that fails is found by the checks that load it; the exit code is that of a plugin.

  $ stallpoint plugin check synthetic --set bad_sample=0 --only batch-of-one
  pass   loads-with-rtld-now           * (glob)
  fail   batch-of-one                  a batch of 1: sample 0: * (glob)
  1 passed, 1 failed, 0 warned, 0 skipped
  [4]
  $ stallpoint plugin check synthetic --only batch-of-one --json | json '" ".join(o)' 'o["in_order"]' '" ".join(o["checks"][1].values())'
  schema_version stallpoint_version plugin in_order checks
  true
  batch-of-one pass batches of one are built and trained

What is no plugin is named, and asked nothing else.

  $ echo nothing > nothing.so
  $ stallpoint plugin check ./nothing.so
  fail   loads-with-rtld-now           * found a file without the ELF magic, expected an ELF shared library; * (glob)
  0 passed, 1 failed, 0 warned, 0 skipped, the others not tried
  [4]
  $ stallpoint plugin check synthetic --only batch-of-on
  error: --only batch-of-on: there is no such check; did you mean batch-of-one? there are * (glob)
  [2]

The folders are listed with what is wrong in them.

  $ mkdir folder && cp nothing.so folder
  $ STALLPOINT_PLUGIN_PATH=$PWD/folder stallpoint plugin list --why | grep rejected
  rejected */folder/nothing.so: found a file without the ELF magic, * (glob)
  $ STALLPOINT_PLUGIN_PATH=$PWD/folder stallpoint plugin list --json | json '" ".join(o)' '" ".join(o["rejected"][0])' '[p["kind"] for p in o["plugins"] if p["id"] == "synthetic"]'
  schema_version stallpoint_version plugins rejected
  file reason
  ["workload"]
