#pragma once
// What the compiler must offer. The headers a program begins with reach this one, so the first
// error it sees is a sentence and not a page of templates.

#if !defined(__cplusplus) || __cplusplus < 202002L
#error "kettle needs C++20: compile with -std=c++20"
#endif
#if !defined(__cpp_exceptions)
#error \
    "kettle needs exceptions: cancellation and errors are exceptions; -fno-exceptions cannot work"
#endif
#if !defined(__cpp_impl_coroutine)
#error "kettle needs coroutines: g++ 12.2 or clang 16 at least, with -std=c++20"
#endif
#if !defined(__linux__) || !defined(__gnu_linux__)
#error "kettle runs on Linux with glibc only"
#endif

// The inline namespace of everything in kettle. The explored build (kettle::explored, of which
// <kettle/testing.hpp> tells) sets KETTLE_EXPLORED: its types are others, so the two do not link
// together.
#if defined(KETTLE_EXPLORED)
#define KETTLE_ABI explored
#else
#define KETTLE_ABI v0
#endif
