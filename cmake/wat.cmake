# wisp_wat(TARGET FOLDER): the .wat files of FOLDER become ${CMAKE_BINARY_DIR}/wat/NAME.wasm before TARGET is built, which
# finds them in WISP_WAT_DIR.
function(wisp_wat target folder)
  if(NOT TARGET ${target})
    return()
  endif()
  file(GLOB texts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.wat)
  set(out ${CMAKE_BINARY_DIR}/wat)
  set(binaries)
  foreach(text ${texts})
    get_filename_component(name ${text} NAME_WE)
    add_custom_command(OUTPUT ${out}/${name}.wasm DEPENDS ${text} VERBATIM
      COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
      COMMAND sh -c "\"$(\"$1\")\" wat \"$2\" \"$3\"" sh ${CMAKE_SOURCE_DIR}/tools/guest-tool ${text} ${out}/${name}.wasm)
    list(APPEND binaries ${out}/${name}.wasm)
  endforeach()
  add_custom_target(${target}_wat DEPENDS ${binaries})
  add_dependencies(${target} ${target}_wat)
  target_compile_definitions(${target} PRIVATE WISP_WAT_DIR="${out}")
endfunction()
