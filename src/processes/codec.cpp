#include "sys/process.hpp"

#include <kettle/base/freelist.hpp>
#include <kettle/processes/codec.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

namespace kettle::inline KETTLE_ABI {

namespace {

constexpr std::size_t least_room = 256;  // of an encoder on the heap

// Below 64 KiB nothing is ever mapped. The sanitizers' shadow fills the low terabytes: numbers
// there are no addresses of the program.
constexpr std::uintptr_t lowest_address = KETTLE_SANITIZED ? 0x2000'0000'0000 : 0x10000;

// One loaded image: where it is, and what tells its build apart from all others.
struct image {
  std::uintptr_t base = 0;
  std::uint8_t id_size = 0;
  unsigned char id[32] = {};
  const char* path = "";
};

// The GNU build-id among the notes of one segment.
bool read_build_id(image& out, const char* notes, std::size_t size) {
  while (size >= sizeof(ElfW(Nhdr))) {
    auto* note = reinterpret_cast<const ElfW(Nhdr)*>(notes);
    std::size_t name = (note->n_namesz + 3) & ~3u, text = (note->n_descsz + 3) & ~3u;
    std::size_t whole = sizeof *note + name + text;
    if (whole > size) return false;
    const char* owner = notes + sizeof *note;
    if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 &&
        std::memcmp(owner, "GNU", 4) == 0 && note->n_descsz <= sizeof out.id) {
      out.id_size = std::uint8_t(note->n_descsz);
      std::memcpy(out.id, owner + name, note->n_descsz);
      return true;
    }
    notes += whole, size -= whole;
  }
  return false;
}

// Linked with --build-id=none: the code itself tells (FNV-1a, 64 bit).
void hash_code(image& out, const dl_phdr_info& info) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (int i = 0; i < info.dlpi_phnum; i++) {
    const auto& p = info.dlpi_phdr[i];
    if (p.p_type != PT_LOAD || !(p.p_flags & PF_X)) continue;
    auto* code = reinterpret_cast<const unsigned char*>(info.dlpi_addr + p.p_vaddr);
    for (std::size_t n = 0; n < p.p_filesz; n++) hash = (hash ^ code[n]) * 0x100000001b3;
  }
  out.id_size = sizeof hash;
  std::memcpy(out.id, &hash, sizeof hash);
}

image image_of(const dl_phdr_info& info) {
  image out;
  out.base = info.dlpi_addr;
  out.path = info.dlpi_name ? info.dlpi_name : "";
  for (int i = 0; i < info.dlpi_phnum; i++) {
    const auto& p = info.dlpi_phdr[i];
    if (p.p_type == PT_NOTE &&
        read_build_id(out, reinterpret_cast<const char*>(info.dlpi_addr + p.p_vaddr), p.p_memsz))
      return out;
  }
  hash_code(out, info);
  return out;
}

bool contains(const dl_phdr_info& info, std::uintptr_t address, bool code_only) {
  for (int i = 0; i < info.dlpi_phnum; i++) {
    const auto& p = info.dlpi_phdr[i];
    if (p.p_type != PT_LOAD || (code_only && !(p.p_flags & PF_X))) continue;
    std::uintptr_t start = info.dlpi_addr + p.p_vaddr;
    if (address >= start && address < start + p.p_memsz) return true;
  }
  return false;
}

// Calls f(info) for each image until it says true.
template <class F> bool any_image(F f) {
  auto one = [](dl_phdr_info* info, std::size_t, void* data) {
    return (*static_cast<F*>(data))(*info) ? 1 : 0;
  };
  return ::dl_iterate_phdr(one, &f) != 0;
}

bool find_image(const code_reference& r, std::uintptr_t& address) {
  return any_image([&](const dl_phdr_info& info) {
    image i = image_of(info);
    if (i.id_size != r.id_size || std::memcmp(i.id, r.id, r.id_size) != 0) return false;
    if (!contains(info, i.base + r.offset, true))
      decoder::fail("a function lies outside the code of its image");
    address = i.base + r.offset;
    return true;
  });
}

// What was found before, on this thread: a task's functions are looked up once for many tasks.
struct found_code {
  const void* code = nullptr;
  code_reference reference;
};
struct code_cache : thread_end {
  code_cache() noexcept : thread_end{close} {}
  static void close(thread_end& e) noexcept {
    delete &static_cast<code_cache&>(e);
    tls.code_cache = nullptr;
  }
  found_code found[16];
};
found_code& found_before(std::uintptr_t number) {
  // On the heap: a plug-in has little room for the thread-locals of what it is linked with.
  if (!tls.code_cache) {
    auto* made = new code_cache;
    at_thread_end(*made);
    tls.code_cache = made;
  }
  auto& some = static_cast<code_cache*>(tls.code_cache)->found;
  return some[std::uint64_t(number) * 0x9e3779b97f4a7c15 >> 60];  // Fibonacci hashing
}

}  // namespace

code_reference reference_of(const void* code) {
  code_reference r;
  auto address = reinterpret_cast<std::uintptr_t>(code);
  bool found = any_image([&](const dl_phdr_info& info) {
    if (!contains(info, address, true)) return false;
    image i = image_of(info);
    r.id_size = i.id_size;
    std::memcpy(r.id, i.id, sizeof r.id);
    r.offset = address - i.base;
    r.path = i.path;
    return true;
  });
  if (!found) throw std::invalid_argument("a function that lies in no image of the program");
  return r;
}

const void* resolve(const code_reference& r) {
  std::uintptr_t address = 0;
  if (find_image(r, address)) return reinterpret_cast<const void*>(address);
  // Loaded by the other process after we were made.
  if (!r.path.empty() && ::dlopen(r.path.c_str(), RTLD_NOW | RTLD_LOCAL) && find_image(r, address))
    return reinterpret_cast<const void*>(address);
  throw decode_error("no image '" + (r.path.empty() ? std::string("of the program") : r.path) +
                     "' with the same build-id in this process");
}

void encoder::grow(std::size_t more) {
  std::string_view written = bytes();
  std::vector<unsigned char> larger(
      std::max({2 * written.size(), written.size() + more, least_room}));
  std::copy(written.begin(), written.end(), larger.begin());
  heap_.swap(larger);
  move_to(heap_.data(), heap_.size());
}

void encoder::code(const void* function) {
  raw(std::uint8_t(function != nullptr));
  if (!function) return;
  found_code& known = found_before(reinterpret_cast<std::uintptr_t>(function));
  if (known.code != function) known = {function, reference_of(function)};
  const code_reference& r = known.reference;
  raw(r.id_size);
  bytes(r.id, r.id_size);
  raw(r.offset);
  text(r.path);
}

const void* decoder::code() {
  if (!raw<std::uint8_t>()) return nullptr;
  code_reference r;
  r.id_size = raw<std::uint8_t>();
  if (r.id_size > sizeof r.id) fail("an image's name is too long");
  std::memcpy(r.id, bytes(r.id_size), r.id_size);
  r.offset = raw<std::uint64_t>();
  r.path = text();
  found_code& before = found_before(r.offset);
  const code_reference& known = before.reference;
  if (!before.code || known.offset != r.offset || known.id_size != r.id_size ||
      std::memcmp(known.id, r.id, sizeof r.id) != 0)
    before = {resolve(r), r};
  return before.code;
}

void encoder::closure(const void* data, std::size_t size) {
  auto* from = static_cast<const unsigned char*>(data);
  for (std::size_t at = 0; at + sizeof(std::uintptr_t) <= size; at += sizeof(std::uintptr_t)) {
    std::uintptr_t word;
    std::memcpy(&word, from + at, sizeof word);
    // The upper half of the address space is the kernel's.
    if (word < lowest_address || word >> 47) continue;
    if (sys::is_mapped(reinterpret_cast<const void*>(word)))
      throw std::invalid_argument(
          "a closure captures an address (word " + std::to_string(at / sizeof word) +
          "), which means nothing in another process: capture by value, or give it as an argument");
  }
  bytes(data, size);
}

void decoder::fail(const char* why) { throw decode_error(std::string("decode: ") + why); }

}  // namespace kettle::inline KETTLE_ABI
