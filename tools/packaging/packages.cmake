# Debian packages by CPack: msfusion, and python3-msfusion for its Python package. tools/package calls it.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME msfusion)
set(CPACK_PACKAGE_VENDOR "The MSfusion simulator's authors")
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR}/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL msfusion python)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/tools/packaging/debian_files.cmake)

# Who answers for a package is who makes it.
set(MSFUSION_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
if(MSFUSION_MAINTAINER STREQUAL " <>")
  set(MSFUSION_MAINTAINER "The MSfusion simulator's authors <authors@msfusion.invalid>")
endif()
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${MSFUSION_MAINTAINER})
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_MSFUSION_PACKAGE_NAME msfusion)
set(CPACK_DEBIAN_MSFUSION_PACKAGE_SECTION science)
set(CPACK_DEBIAN_MSFUSION_PACKAGE_SHLIBDEPS ON)
# LibTorch works with any BLAS; the speeds and last bits that the documentation promises are this one's.
set(CPACK_DEBIAN_MSFUSION_PACKAGE_DEPENDS libopenblas0-pthread)
set(CPACK_DEBIAN_MSFUSION_PACKAGE_RECOMMENDS "dataset-fashion-mnist, openmpi-bin")
set(CPACK_DEBIAN_MSFUSION_PACKAGE_SUGGESTS "nodejs, iproute2, python3-msfusion")
set(CPACK_COMPONENT_MSFUSION_DESCRIPTION "simulator of collaborative training on real devices and links
Carries out a scenario: every device's local training is really executed
with LibTorch, and every step is timed on a SimGrid model of the devices and
the network that they share. Reports accuracy, simulated time, bytes, energy
and money for MSfusion, FedAvg, HeteroFL, SCAFFOLD and other methods.")

set(CPACK_DEBIAN_PYTHON_PACKAGE_NAME python3-msfusion)
set(CPACK_DEBIAN_PYTHON_PACKAGE_SECTION python)
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "msfusion (= ${PROJECT_VERSION}-1), python3, python3-pandas, python3-matplotlib")
set(CPACK_COMPONENT_PYTHON_DESCRIPTION "results of the MSfusion simulator as pandas frames
Reads results folders of msfusion into frames that know their units, draws
their curves in matplotlib, and calls the program from Python.")
include(CPack)
