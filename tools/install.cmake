# What `cmake --install` puts where. The program finds its files relative to itself, so an installation can be moved as a whole.
include(GNUInstallDirs)
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME msfusion)
set(share ${CMAKE_INSTALL_DATADIR}/msfusion)
set(doc ${CMAKE_INSTALL_DOCDIR})

install(TARGETS msfusion RUNTIME DESTINATION bin)
install(TARGETS msfusion_learn LIBRARY DESTINATION lib/msfusion)
install(DIRECTORY scenarios platforms DESTINATION ${share} FILES_MATCHING PATTERN *.xml PATTERN *.xsd PATTERN *.graphml)
# Documents keep the places that their links to each other know.
install(FILES README.md CHANGELOG.md CITATION.cff LICENSE THIRD-PARTY.md ${PROJECT_BINARY_DIR}/reports/page-notices.txt DESTINATION ${doc})
install(DIRECTORY docs DESTINATION ${doc})
foreach(folder scenarios platforms)
  install(FILES ${folder}/README.md DESTINATION ${doc}/${folder})
endforeach()

install(DIRECTORY tools/python/msfusion DESTINATION lib/python3/dist-packages COMPONENT python FILES_MATCHING PATTERN *.py PATTERN py.typed)

# Man page and completions are printed by the program itself, so they cannot differ from it.
set(documents "")
foreach(document "man;man/man1/msfusion.1" "completion bash;bash-completion/completions/msfusion"
                 "completion zsh;zsh/vendor-completions/_msfusion" "completion fish;fish/vendor_completions.d/msfusion.fish")
  list(GET document 0 command)
  list(GET document 1 file)
  separate_arguments(command)
  get_filename_component(folder ${file} DIRECTORY)
  set(made ${PROJECT_BINARY_DIR}/share/${file})
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/share/${folder})
  add_custom_command(OUTPUT ${made} COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0 $<TARGET_FILE:msfusion> ${command} > ${made}
                     DEPENDS msfusion VERBATIM)
  install(FILES ${made} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder})
  list(APPEND documents ${made})
endforeach()
add_custom_target(documents ALL DEPENDS ${documents})

# The build folder has the same layout beside tools/msfusion.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/share/msfusion)
foreach(folder scenarios platforms)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${PROJECT_BINARY_DIR}/share/msfusion/${folder} SYMBOLIC)
endforeach()
