# Each peer is built if its package is there. Nothing here touches the network.

set(peer_dir ${CMAKE_CURRENT_BINARY_DIR}/peers)
file(MAKE_DIRECTORY ${peer_dir})

# bench_peer(NAME LIBRARY...): bench/peers/NAME.cpp
function(bench_peer name)
  add_executable(peer_${name} EXCLUDE_FROM_ALL peers/${name}.cpp)
  kettle_target(peer_${name})
  target_link_libraries(peer_${name} PRIVATE ${ARGN})
  set_target_properties(peer_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${peer_dir})
  add_dependencies(bench peer_${name})
endfunction()

find_package(Boost 1.81 QUIET COMPONENTS fiber context)
if(Boost_FOUND)
  bench_peer(boost_fiber Boost::fiber Boost::context)
endif()

find_path(ASIO_INCLUDE_DIR asio.hpp)
if(ASIO_INCLUDE_DIR AND CMAKE_CXX_COMPILER_ID STREQUAL GNU) # Asio 1.22 has no coroutines on clang
  bench_peer(asio_task Threads::Threads)
  bench_peer(asio_echo Threads::Threads)
endif()

find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
  pkg_check_modules(URING QUIET IMPORTED_TARGET liburing)
  if(URING_FOUND)
    bench_peer(uring_echo PkgConfig::URING)
  endif()
  pkg_check_modules(UV QUIET IMPORTED_TARGET libuv)
  if(UV_FOUND)
    bench_peer(libuv_echo PkgConfig::UV)
  endif()
endif()

# Debian's own, wherever another toolchain stands in PATH.
find_program(DEBIAN_GO go PATHS /usr/bin NO_DEFAULT_PATH)
if(DEBIAN_GO)
  file(GLOB go_sources CONFIGURE_DEPENDS peers/go/*.go peers/go/go.mod)
  add_custom_command(OUTPUT ${peer_dir}/go_core
    COMMAND ${CMAKE_COMMAND} -E env --unset=GOROOT GOFLAGS= GOPROXY=off GOCACHE=${peer_dir}/go-cache
      ${DEBIAN_GO} build -o ${peer_dir}/go_core .
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/peers/go DEPENDS ${go_sources} VERBATIM)
  add_custom_target(peer_go DEPENDS ${peer_dir}/go_core)
  add_dependencies(bench peer_go)
endif()

find_program(DEBIAN_CARGO cargo PATHS /usr/bin NO_DEFAULT_PATH)
file(GLOB tokio_crates /usr/share/cargo/registry/tokio-1.*)
if(DEBIAN_CARGO AND EXISTS /usr/bin/rustc AND tokio_crates)
  # Cargo writes its lock file beside the manifest: it works on a copy.
  file(GLOB_RECURSE tokio_sources CONFIGURE_DEPENDS peers/tokio/*.rs peers/tokio/*.toml)
  add_custom_command(OUTPUT ${peer_dir}/tokio_core
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${CMAKE_CURRENT_SOURCE_DIR}/peers/tokio ${peer_dir}/tokio
    COMMAND ${CMAKE_COMMAND} -E chdir ${peer_dir}/tokio ${CMAKE_COMMAND} -E env PATH=/usr/bin:/bin RUSTC=/usr/bin/rustc
      CARGO_HOME=${peer_dir}/cargo ${DEBIAN_CARGO} build --offline --release --quiet
    COMMAND ${CMAKE_COMMAND} -E copy ${peer_dir}/tokio/target/release/tokio_core ${peer_dir}/tokio_core
    DEPENDS ${tokio_sources} VERBATIM)
  add_custom_target(peer_tokio DEPENDS ${peer_dir}/tokio_core)
  add_dependencies(bench peer_tokio)
endif()

# The task is measured with both compilers: the library and that one program, once more with clang.
find_program(BENCH_CLANG NAMES clang++-19 clang++-18 clang++-17 clang++-16)
if(BENCH_CLANG AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  set(clang_dir ${CMAKE_CURRENT_BINARY_DIR}/clang)
  add_custom_target(bench_clang
    COMMAND ${CMAKE_COMMAND} -S ${PROJECT_SOURCE_DIR} -B ${clang_dir} -G Ninja -DCMAKE_CXX_COMPILER=${BENCH_CLANG}
      "-DCMAKE_CXX_FLAGS=${CMAKE_CXX_FLAGS}" -DKETTLE_SHARED=OFF
    COMMAND ${CMAKE_COMMAND} --build ${clang_dir} --target core_task core_floor_task
    USES_TERMINAL VERBATIM)
  add_dependencies(bench bench_clang)
endif()
