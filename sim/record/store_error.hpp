// SQLite's errors in words: what happened to which file, and what to do.
#pragma once

#include <SQLiteCpp/Exception.h>

#include <string>

namespace msfusion {

/// "results/a/run.sqlite: cannot write round 3: the disk is full; free some space, ..."
std::string store_problem(const std::string& file, const std::string& doing, const SQLite::Exception& error);

/// The name under which SQLite opens a file: absolute, because it takes what begins with "file:" for a URI.
std::string sqlite_name(const std::string& file);

/// Nothing if `file` starts with a whole header of a store that this program reads, otherwise what is wrong with it.
/// Looks at bytes alone, because SQLite would try to repair a stranger's file.
std::string header_problem(const std::string& file);

}  // namespace msfusion
