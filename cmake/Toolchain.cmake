# Language, warnings, sanitizers, ccache: everything about how a file is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)

# Line tables are enough for a stack trace, and a third of the build time goes into more than that.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
if(STALLPOINT_SANITIZE)
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

# Warnings belong to our own targets only: link stallpoint_options privately.
add_library(stallpoint_options INTERFACE)
target_compile_options(stallpoint_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers
  $<$<BOOL:${STALLPOINT_WERROR}>:-Werror> -fno-omit-frame-pointer)
target_include_directories(stallpoint_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/plugins/include)

if(STALLPOINT_SANITIZE)
  add_compile_options(-fsanitize=${STALLPOINT_SANITIZE} -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${STALLPOINT_SANITIZE})
  # Protobuf's headers lay out map fields differently under this macro, and the system's library was built without it.
  if(STALLPOINT_SANITIZE MATCHES "thread")
    add_compile_options(-U__SANITIZE_THREAD__)
  endif()
endif()
