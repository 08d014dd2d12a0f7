# LibTorch for plugins; used by stallpoint's own build and, installed, by StallpointConfig.cmake.
#
# stallpoint_find_torch([HINTS DIR...] [PATHS DIR...]) sets STALLPOINT_TORCH_DIR, the folder that holds LibTorch's lib/
# and include/, and makes the target Stallpoint::torch. Where STALLPOINT_TORCH names a folder, that one is taken or the
# configuration ends. Otherwise (unset or AUTO) it looks in HINTS, CMAKE_PREFIX_PATH, PATHS, and at the torch that
# python3 imports; STALLPOINT_TORCH_DIR is empty when none has it, or when STALLPOINT_TORCH is OFF.
#
# Linked are libtorch_cpu.so and libc10.so only, which needs no CUDA toolkit and keeps one plugin binary for CPU and GPU
# (find_package(Torch) of a CUDA wheel insists on a toolkit).
function(stallpoint_find_torch)
  cmake_parse_arguments(ARG "" "" "HINTS;PATHS" ${ARGN})
  set(STALLPOINT_TORCH_DIR "" PARENT_SCOPE)
  if("${STALLPOINT_TORCH}" STREQUAL "OFF")
    return()
  endif()

  set(searched FALSE)
  set(candidates ${STALLPOINT_TORCH})
  if("${STALLPOINT_TORCH}" STREQUAL "" OR "${STALLPOINT_TORCH}" STREQUAL "AUTO")
    set(searched TRUE)
    string(REPLACE ":" ";" environment_prefixes "$ENV{CMAKE_PREFIX_PATH}")
    execute_process(
      COMMAND python3 -c "import importlib.util, os; print(os.path.dirname(importlib.util.find_spec('torch').origin))"
      OUTPUT_VARIABLE importable OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    set(candidates ${ARG_HINTS} ${CMAKE_PREFIX_PATH} ${environment_prefixes} ${ARG_PATHS} ${importable})
  endif()

  set(found "")
  foreach(candidate IN LISTS candidates)
    # torch.utils.cmake_prefix_path names share/cmake below it.
    foreach(folder ${candidate} ${candidate}/../..)
      if(EXISTS ${folder}/lib/libtorch_cpu.so AND EXISTS ${folder}/include/torch/csrc/api/include/torch/torch.h)
        get_filename_component(found ${folder} ABSOLUTE)
        break()
      endif()
    endforeach()
    if(found)
      break()
    endif()
  endforeach()
  if(NOT found AND NOT searched)
    message(FATAL_ERROR "No LibTorch in STALLPOINT_TORCH=${STALLPOINT_TORCH}: expected lib/libtorch_cpu.so and "
      "include/torch/")
  elseif(NOT found)
    return()
  endif()

  set(STALLPOINT_TORCH_DIR ${found} PARENT_SCOPE)
  if(NOT TARGET Stallpoint::torch)
    add_library(Stallpoint::torch INTERFACE IMPORTED)
    set_target_properties(Stallpoint::torch PROPERTIES
      INTERFACE_INCLUDE_DIRECTORIES "${found}/include;${found}/include/torch/csrc/api/include"
      INTERFACE_LINK_LIBRARIES "${found}/lib/libtorch_cpu.so;${found}/lib/libc10.so"
      # The wheel finds libcudart and libcupti beside itself; the linker need not.
      INTERFACE_LINK_OPTIONS -Wl,--allow-shlib-undefined)
  endif()
endfunction()
