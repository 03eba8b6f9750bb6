# Compiler and linker settings of every target of ours.
set(WISP_SANITIZE "" CACHE STRING "sanitizers to build with, as -fsanitize= takes them")
option(WISP_FUZZ "build the libFuzzer targets" OFF)

set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_COMPILE_OPTIONS_PIE "-fPIC")  # programs share the libraries' precompiled header, which is -fPIC
add_library(wisp_options INTERFACE)
target_compile_options(wisp_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wno-gnu-statement-expression -Wno-missing-field-initializers -Wno-c2y-extensions -Werror=return-type
  -Werror=unused-result -fno-omit-frame-pointer -fstack-protector-strong -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=
  -Xclang -fno-pch-timestamp)
target_compile_definitions(wisp_options INTERFACE
  _GLIBCXX_ASSERTIONS SPDLOG_FMT_EXTERNAL SPDLOG_COMPILED_LIB BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE
  BOOST_BEAST_USE_STD_STRING_VIEW WISP_VERSION="${PROJECT_VERSION}")
target_include_directories(wisp_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/include)
target_link_options(wisp_options INTERFACE -fuse-ld=lld-22 -Wl,--gc-sections -Wl,-z,relro,-z,now)
if(WISP_SANITIZE)
  target_compile_options(wisp_options INTERFACE -fsanitize=${WISP_SANITIZE} -fno-sanitize-recover=undefined)
  target_link_options(wisp_options INTERFACE -fsanitize=${WISP_SANITIZE})
endif()
