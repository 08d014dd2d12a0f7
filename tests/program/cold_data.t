A data set whose files are not in the page cache is read from storage, and the record says so. In memory there is nothing
colder.

  $ bin=$(dirname "$(command -v stallpoint)")
  $ [ -e "$bin/../lib/stallpoint/plugins/image_classification.so" ] || exit 80
  $ [ "$(stat -f -c %T .)" != tmpfs ] || exit 80
  $ stallpoint-make-images images --count 120 --size 160x120 > log
  $ record() { stallpoint record --plugin image_classification --data images --set image_size=48 --workers 1 --batch 4 --steps ${steps:-30} \
  >   --device emulated:launch=1ms,sample=100us --quiet "$@" > log; }
  $ record --cold -o cold.sptrace
  $ fetched() { stallpoint info "$1" --json | json 'round(sum(s["storage_bytes"] for s in o["stages"]), -3)'; }
  $ [ "$(fetched cold.sptrace)" != 0.0 ] || exit 80
  $ stallpoint info cold.sptrace | grep '^read reads'
  read reads .* KiB a sample, (9[5-9]|100) % of it from storage (re)

Predictions are of the steps after a first pass that the page cache keeps, and say so where it is longer than a start.

  $ steps=90 record --cold --set decode_cost=10ms -o passes.sptrace
  $ stallpoint sweep passes.sptrace --workers 1 2>&1 > /dev/null | grep '^note: the first'
  note: the first (2[5-9]|30) steps fetched their data from storage, later ones found it in the page cache: predictions are of steps that find it there (re)
  $ stallpoint why passes.sptrace 2>&1 > /dev/null | grep -c '^note: the first [23][0-9] steps'
  1
  $ stallpoint sweep passes.sptrace --workers 1 --json | json 'round(o["recorded"]["storage_share"], 1)'
  0.0

A run that happens to be the first to read its data is as cold, and what is predicted from it is, too.

  $ find images -name '*.jpg' -exec dd if={} iflag=nocache count=0 status=none ';'
  $ record -o first.sptrace
  $ stallpoint sweep first.sptrace --workers 1 2>&1 > /dev/null | grep 'samples came from storage'
  note: (9[5-9]|100) % of the samples came from storage, and predictions are of runs that fetch as many; the page cache has room for all data \(.* MiB\), and a run that finds it there is faster: record once more to predict that (re)
  $ stallpoint sweep cold.sptrace --workers 1 2>&1 > /dev/null | grep 'samples came from storage'
  [1]

Read again they come from the page cache. Now and then a run also fetches a block of the file system, which the next one
finds.

  $ for attempt in 1 2 3; do
  >   record -o warm.sptrace --force
  >   if stallpoint info warm.sptrace | grep -Eq '^read reads .* (none|0 %) of it.* from storage'; then break; fi
  > done
  $ fetched warm.sptrace
  0.0
  $ stallpoint info warm.sptrace | grep '^read reads'
  read reads .* KiB a sample, (none|0 %) of it.* from storage (re)

With room for the run and no data every read of a later pass comes from storage, with room for all of it none. To a
tenth: now and then a read also fetches a block of the file system.

  $ stallpoint sweep cold.sptrace --host-memory 8MiB,1GiB --json | json '[round(s["storage_share"], 1) for s in o["settings"]]'
  [1.0, 0.0]
  $ stallpoint sweep cold.sptrace --host-memory 1GiB --quiet | grep -c 'from storage'
  1

A warm recording cannot tell what storage costs, and says so.

  $ limit=$(stallpoint sweep warm.sptrace --workers 1 --json | json 'int(o["recorded"]["host_memory_bytes"]) + 400000')
  $ stallpoint sweep warm.sptrace --host-memory $limit 2> note | grep -c 'data not cached, reads unknown'
  1
  $ grep 'data set' note
  note: the data set takes * MiB of page cache, more than some limits leave, and what reading it from storage costs was not recorded: record with --cold (glob)

A search under such a limit says it, too.

  $ stallpoint sweep warm.sptrace --recommend --workers 0,1 --host-memory $limit 2>&1 > /dev/null | grep 'data set' | cut -c 1-24
  note: the data set takes

Calibration reads cold too, but for one run that finds in the page cache what was just read.

  $ record --cold --calibrate -o runs.sptrace
  $ stallpoint info runs.sptrace --json | json 'len(o["calibration_runs"])'
  6

A live run begins as the recorded one did, and a folder is needed for that.

  $ stallpoint replay cold.sptrace --live --steps 25 --json | json 'o["runs"][0]["outcome"]'
  ok
  $ stallpoint record --plugin synthetic --cold -o none.sptrace
  error: --cold: found no --data, expected the folder whose files are to come from storage
  [2]
