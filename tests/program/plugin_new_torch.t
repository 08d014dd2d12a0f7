A new project that trains by LibTorch builds, keeps the rules and learns.

  $ build=$(dirname "$(dirname "$(command -v stallpoint)")")
  $ bundled=lib/stallpoint/plugins/image_classification.so
  $ [ -e "$build/$bundled" ] || exit 80
  $ torch=$(readelf -d "$build/$bundled" | sed -n 's,.*PATH.*\[\(.*\)/lib:*\].*,\1,p')
  $ cmake --install "$build" --prefix "$PWD/installed" > install.txt 2>&1 || tail install.txt
  $ export PATH=$PWD/installed/bin:$PATH
  $ stallpoint plugin new workload net --torch > /dev/null
  $ cmake -S net -B net/build -DSTALLPOINT_TORCH="$torch" -DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 > project.txt 2>&1 || cat project.txt
  $ cmake --build net/build > project.txt 2>&1 || cat project.txt
  $ ctest --test-dir net/build --output-on-failure > project.txt 2>&1 || cat project.txt
  $ grep -oE 'net_(check|record|why) \.+   [A-Za-z]+' project.txt | tr -s '.' ' '
  net_check Passed
  net_record Passed
  net_why Passed
  $ stallpoint record --plugin net/build/net.so --steps 200 --workers 1 -o run.sptrace --quiet > /dev/null
  $ stallpoint dump run.sptrace | losses | awk 'NR == 1 {first = $1} END {print NR, $1 < first / 4}'
  200 1

The bundled workload that needs LibTorch finds it from where it was installed.

  $ readelf -d "installed/$bundled" | grep -oE 'PATH.*' | grep -cF "[$torch/lib]"
  1
  $ stallpoint plugin list | grep -c '^image_classification (workload'
  1
