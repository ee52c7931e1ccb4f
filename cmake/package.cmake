# The .deb and the tarball: one binary, the descriptor set of its interfaces, a unit for systemd.
include(GNUInstallDirs)

# One place for the binary, whatever the folder of its target.
set_target_properties(terrace PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

set(doc_dir ${CMAKE_INSTALL_DATADIR}/doc/terrace)
install(TARGETS terrace RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${TERRACE_PROTOSET} DESTINATION ${CMAKE_INSTALL_DATADIR}/terrace)
install(DIRECTORY services/scoring/examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/terrace/schemes)
install(FILES README.md README.zh-CN.md ARCHITECTURE.md CHANGELOG.md DESTINATION ${doc_dir})
install(FILES deploy/systemd/terrace.service DESTINATION lib/systemd/system)
install(FILES LICENSE DESTINATION ${doc_dir} RENAME copyright)

set(CPACK_PACKAGE_NAME terrace)
set(CPACK_PACKAGE_VENDOR "The Terrace authors")
set(CPACK_PACKAGE_CONTACT "The Terrace authors <terrace@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
    "Multi-level assessment programmes: live, explainable, provable")
set(CPACK_PACKAGE_DESCRIPTION
    "Offices register the units below them, hand out measures, inspect, score, rank and name model
units, and pull the result at any level of the tree. One binary with an embedded store.")
set(CPACK_PACKAGE_FILE_NAME terrace-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES TRUE)
set(CPACK_VERBATIM_VARIABLES TRUE)
# Packing takes what is built and builds nothing: `make package` builds first, and the test of the
# packages runs beside other tests.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY TRUE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS TRUE)
include(CPack)
