# CUPTI's headers, for the backend that records what CUDA devices do; libcupti itself is looked for at run time. They
# come with a CUDA toolkit (CUDA_HOME, /usr/local/cuda) or with the Python packages nvidia-cuda-cupti and
# nvidia-cuda-runtime and nvidia-cuda-crt, which tools/setup installs unless it is told --no-torch. STALLPOINT_HAVE_CUPTI says whether they
# were found; without them a backend is built that only says so.
set(STALLPOINT_HAVE_CUPTI OFF)
if(NOT STALLPOINT_CUPTI STREQUAL "OFF")
  set(cupti_folders)
  if(DEFINED ENV{CUDA_HOME})
    list(APPEND cupti_folders $ENV{CUDA_HOME}/include $ENV{CUDA_HOME}/extras/CUPTI/include)
  endif()
  # Beside the LibTorch that is used, then those of tools/setup: one folder since CUDA 13, one per package before.
  foreach(packages ${STALLPOINT_TORCH_DIR}/.. ${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages)
    file(GLOB folders ${packages}/nvidia/cu*/include ${packages}/nvidia/cuda_cupti/include
         ${packages}/nvidia/cuda_runtime/include)
    list(APPEND cupti_folders ${folders})
  endforeach()
  list(APPEND cupti_folders /usr/local/cuda/include /usr/local/cuda/extras/CUPTI/include)
  find_path(CUPTI_INCLUDE_DIR cupti.h PATHS ${cupti_folders} NO_DEFAULT_PATH)
  find_path(CUDA_INCLUDE_DIR cuda.h HINTS ${CUPTI_INCLUDE_DIR} PATHS ${cupti_folders} NO_DEFAULT_PATH)
  find_path(CUDA_CRT_INCLUDE_DIR crt/host_defines.h HINTS ${CUDA_INCLUDE_DIR} PATHS ${cupti_folders} NO_DEFAULT_PATH)
  if(CUPTI_INCLUDE_DIR AND CUDA_INCLUDE_DIR AND CUDA_CRT_INCLUDE_DIR)
    set(STALLPOINT_HAVE_CUPTI ON)
    add_library(stallpoint_cupti_headers INTERFACE)
    target_include_directories(stallpoint_cupti_headers SYSTEM INTERFACE ${CUPTI_INCLUDE_DIR} ${CUDA_INCLUDE_DIR}
      ${CUDA_CRT_INCLUDE_DIR})
    message(STATUS "CUPTI: ${CUPTI_INCLUDE_DIR}")
  endif()
endif()
if(NOT STALLPOINT_HAVE_CUPTI)
  message(STATUS "CUPTI: no headers; work of CUDA devices will not be recorded (tools/setup without --no-torch installs them)")
endif()
