# How everything is compiled: warnings, exact floating point, the cache, the linker.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# -ffp-contract=off: the same doubles on every machine, so that replicas agree bit for bit.
add_compile_options(-Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
                    -ffp-contract=off)
add_link_options(-fuse-ld=lld)

# The cache is shared between build directories and clones: paths below the source directory do not
# count, and the sloppiness is what ccache asks for before it caches with precompiled headers.
find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

# Two precompiled headers, one for the sources and one for the tests, hold what nearly every file
# includes anyway and what never changes: the standard library, Abseil, Protobuf, GoogleTest. None
# of our own headers, and no gRPC. A typical file compiles in half the time (ARCHITECTURE.md has the
# figures). Files still include what they use: clang-tidy reads them without.
option(TERRACE_PCH "Use precompiled headers" ON)
if(TERRACE_PCH)
  set(stub ${CMAKE_BINARY_DIR}/pch_stub.cc)
  file(CONFIGURE OUTPUT ${stub}
       CONTENT "// A precompiled header needs a target, and a target needs a source.\n")
  foreach(pch terrace_pch terrace_test_pch)
    add_library(${pch} OBJECT ${stub})
    target_compile_options(${pch} PRIVATE -fpch-preprocess)
  endforeach()
  target_precompile_headers(terrace_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)
  target_precompile_headers(terrace_test_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/test_pch.h)
  # GoogleTest's own definitions must be the same here as in the tests.
  target_link_libraries(terrace_test_pch PRIVATE GTest::gmock GTest::gtest_main)
endif()

# terrace_use_pch(TARGET PCH): compile TARGET with one of the two.
function(terrace_use_pch target pch)
  if(TERRACE_PCH)
    target_precompile_headers(${target} REUSE_FROM ${pch})
    target_compile_options(${target} PRIVATE -fpch-preprocess -Werror=invalid-pch)
  endif()
endfunction()
