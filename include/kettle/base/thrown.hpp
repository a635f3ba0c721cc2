#pragma once
// What an exception is, without throwing it once more: a throw costs a microsecond and more.
//
//   if (const cancelled* c = thrown_as<cancelled>(error)) ...  // also of classes derived of it

#include <kettle/base/require.hpp>

#include <exception>
#include <type_traits>
#include <typeinfo>

namespace kettle::inline KETTLE_ABI {

namespace detail {

// The object that e holds, as a handler of that type would see it; null: it would not take it.
void* thrown_object(const std::exception_ptr& e, const std::type_info& handler) noexcept;
// Tells the objects of exceptions apart; null for no exception.
const void* thrown_identity(const std::exception_ptr& e) noexcept;

}  // namespace detail

// The object that e holds if `catch (T&)` would take it, else null. It lives as long as e.
template <class T> T* thrown_as(const std::exception_ptr& e) noexcept {
  static_assert(!std::is_pointer_v<T>, "handlers convert thrown pointers; this does not");
  if (!e) return nullptr;
#if defined(__GLIBCXX__) && defined(__GXX_RTTI)
  return static_cast<T*>(detail::thrown_object(e, typeid(T)));
#else
  try {
    std::rethrow_exception(e);
  } catch (T& object) {
    return &object;
  } catch (...) {
    return nullptr;
  }
#endif
}

}  // namespace kettle::inline KETTLE_ABI
