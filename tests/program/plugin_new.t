From an installation to a recorded run of one's own workload: the build tree is installed elsewhere, and only that is used.

  $ build=$(dirname "$(dirname "$(command -v stallpoint)")")
  $ cmake --install "$build" --prefix "$PWD/installed" > install.txt 2>&1 || tail install.txt
  $ export PATH=$PWD/installed/bin:$PATH
  $ cd installed && find . -type d | grep -vE '/(abi|plugin|doc)$' | sort && cd ..
  .
  ./bin
  ./include
  ./include/stallpoint
  ./lib
  ./lib/cmake
  ./lib/cmake/Stallpoint
  ./lib/stallpoint
  ./lib/stallpoint/plugins
  ./share
  ./share/doc/stallpoint
  ./share/stallpoint
  ./share/stallpoint/templates
  ./share/stallpoint/templates/probe
  ./share/stallpoint/templates/workload
  ./share/stallpoint/templates/workload_torch

Nothing installed looks for libraries in the build tree.

  $ for file in installed/bin/* installed/lib/stallpoint/stallpoint-run installed/lib/stallpoint/plugins/*.so; do
  >   readelf -d "$file" | grep -E 'R(UN)?PATH' | grep -F "$build"
  > done
  [1]

A new project says what to do next, and that is all there is to do.

  $ stallpoint plugin new workload squares
  squares/CMakeLists.txt
  squares/README.md
  squares/squares.cc
  next:
    cmake -S squares -B squares/build -DCMAKE_PREFIX_PATH=/*/installed (glob)
    cmake --build squares/build
    ctest --test-dir squares/build --output-on-failure
  $ cmake -S squares -B squares/build -DCMAKE_PREFIX_PATH="$PWD/installed" > project.txt 2>&1 || cat project.txt
  $ cmake --build squares/build > project.txt 2>&1 || cat project.txt
  $ ctest --test-dir squares/build --output-on-failure > project.txt 2>&1 || cat project.txt
  $ grep -oE 'squares_(check|record|why) \.+   [A-Za-z]+' project.txt | tr -s '.' ' '
  squares_check Passed
  squares_record Passed
  squares_why Passed
  $ grep -c . squares/squares.cc | awk '$1 < 80 {print "short"}'
  short
  $ grep -rl @ --exclude-dir=build squares
  [1]

Its loss falls, and the run has a verdict.

  $ stallpoint record --plugin squares/build/squares.so --steps 200 --workers 1 -o run.sptrace --quiet
  run.sptrace: 200 steps, 6400 samples * (glob)
  $ stallpoint dump run.sptrace | losses | awk 'NR == 1 {first = $1} END {print NR, $1 < first / 100}'
  200 1
  $ stallpoint why run.sptrace --json | json 'len(o["verdict"]) > 0'
  true

The commands of its README.md run as they stand.

  $ cd squares && rm -rf build && grep -E '^    (cmake|ctest|stallpoint|export) ' README.md | grep -vE ' DIR$' > commands && cd ..
  $ (cd squares && bash -e commands > ../readme.txt 2>&1) || cat readme.txt
  $ grep '^squares (workload' readme.txt
  squares (workload 0.1): a straight line through points

A probe of one's own is as near.

  $ stallpoint plugin new probe busy_machine
  busy_machine/CMakeLists.txt
  busy_machine/README.md
  busy_machine/busy_machine.cc
  next:
    cmake -S busy_machine -B busy_machine/build -DCMAKE_PREFIX_PATH=/*/installed (glob)
    cmake --build busy_machine/build
    ctest --test-dir busy_machine/build --output-on-failure
  $ cd busy_machine && grep -E '^    (cmake|ctest|stallpoint|export) ' README.md > commands && cd ..
  $ (cd busy_machine && bash -e commands > ../probe.txt 2>&1) || cat probe.txt
  $ grep -oE 'busy_machine_(check|record|info) \.+   [A-Za-z]+' probe.txt | tr -s '.' ' '
  busy_machine_check Passed
  busy_machine_record Passed
  busy_machine_info Passed
  $ grep -E '^(pass|fail|crash|warn|skip) ' probe.txt | cut -d' ' -f1 | uniq -c | sed 's/^ *//'
  10 pass
  $ grep '^busy_machine (probe' probe.txt
  busy_machine (probe 0.1): load of the machine
  $ grep -c . busy_machine/busy_machine.cc | awk '$1 < 80 {print "short"}'
  short
  $ grep -rl @ --exclude-dir=build --exclude='*trace' busy_machine
  [1]

For scripts, its files and where they are.

  $ stallpoint plugin new workload image_pairs -o "my projects/pairs" --json | json '" ".join(o)' 'o["plugin"]' 'o["files"]'
  schema_version stallpoint_version plugin folder files
  image_pairs
  ["CMakeLists.txt", "README.md", "image_pairs.cc"]
  $ grep -h -o 'class .*Pairs' "my projects/pairs/image_pairs.cc"
  class ImagePairs

What exists is kept unless told otherwise, and then only files of the project are written.

  $ echo mine > squares/notes.txt && echo mine > squares/squares.cc
  $ stallpoint plugin new workload squares
  error: squares: exists and is not empty; * (glob)
  [7]
  $ cat squares/squares.cc
  mine
  $ stallpoint plugin new workload squares --force > /dev/null && cat squares/notes.txt && grep -c STALLPOINT_PLUGIN squares/squares.cc
  mine
  1
  $ stallpoint plugin new workload pairs -o run.sptrace
  error: run.sptrace: exists and is not a folder; * (glob)
  [7]

A name that cannot be is answered with one that can; what there is no template for is not guessed at.

  $ stallpoint plugin new workload 3-Squares
  error: NAME: found '3-Squares', expected *; for example squares (glob)
         stallpoint plugin new --help lists what there is
  [2]
  $ stallpoint plugin new workload test 2>&1 | head -n 1
  error: NAME: found 'test', which CMake keeps for itself; expected for example test_plugin
  $ stallpoint plugin new sampler power
  error: KIND: found 'sampler', expected workload or probe
         stallpoint plugin new --help lists what there is
  [2]
  $ stallpoint plugin new probe power --torch
  error: --torch: found the kind probe, expected workload: only that trains
  [2]

A LibTorch that is not there is said so, with what to do.

  $ stallpoint plugin new workload net --torch > /dev/null
  $ cmake -S net -B net/build -DCMAKE_PREFIX_PATH="$PWD/installed" -DSTALLPOINT_TORCH=/nowhere 2>&1 | grep -A 1 'No LibTorch'
    No LibTorch in STALLPOINT_TORCH=/nowhere: expected lib/libtorch_cpu.so and
    include/torch/
