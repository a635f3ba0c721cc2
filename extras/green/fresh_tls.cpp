#include "green/fresh_tls.hpp"

#include "green/hook.hpp"

#include <cstring>

#include <limits.h>
#include <link.h>
#include <pthread.h>

namespace kettle::inline KETTLE_ABI::green {

namespace {

libc_function<int(pthread_key_t*, void (*)(void*))> next_key_create{"pthread_key_create"};
libc_function<int(pthread_key_t)> next_key_delete{"pthread_key_delete"};

using destructor = void (*)(void*);
destructor destructors[PTHREAD_KEYS_MAX];
atomic<unsigned> keys_used{0};  // one more than the highest ever made; relaxed: it only grows

bool is_libc(const char* name) noexcept {
  const char* base = std::strrchr(name, '/');
  base = base ? base + 1 : name;
  return std::strncmp(base, "libc.so", 7) == 0 || std::strncmp(base, "ld-linux", 8) == 0;
}

int refresh(dl_phdr_info* info, std::size_t, void*) {
  if (!info->dlpi_tls_data || is_libc(info->dlpi_name)) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)& p = info->dlpi_phdr[i];
    if (p.p_type != PT_TLS) continue;
    auto* block = static_cast<char*>(info->dlpi_tls_data);
    std::memcpy(block, reinterpret_cast<const void*>(info->dlpi_addr + p.p_vaddr), p.p_filesz);
    std::memset(block + p.p_filesz, 0, p.p_memsz - p.p_filesz);
  }
  return 0;
}

}  // namespace

void run_key_destructors() {
  for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS; round++) {
    bool any = false;
    for (unsigned k = 0; k < keys_used.load(relaxed); k++) {
      void* value = ::pthread_getspecific(k);
      if (!value) continue;
      ::pthread_setspecific(k, nullptr);
      if (!destructors[k]) continue;
      any = true;
      destructors[k](value);
    }
    if (!any) return;
  }
}

void refresh_tls() noexcept { ::dl_iterate_phdr(refresh, nullptr); }

}  // namespace kettle::inline KETTLE_ABI::green

using namespace kettle::green;

KETTLE_GREEN_HOOK int pthread_key_create(pthread_key_t* key, void (*destroy)(void*)) noexcept {
  int failed = next_key_create(key, destroy);
  if (failed || *key >= PTHREAD_KEYS_MAX) return failed;
  destructors[*key] = destroy;
  unsigned used = keys_used.load(kettle::relaxed);
  while (used <= *key && !keys_used.compare_exchange_weak(used, *key + 1, kettle::relaxed)) {}
  return 0;
}

KETTLE_GREEN_HOOK int pthread_key_delete(pthread_key_t key) noexcept {
  int failed = next_key_delete(key);
  if (!failed) destructors[key] = nullptr;
  return failed;
}

// The names under which older programs and libstdc++ ask for it.
KETTLE_GREEN_HOOK int __pthread_key_create(pthread_key_t* key, void (*destroy)(void*)) noexcept {
  return pthread_key_create(key, destroy);
}
