# What `cmake --install` lays down: headers, libraries, a package for find_package and one for pkg-config.

include(CMakePackageConfigHelpers)

set(kettle_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/kettle)
set(kettle_installed kettle)
if(KETTLE_SHARED)
  list(APPEND kettle_installed kettle_shared)
endif()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT library)
install(TARGETS ${kettle_installed} EXPORT kettle
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
install(EXPORT kettle NAMESPACE kettle:: DESTINATION ${kettle_package_dir} COMPONENT library)

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/kettle-config.cmake.in ${PROJECT_BINARY_DIR}/kettle-config.cmake
  INSTALL_DESTINATION ${kettle_package_dir})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/kettle-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/kettle-config.cmake ${PROJECT_BINARY_DIR}/kettle-config-version.cmake
  DESTINATION ${kettle_package_dir} COMPONENT library)

configure_file(${PROJECT_SOURCE_DIR}/cmake/kettle.pc.in ${PROJECT_BINARY_DIR}/kettle.pc.in @ONLY)
# The prefix is known at install time only: cmake --install --prefix may change it.
install(CODE "
  set(prefix \"\${CMAKE_INSTALL_PREFIX}\")
  file(READ \"${PROJECT_BINARY_DIR}/kettle.pc.in\" text)
  string(REPLACE \"PREFIX\" \"\${prefix}\" text \"\${text}\")
  file(WRITE \"\$ENV{DESTDIR}\${prefix}/${CMAKE_INSTALL_LIBDIR}/pkgconfig/kettle.pc\" \"\${text}\")
  message(STATUS \"Installing: \$ENV{DESTDIR}\${prefix}/${CMAKE_INSTALL_LIBDIR}/pkgconfig/kettle.pc\")
" COMPONENT library)
