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
