# Third-party libraries: Debian packages, and the engine archive that tools/engine builds and caches.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(mimalloc 2.0 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(LIBURING REQUIRED IMPORTED_TARGET liburing)

execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/engine OUTPUT_VARIABLE WISP_ENGINE_DIR
  OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(GLOB WISP_ENGINE_SOURCES CONFIGURE_DEPENDS engine/src/*.rs engine/include/*.h engine/patches/* engine/Cargo.*)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${WISP_ENGINE_SOURCES})
add_library(wisp_engine_archive STATIC IMPORTED)
set_target_properties(wisp_engine_archive PROPERTIES
  IMPORTED_LOCATION ${WISP_ENGINE_DIR}/libwisp_engine.a
  INTERFACE_INCLUDE_DIRECTORIES ${WISP_ENGINE_DIR}/include
  INTERFACE_LINK_LIBRARIES "Threads::Threads;dl;m")
