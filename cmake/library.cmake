# libkettle: every src/<room>/**/*.cpp that is neither a test nor a benchmark, compiled once into an archive and,
# with KETTLE_SHARED, a shared library.

find_package(fmt REQUIRED)
find_package(Threads REQUIRED)

set(kettle_sources)
foreach(room IN LISTS KETTLE_ROOMS)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/src/${room}/*.cpp ${PROJECT_SOURCE_DIR}/src/${room}/*.S)
  list(APPEND kettle_sources ${found})
endforeach()
list(FILTER kettle_sources EXCLUDE REGEX "_(test|bench)\\.cpp$")
set(explored_sources ${kettle_sources})
list(FILTER kettle_sources EXCLUDE REGEX "/src/testing/")

function(kettle_object_library name sources)
  add_library(${name} OBJECT ${sources})
  kettle_target(${name})
  target_include_directories(${name}
    PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE fmt::fmt Threads::Threads)
  # Position independent, so that both libraries share the objects; calls inside the library still bind directly.
  set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_compile_options(${name} PRIVATE -fno-semantic-interposition)
endfunction()

kettle_object_library(kettle_objects "${kettle_sources}")

function(kettle_library name type objects)
  add_library(${name} ${type} $<TARGET_OBJECTS:${objects}>)
  add_library(kettle::${name} ALIAS ${name})
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PRIVATE fmt::fmt PUBLIC Threads::Threads)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX OUTPUT_NAME kettle)
endfunction()

include(GNUInstallDirs)
kettle_library(kettle STATIC kettle_objects)
if(KETTLE_SHARED)
  kettle_library(kettle_shared SHARED kettle_objects)
  # Before 1.0 a minor version may change the ABI, so the soname carries it.
  set_target_properties(kettle_shared PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endif()

# The same sources, with the explorer behind the seam through which threads meet (base/seam.hpp), for tests that
# call kettle::testing::explore. Not under ThreadSanitizer, which does not know threads that are played.
if(NOT KETTLE_SANITIZE MATCHES thread)
  kettle_object_library(kettle_explored_objects "${explored_sources}")
  kettle_library(kettle_explored STATIC kettle_explored_objects)
  set_target_properties(kettle_explored PROPERTIES OUTPUT_NAME kettle_explored EXPORT_NAME explored)
  add_library(kettle::explored ALIAS kettle_explored)
  target_compile_definitions(kettle_explored_objects PUBLIC KETTLE_EXPLORED=1)
  # g++ 12 warns, falsely, of deleting through a base that is not the first.
  target_compile_options(kettle_explored_objects PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-free-nonheap-object>)
  target_compile_definitions(kettle_explored INTERFACE KETTLE_EXPLORED=1)
endif()
