#pragma once

namespace kettle::sweep {

// What operator new has given and nobody has given back, on all threads.
long blocks_alive() noexcept;

}  // namespace kettle::sweep
