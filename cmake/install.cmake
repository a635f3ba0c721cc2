# What `cmake --install` lays down: headers, libraries, a package for find_package and one for pkg-config.

include(CMakePackageConfigHelpers)

set(kettle_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kettle)
set(kettle_installed kettle)
if(KETTLE_SHARED)
  list(APPEND kettle_installed kettle_shared)
endif()

if(TARGET kettle_explored)
  list(APPEND kettle_installed kettle_explored)
endif()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(TARGETS ${kettle_installed} EXPORT kettle
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(EXPORT kettle FILE kettle-targets.cmake NAMESPACE kettle:: DESTINATION ${kettle_package_dir} COMPONENT library)

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/kettle-config.cmake.in ${PROJECT_BINARY_DIR}/kettle-config.cmake
  INSTALL_DESTINATION ${kettle_package_dir})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/kettle-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/kettle-config.cmake ${PROJECT_BINARY_DIR}/kettle-config-version.cmake
  DESTINATION ${kettle_package_dir} COMPONENT library)

# kettle tasks: what the tasks of a core, or of a hung process, wait for.
install(FILES ${PROJECT_SOURCE_DIR}/tools/gdb/kettle_gdb.py
  DESTINATION ${CMAKE_INSTALL_DATADIR}/kettle COMPONENT library)

# The package says where it is by where its file is, so that a prefix may be moved.
file(RELATIVE_PATH kettle_prefix_from_pc /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${PROJECT_SOURCE_DIR}/cmake/kettle.pc.in ${PROJECT_BINARY_DIR}/kettle.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/kettle.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)
