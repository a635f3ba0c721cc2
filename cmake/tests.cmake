# Tests by convention: src/<room>/**/*_test.cpp becomes one GoogleTest program <room>_test; each folder of tests/
# that has a CMakeLists.txt brings its own. Each TEST is one ctest, so that one that hangs is named.

enable_testing()
find_package(GTest REQUIRED)
include(GoogleTest)

set(KETTLE_TEST_LIMIT_S 120 CACHE STRING "Seconds one test may take")

# gtest.h takes longer to read than most tests: it is read once.
add_library(kettle_gtest OBJECT ${PROJECT_SOURCE_DIR}/cmake/gtest.cpp)
kettle_target(kettle_gtest)
target_link_libraries(kettle_gtest PUBLIC kettle GTest::gtest)
target_precompile_headers(kettle_gtest PRIVATE <gtest/gtest.h>)
target_compile_options(kettle_gtest PRIVATE
  $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess> $<$<CXX_COMPILER_ID:Clang>:-Xclang -fno-pch-timestamp>)

# kettle_test(NAME SOURCES [LIBRARY...]): a GoogleTest program out of SOURCES (a list).
function(kettle_test name sources)
  add_executable(${name} ${sources})
  kettle_target(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE kettle fmt::fmt GTest::gtest GTest::gtest_main ${ARGN})
  get_target_property(options kettle_gtest COMPILE_OPTIONS)
  target_compile_options(${name} PRIVATE ${options})
  target_precompile_headers(${name} REUSE_FROM kettle_gtest)
  gtest_discover_tests(${name} TEST_PREFIX ${name}: DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${KETTLE_TEST_LIMIT_S})
endfunction()

foreach(pattern IN LISTS KETTLE_ROOMS)
  file(GLOB rooms RELATIVE ${PROJECT_SOURCE_DIR}/src CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${pattern})
  foreach(room IN LISTS rooms)
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${room}/*_test.cpp)
    if(sources AND NOT room STREQUAL "testing")  # that one is of the explored build: tests/explore
      kettle_test(${room}_test "${sources}")
    endif()
  endforeach()
endforeach()

file(GLOB suites CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/*/CMakeLists.txt)
foreach(suite IN LISTS suites)
  get_filename_component(folder ${suite} DIRECTORY)
  add_subdirectory(${folder})
endforeach()
