// Written for the ordinary build; packaging.py links it with explored.cpp.
#include <kettle/kettle.hpp>

int main() {
  return kettle::run([] { return 0; });
}
