#pragma once
// For tests of concurrent code written on kettle's types: see testing/explore.hpp.

#include <kettle/testing/explore.hpp>
#include <kettle/testing/thread.hpp>
#include <kettle/testing/var.hpp>
