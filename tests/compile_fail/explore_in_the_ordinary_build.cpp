// expect: explore needs the explored build of the library: link kettle::explored
#include <kettle/testing.hpp>

int main() {
#ifndef OK
  kettle::testing::explore({}, [] {});
#endif
}
