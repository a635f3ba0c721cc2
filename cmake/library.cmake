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

add_library(kettle_objects OBJECT ${kettle_sources})
kettle_target(kettle_objects)
target_include_directories(kettle_objects
  PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(kettle_objects PRIVATE fmt::fmt Threads::Threads)
# Position independent, so that both libraries share the objects; calls inside the library still bind directly.
set_target_properties(kettle_objects PROPERTIES POSITION_INDEPENDENT_CODE ON)
target_compile_options(kettle_objects PRIVATE -fno-semantic-interposition)

function(kettle_library name type)
  add_library(${name} ${type} $<TARGET_OBJECTS:kettle_objects>)
  add_library(kettle::${name} ALIAS ${name})
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PRIVATE fmt::fmt PUBLIC Threads::Threads)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX OUTPUT_NAME kettle)
endfunction()

include(GNUInstallDirs)
kettle_library(kettle STATIC)
if(KETTLE_SHARED)
  kettle_library(kettle_shared SHARED)
  # Before 1.0 a minor version may change the ABI, so the soname carries it.
  set_target_properties(kettle_shared PROPERTIES
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
endif()
