#define CATCH_CONFIG_MAIN  // 3.x has its main in a library
#include "tests/support/catch.hpp"
