# terrace_library(NAME SRCS a.cc b.cc DEPS x y): one static library of the project.
function(terrace_library name)
  cmake_parse_arguments(A "" "" "SRCS;DEPS" ${ARGN})
  add_library(${name} STATIC ${A_SRCS})
  target_link_libraries(${name} PUBLIC ${A_DEPS})
endfunction()

# terrace_test(NAME SRCS a_test.cc DEPS x y [TIMEOUT s]): one GoogleTest program, run by ctest case by case is
# too slow for large suites, so each program is one ctest entry.
function(terrace_test name)
  cmake_parse_arguments(A "" "TIMEOUT" "SRCS;DEPS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  add_executable(${name} ${A_SRCS})
  target_link_libraries(${name} PRIVATE ${A_DEPS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${A_TIMEOUT})
endfunction()
