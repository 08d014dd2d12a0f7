# What is installed besides what install() names where it is declared: the CMake package for plugins of others, and
# documents; then packages of it all. Folders are those of the build tree, whatever CMAKE_INSTALL_LIBDIR says: the
# program finds lib/stallpoint and share/stallpoint from its own place.
include(CMakePackageConfigHelpers)
set(package_dir lib/cmake/Stallpoint)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/${package_dir}/StallpointConfigVersion.cmake
  COMPATIBILITY SameMajorVersion)
foreach(file StallpointConfig.cmake StallpointTorch.cmake)
  configure_file(cmake/${file} ${PROJECT_BINARY_DIR}/${package_dir}/${file} COPYONLY)
endforeach()
install(DIRECTORY ${PROJECT_BINARY_DIR}/${package_dir}/ DESTINATION ${package_dir})

install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)  # where Debian looks for it
install(FILES plugins/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME plugins.md)

set(STALLPOINT_PACKAGE_CONTACT "The stallpoint maintainers <maintainers@stallpoint.invalid>" CACHE STRING
  "Maintainer named in packages: NAME <ADDRESS> of whoever publishes them")
set(CPACK_PACKAGE_CONTACT ${STALLPOINT_PACKAGE_CONTACT})
set(CPACK_PACKAGE_VENDOR stallpoint)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "find the stall point of a training run")
set(CPACK_PACKAGE_DESCRIPTION "Records data loading and device work of a training run on one clock, predicts other \
batch sizes, worker counts and prefetch depths from the one trace, re-runs any of them live, and names the setting at \
which the device begins to wait. Comes with the headers, the CMake package and the project templates for workloads \
and probes of your own.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/packages)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
# Without the component torch_workloads: its RPATH names the LibTorch of this machine, and no package provides one.
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};${PROJECT_NAME};${CMAKE_INSTALL_DEFAULT_COMPONENT_NAME};/")
set(CPACK_GENERATOR TGZ)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "cmake, g++, make | ninja-build")
include(CPack)
