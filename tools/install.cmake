# What `cmake --install` puts where. The program finds its files relative to itself, so an installation can be moved as a whole.
include(GNUInstallDirs)
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

# The build folder has the same layout beside tools/msfusion.
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/share/msfusion)
foreach(folder scenarios platforms)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${folder} ${PROJECT_BINARY_DIR}/share/msfusion/${folder} SYMBOLIC)
endforeach()
