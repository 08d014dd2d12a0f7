# What tools/setup installs, as targets. Nothing here reaches the network.
find_package(Threads REQUIRED)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(TURBOJPEG REQUIRED IMPORTED_TARGET libturbojpeg)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)
pkg_check_modules(YAML_CPP REQUIRED IMPORTED_TARGET yaml-cpp)
pkg_check_modules(ISAL REQUIRED IMPORTED_TARGET libisal)

# libcsv comes without a description for CMake or pkg-config.
find_path(LIBCSV_INCLUDE_DIR csv.h REQUIRED)
find_library(LIBCSV_LIBRARY csv REQUIRED)
add_library(stallpoint_libcsv INTERFACE)
target_include_directories(stallpoint_libcsv SYSTEM INTERFACE ${LIBCSV_INCLUDE_DIR})
target_link_libraries(stallpoint_libcsv INTERFACE ${LIBCSV_LIBRARY})

# NVTX 3 is header-only; it comes with a CUDA toolkit or with the Python package nvidia-nvtx.
file(GLOB nvtx_hints ${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/nvidia/cu13/include
     ${PROJECT_SOURCE_DIR}/.venv/lib/python3*/site-packages/nvidia/nvtx/include)
find_path(NVTX_INCLUDE_DIR nvtx3/nvToolsExt.h HINTS ${nvtx_hints} PATHS /usr/local/cuda/include)
if(NOT NVTX_INCLUDE_DIR)
  message(FATAL_ERROR "nvtx3/nvToolsExt.h not found: run tools/setup, or set NVTX_INCLUDE_DIR")
endif()
add_library(stallpoint_nvtx INTERFACE)
target_include_directories(stallpoint_nvtx SYSTEM INTERFACE ${NVTX_INCLUDE_DIR})
target_link_libraries(stallpoint_nvtx INTERFACE ${CMAKE_DL_LIBS})
