# LibTorch as the imported target stallpoint_torch: libtorch_cpu.so and libc10.so only, which needs no CUDA toolkit and
# keeps one plugin binary for CPU and GPU (find_package(Torch) of a CUDA wheel insists on a toolkit).
# STALLPOINT_HAVE_TORCH says whether it was found; only LibTorch plugins link it.
set(STALLPOINT_HAVE_TORCH OFF)
if(STALLPOINT_TORCH STREQUAL "OFF")
  return()
endif()

set(torch_candidates)
if(NOT STALLPOINT_TORCH STREQUAL "AUTO")
  list(APPEND torch_candidates ${STALLPOINT_TORCH})
else()
  if(EXISTS ${PROJECT_SOURCE_DIR}/.torch-dir)
    file(STRINGS ${PROJECT_SOURCE_DIR}/.torch-dir torch_chosen LIMIT_COUNT 1)
    list(APPEND torch_candidates ${torch_chosen})
  endif()
  list(APPEND torch_candidates ${CMAKE_PREFIX_PATH} $ENV{CMAKE_PREFIX_PATH})
  file(GLOB torch_wheel ${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
  list(APPEND torch_candidates ${torch_wheel})
  execute_process(
    COMMAND python3 -c "import importlib.util, os; print(os.path.dirname(importlib.util.find_spec('torch').origin))"
    OUTPUT_VARIABLE torch_importable OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  list(APPEND torch_candidates ${torch_importable})
endif()

foreach(candidate IN LISTS torch_candidates)
  if(EXISTS ${candidate}/lib/libtorch_cpu.so AND EXISTS ${candidate}/include/torch/csrc/api/include/torch/torch.h)
    set(STALLPOINT_TORCH_DIR ${candidate})
    set(STALLPOINT_HAVE_TORCH ON)
    break()
  endif()
endforeach()

if(NOT STALLPOINT_HAVE_TORCH)
  if(NOT STALLPOINT_TORCH STREQUAL "AUTO")
    message(FATAL_ERROR "No LibTorch in ${STALLPOINT_TORCH}: expected lib/libtorch_cpu.so and include/torch/")
  endif()
  message(STATUS "LibTorch: not found; its plugins are left out (tools/setup installs it)")
  return()
endif()
message(STATUS "LibTorch: ${STALLPOINT_TORCH_DIR}")

add_library(stallpoint_torch INTERFACE)
target_include_directories(stallpoint_torch SYSTEM INTERFACE
  ${STALLPOINT_TORCH_DIR}/include ${STALLPOINT_TORCH_DIR}/include/torch/csrc/api/include)
# The wheel finds libcudart and libcupti beside itself; the linker need not.
target_link_libraries(stallpoint_torch INTERFACE ${STALLPOINT_TORCH_DIR}/lib/libtorch_cpu.so ${STALLPOINT_TORCH_DIR}/lib/libc10.so)
target_link_options(stallpoint_torch INTERFACE -Wl,--allow-shlib-undefined)
