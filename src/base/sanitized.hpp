#pragma once
// Which sanitizer this is built with: KETTLE_ASAN and KETTLE_TSAN are 1 or 0.

#if !defined(__has_feature)
#define KETTLE_HAS_FEATURE(name) 0
#else
#define KETTLE_HAS_FEATURE(name) __has_feature(name)
#endif

#if defined(__SANITIZE_ADDRESS__) || KETTLE_HAS_FEATURE(address_sanitizer)
#define KETTLE_ASAN 1
#else
#define KETTLE_ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || KETTLE_HAS_FEATURE(thread_sanitizer)
#define KETTLE_TSAN 1
#else
#define KETTLE_TSAN 0
#endif
