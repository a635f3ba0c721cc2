#pragma once
// Memory with a descriptor and no name in any file system: what two processes can share.
//
//   sys::memfd block("kettle-slots", 1 << 20);
//   sys::mapping view(block.get(), 1 << 20);
//   block.seal_size();                        // nobody can shrink it under a reader any more
//
// Threads: any.

#include "sys/fd.hpp"
#include "sys/file.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>

namespace kettle::inline KETTLE_ABI::sys {

class memfd {
 public:
  memfd(const char* name, std::size_t size) noexcept
      : fd_(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
    int r;
    do {
      r = fd_ ? int(result_of(::ftruncate(fd_.get(), off_t(size)))) : 0;
    } while (r == -EINTR);
    if (r < 0) fd_.reset(r);
  }

  explicit operator bool() const noexcept { return bool(fd_); }
  int get() const noexcept { return fd_.get(); }
  int error() const noexcept { return fd_.error(); }
  // From now on nobody can make it writable; a mapping that is writable already stays so.
  int seal_future_writes() const noexcept {
    constexpr int future_write = 0x0010;  // F_SEAL_FUTURE_WRITE, Linux 5.1
    return int(result_of(::fcntl(fd_.get(), F_ADD_SEALS, future_write)));
  }
  // Another descriptor of it, through which nothing can be written.
  unique_fd read_only() const noexcept {
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd_.get());
    return open_file(path, O_RDONLY);
  }
  int seal_size() const noexcept {
    return int(result_of(::fcntl(fd_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW)));
  }

 private:
  unique_fd fd_;
};

// Gives the memory of that part back; it reads as zeros.
inline void give_back(int fd, std::int64_t offset, std::size_t size) noexcept {
  ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off_t(offset), off_t(size));
}

// A shared view of `size` bytes of a descriptor, from `offset` on.
class mapping {
 public:
  mapping() noexcept = default;
  mapping(int fd, std::size_t size, int protection = PROT_READ | PROT_WRITE,
          std::int64_t offset = 0) noexcept
      : size_(size) {
    void* p = ::mmap(nullptr, size, protection, MAP_SHARED, fd, off_t(offset));
    if (p == MAP_FAILED)
      error_ = errno;
    else
      data_ = p;
  }
  mapping(mapping&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(other.size_), error_(other.error_) {}
  mapping& operator=(mapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(error_, other.error_);
    return *this;
  }
  ~mapping() {
    if (data_) ::munmap(data_, size_);
  }

  explicit operator bool() const noexcept { return data_ != nullptr; }
  void* data() const noexcept { return data_; }
  // A longer view, perhaps at another address. False: there is no room for it, and this one stays.
  bool grow(std::size_t size) noexcept {
    void* p = ::mremap(data_, size_, size, MREMAP_MAYMOVE);
    if (p == MAP_FAILED) return false;
    data_ = p, size_ = size;
    return true;
  }
  std::size_t size() const noexcept { return size_; }
  int error() const noexcept { return error_; }

 private:
  void* data_ = nullptr;
  std::size_t size_ = 0;
  int error_ = 0;
};

}  // namespace kettle::inline KETTLE_ABI::sys
