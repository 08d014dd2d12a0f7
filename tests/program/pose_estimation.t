DeepLabCut's open field project has 116 labelled frames: an epoch is 14 batches of 8 and one of 4. Where the project is
absent, as many painted frames stand in.

  $ bin=$(dirname "$(command -v stallpoint)")
  $ [ -e "$bin/../lib/stallpoint/plugins/pose_estimation.so" ] || exit 80
  $ data=$STALLPOINT_ROOT/../shared/data/openfield
  $ [ -e "$data" ] || { data=$PWD/painted; stallpoint-make-images "$data" --pose --count 116 --size 640x480 > painted.txt; }
  $ record() { stallpoint record --plugin pose_estimation --data "$data" --set image_size=64 --set width=8 --batch 8 --quiet "$@"; }

  $ stallpoint plugin list | grep '^pose_estimation'
  pose_estimation (workload *): a DeepLabCut project's frames and keypoints, heat maps trained by Adam (glob)
  $ record --workers 2 --epochs 3 --set lr=0.003 -o epochs.sptrace
  epochs.sptrace: 45 steps, 348 samples * (glob)
  $ stallpoint info epochs.sptrace --json > info.json
  $ json 'o["samples"]' 'o["epoch_edge_ms"] is not None' '[s["name"] for s in o["stages"]]' < info.json
  348
  true
  ["read", "decode", "transform", "collate"]

A network that answers nothing has the loss 1; this one learns.

  $ stallpoint dump epochs.sptrace | losses | awk 'NR == 1 {print $1} {last = $1} END {print NR, last < 0.9}'
  1
  45 1

The plugin keeps the rules: the same batches with 1 worker and with 8, a short last batch, and the others.

  $ stallpoint plugin check pose_estimation --data "$data" --set image_size=64 --set width=8 | grep -vE '^(pass|skip   step-does-not-sync) '
  1[45] passed, 0 failed, 0 warned, [01] skipped (re)

A cause that is planted is found.

  $ record --workers 1 --steps 40 --set decode_cost=20ms --device emulated:launch=2ms,sample=4ms -o decode.sptrace
  decode.sptrace: 40 steps, * (glob)
  $ stallpoint why decode.sptrace --json > why.json
  $ json 'o["verdict"]' 'o["wait"]' 'o["causes"][0]["fix"]["knob"]' < why.json
  data-starved: decode
  cpu
  worker_count

A frame that cannot be decoded ends the run with its name, or is left out.

  $ record --workers 1 --epochs 1 --set bad_sample=7 --device emulated:launch=1ms,sample=0ms -o bad.sptrace
  error: failed: *img0007.png: cannot be decoded * (glob)
  bad.sptrace: * (glob)
  [5]
  $ record --workers 1 --epochs 1 --set bad_sample=7 --set on_bad_sample=skip --device emulated:launch=1ms,sample=0ms -o skip.sptrace
  skip.sptrace: 15 steps, 115 samples * (glob)

A folder within the project is not the project, and the error says which is.

  $ stallpoint record --plugin pose_estimation --data "$data/labeled-data" --steps 5 -o not.sptrace
  error: failed: */labeled-data: found no config.yaml, expected a DeepLabCut project: *; is it *? (glob)
  [5]

Who has no project has one painted.

  $ stallpoint-make-images small --pose --count 12 --size 160x120
  12 images of 160x120 with 4 body parts each in small: * (glob)
  $ stallpoint record --plugin pose_estimation --data small --set image_size=32 --set width=4 --set mirror=1 \
  >   --set pairs=leftear:rightear --workers 1 --batch 4 --epochs 1 -o small.sptrace --quiet
  small.sptrace: 3 steps, 12 samples * (glob)
  $ stallpoint-make-images other --pose --classes 3
  --classes excludes --pose
  Run with --help for more information.
  [108]
