# LibTorch as the target Stallpoint::torch, which only LibTorch plugins link. STALLPOINT_HAVE_TORCH says whether it was
# found: the one tools/setup was given, one in CMAKE_PREFIX_PATH, the one tools/setup installed, or the one python3 has.
include(StallpointTorch)

set(torch_given)
if(EXISTS ${PROJECT_SOURCE_DIR}/.torch-dir)
  file(STRINGS ${PROJECT_SOURCE_DIR}/.torch-dir torch_given LIMIT_COUNT 1)
endif()
file(GLOB torch_installed ${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
stallpoint_find_torch(HINTS ${torch_given} PATHS ${torch_installed})

set(STALLPOINT_HAVE_TORCH OFF)
if(STALLPOINT_TORCH_DIR)
  set(STALLPOINT_HAVE_TORCH ON)
  message(STATUS "LibTorch: ${STALLPOINT_TORCH_DIR}")
elseif(NOT STALLPOINT_TORCH STREQUAL "OFF")
  message(STATUS "LibTorch: not found; its plugins are left out (tools/setup installs it)")
endif()
