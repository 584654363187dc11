# What Debian asks of a package besides its files, added to each component's tree before CPack packs it.
file(STRINGS ${CPACK_PACKAGE_DIRECTORY}/date date)
file(READ ${CMAKE_CURRENT_LIST_DIR}/../../LICENSE licence)
string(REGEX REPLACE "^[^\n]*\n\n[^\n]*\n\n" "" licence "${licence}")
string(REGEX REPLACE "\n\n" "\n.\n" licence "${licence}")
string(REGEX REPLACE "\n([^\n])" "\n \\1" licence "\n${licence}")
file(READ ${CMAKE_CURRENT_LIST_DIR}/../../CHANGELOG.md changelog)
foreach(package msfusion python3-msfusion)
  set(component msfusion)
  if(package STREQUAL python3-msfusion)
    set(component python)
  endif()
  file(GLOB_RECURSE tree LIST_DIRECTORIES true ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr)
  set(root ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr/share)
  set(doc ${root}/doc/${package})
  file(REMOVE ${doc}/LICENSE ${doc}/CHANGELOG.md)
  file(WRITE ${doc}/copyright "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: msfusion

Files: *
Copyright: 2026 the authors of the MSfusion simulator
License: Expat
${licence}")
  file(APPEND ${doc}/copyright "
Comment: What of others is in the pages that the program writes has its licences in page-notices.txt of the package msfusion.
")
  file(WRITE ${doc}/changelog "${changelog}")
  file(WRITE ${doc}/changelog.Debian "msfusion (${CPACK_PACKAGE_VERSION}-1) unstable; urgency=medium

  * Made by tools/package; what has changed stands in changelog.gz.

 -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${date}
")
  file(GLOB pages ${root}/man/man1/*.1)
  execute_process(COMMAND gzip -9nf ${doc}/changelog ${doc}/changelog.Debian ${pages} COMMAND_ERROR_IS_FATAL ANY)
endforeach()
