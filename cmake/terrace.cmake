# The kinds of targets that the project has.

# terrace_library(NAME SRCS a.cc b.cc DEPS x y): one static library of the project.
function(terrace_library name)
  cmake_parse_arguments(A "" "" "SRCS;DEPS" ${ARGN})
  add_library(${name} STATIC ${A_SRCS})
  target_link_libraries(${name} PUBLIC ${A_DEPS})
  terrace_use_pch(${name} terrace_pch)
endfunction()

# terrace_test(NAME SRCS a_test.cc DEPS x y [TIMEOUT s] [SERIAL]): one GoogleTest program. Running
# it case by case is too slow for large suites, so each program is one ctest entry. SERIAL is for
# programs that measure time or need both cores: nothing else runs beside them.
function(terrace_test name)
  cmake_parse_arguments(A "SERIAL" "TIMEOUT" "SRCS;DEPS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  add_executable(${name} ${A_SRCS})
  target_link_libraries(${name} PRIVATE ${A_DEPS} GTest::gmock GTest::gtest_main)
  terrace_use_pch(${name} terrace_test_pch)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT})
  if(A_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()
