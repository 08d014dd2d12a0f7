# For plugins outside stallpoint's own sources: find_package(Stallpoint REQUIRED) gives
#
#   Stallpoint::plugin        what a plugin needs to compile: the headers, C++20
#   Stallpoint::stallpoint    the program, for tests that record a run
#   stallpoint_add_plugin(ID [TORCH] SOURCES FILE...)   the target ID: the file ID.so; with TORCH it links LibTorch
#   stallpoint_check_plugin(ID [ARGS ARGUMENT...])      a test of ctest: `stallpoint plugin check ID.so ARGUMENT...`
#   STALLPOINT_PREFIX                                   where stallpoint is installed
#
# `stallpoint plugin new workload NAME` writes a project that uses them.
include(${CMAKE_CURRENT_LIST_DIR}/StallpointTorch.cmake)
get_filename_component(STALLPOINT_PREFIX ${CMAKE_CURRENT_LIST_DIR} REALPATH)  # it may be found as /lib/cmake, a link
get_filename_component(STALLPOINT_PREFIX ${STALLPOINT_PREFIX}/../../.. ABSOLUTE)

if(NOT TARGET Stallpoint::plugin)
  add_library(Stallpoint::plugin INTERFACE IMPORTED)
  target_include_directories(Stallpoint::plugin INTERFACE ${STALLPOINT_PREFIX}/include)
  target_compile_features(Stallpoint::plugin INTERFACE cxx_std_20)
  add_executable(Stallpoint::stallpoint IMPORTED)
  set_target_properties(Stallpoint::stallpoint PROPERTIES IMPORTED_LOCATION ${STALLPOINT_PREFIX}/bin/stallpoint)
endif()

function(stallpoint_add_plugin id)
  cmake_parse_arguments(ARG "TORCH" "" "SOURCES" ${ARGN})
  if(NOT ARG_SOURCES OR ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "stallpoint_add_plugin(${ARGV}): expected stallpoint_add_plugin(ID [TORCH] SOURCES FILE...)")
  endif()
  add_library(${id} MODULE ${ARG_SOURCES})
  target_link_libraries(${id} PRIVATE Stallpoint::plugin)
  # Plugins share a process: what one does not export, another cannot collide with.
  set_target_properties(${id} PROPERTIES
    PREFIX "" POSITION_INDEPENDENT_CODE ON CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    INSTALL_RPATH_USE_LINK_PATH ON)
  if(NOT ARG_TORCH)
    return()
  endif()
  stallpoint_find_torch()
  if(NOT STALLPOINT_TORCH_DIR)
    message(FATAL_ERROR "The plugin '${id}' needs LibTorch, and none was found in CMAKE_PREFIX_PATH or as a torch that "
      "python3 imports. Name the folder that holds its lib/libtorch_cpu.so and include/torch/: -DSTALLPOINT_TORCH=DIR. "
      "For one from pip, DIR is what this prints: python3 -c 'import torch; print(torch.__path__[0])'")
  endif()
  message(STATUS "LibTorch of ${id}: ${STALLPOINT_TORCH_DIR}")
  target_link_libraries(${id} PRIVATE Stallpoint::torch)
endfunction()

function(stallpoint_check_plugin id)
  cmake_parse_arguments(ARG "" "" "ARGS" ${ARGN})
  if(NOT TARGET ${id} OR ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "stallpoint_check_plugin(${ARGV}): expected stallpoint_check_plugin(ID [ARGS ARGUMENT...]), "
      "after stallpoint_add_plugin(ID ...)")
  endif()
  add_test(NAME ${id}_check COMMAND Stallpoint::stallpoint plugin check $<TARGET_FILE:${id}> ${ARG_ARGS})
endfunction()
