// What is said of a table of the store as a whole.
#pragma once

namespace msfusion {

/// Facts about one table; its first `key_columns` columns form the primary key.
struct TableFacts {
  const char* name;
  const char* purpose;
  int key_columns;
  bool result;    ///< false: wall-clock figures, which differ from run to run
  int since = 4;  ///< the first version of the store that has it: older ones have no rows of it
};

/// Columns<R>: the table of record type R. `visit` calls its visitor with (column, field, unit, meaning) in order;
/// `Record` is R or const R.
template <class R>
struct Columns;

}  // namespace msfusion
