# How this project compiles its own code. Nothing here reaches a program that uses the library, except C++20.

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  find_program(CCACHE ccache)
  if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # The two sloppinesses are what ccache asks for before it caches with a precompiled header. The build directory is
    # not part of what is cached: it would only be the debugger's idea of where the compiler ran.
    set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros CCACHE_NOHASHDIR=1 ${CCACHE})
  endif()
endif()

add_library(kettle_flags INTERFACE)
target_compile_features(kettle_flags INTERFACE cxx_std_20)
target_compile_options(kettle_flags INTERFACE -Wall -Wextra $<$<BOOL:${KETTLE_WERROR}>:-Werror>)
if(KETTLE_SANITIZE)
  # On the command line of every target, not only ours: a sanitizer that sees half of a program lies.
  add_compile_options(-fsanitize=${KETTLE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${KETTLE_SANITIZE})
  if(KETTLE_SANITIZE MATCHES undefined)
    # It looks at memory through a pipe, and some tests leave no descriptor for one: then it cries wolf.
    add_compile_options(-fno-sanitize=vptr)
  endif()
endif()

# Applies the flags to a target of ours.
function(kettle_target name)
  target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:kettle_flags>)
  set_target_properties(${name} PROPERTIES CXX_EXTENSIONS OFF)
endfunction()
