#include <kettle/core/scope.hpp>
#include <kettle/sync/detail/wait_list.hpp>

namespace kettle::inline KETTLE_ABI::detail {

bool queued_wait::cancelled_meanwhile() const noexcept { return is_cancelled(who()); }

void queued_wait::throw_cancelled() const { throw cancelled{cancel_reason(who())}; }

}  // namespace kettle::inline KETTLE_ABI::detail
