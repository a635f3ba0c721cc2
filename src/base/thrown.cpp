#include <kettle/base/thrown.hpp>

#include <cstring>

namespace kettle::inline KETTLE_ABI::detail {

const void* thrown_identity(const std::exception_ptr& e) noexcept {
  // It is a pointer to the object, in libstdc++ as in libc++.
  static_assert(sizeof(std::exception_ptr) == sizeof(void*));
  const void* object;
  std::memcpy(static_cast<void*>(&object), static_cast<const void*>(&e), sizeof object);
  return object;
}

void* thrown_object(const std::exception_ptr& e, const std::type_info& handler) noexcept {
#ifdef __GLIBCXX__
  // What the unwinder asks before it enters a handler: it knows public, ambiguous and virtual
  // bases.
  void* object = const_cast<void*>(thrown_identity(e));
  const std::type_info* thrown = e.__cxa_exception_type();
  return handler == *thrown || handler.__do_catch(thrown, &object, 1) ? object : nullptr;
#else
  (void)e, (void)handler;
  return nullptr;  // thrown_as does without
#endif
}

}  // namespace kettle::inline KETTLE_ABI::detail
