// Reading a stream that is no file on a disk: libc reads by itself, where nothing can be taken
// over. If its buffer is empty the call goes to a real thread; what is already there is taken at
// once. The commonest readers only; the rest stop all fibers while they wait (docs/limits.md).

#include "green/hook.hpp"
#include "green/offload.hpp"
#include "green/wait_fd.hpp"

#include <cstdio>

namespace {

using namespace kettle::green;

libc_function<char*(char*, int, FILE*)> next_fgets{"fgets"};
libc_function<size_t(void*, size_t, size_t, FILE*)> next_fread{"fread"};
libc_function<int(FILE*)> next_fgetc{"fgetc"};
libc_function<int(FILE*)> next_getc{"getc"};
libc_function<ssize_t(char**, size_t*, int, FILE*)> next_getdelim{"getdelim"};

bool may_wait(FILE* stream) noexcept {
  if (!may_park() || stream->_IO_read_ptr < stream->_IO_read_end) return false;
  int fd = ::fileno(stream);
  return fd >= 0 && !is_file(fd);
}

template <class F> auto read_by(FILE* stream, const char* what, F f) {
  if (!may_wait(stream)) return f();
  return offload(what, f);
}

}  // namespace

KETTLE_GREEN_HOOK char* fgets(char* text, int size, FILE* stream) {
  return read_by(stream, "fgets", [&] { return next_fgets(text, size, stream); });
}
KETTLE_GREEN_HOOK char* __fgets_chk(char* text, size_t room, int size, FILE* stream) {
  if (size_t(size) > room) __builtin_trap();
  return fgets(text, size, stream);
}
KETTLE_GREEN_HOOK size_t fread(void* data, size_t size, size_t count, FILE* stream) {
  return read_by(stream, "fread", [&] { return next_fread(data, size, count, stream); });
}
KETTLE_GREEN_HOOK size_t __fread_chk(void* data, size_t room, size_t size, size_t count,
                                     FILE* stream) {
  if (size != 0 && count > room / size) __builtin_trap();
  return fread(data, size, count, stream);
}
KETTLE_GREEN_HOOK int fgetc(FILE* stream) {
  return read_by(stream, "fgetc", [&] { return next_fgetc(stream); });
}
KETTLE_GREEN_HOOK int getc(FILE* stream) {
  return read_by(stream, "getc", [&] { return next_getc(stream); });
}
KETTLE_GREEN_HOOK ssize_t getdelim(char** text, size_t* room, int end, FILE* stream) {
  return read_by(stream, "getdelim", [&] { return next_getdelim(text, room, end, stream); });
}
KETTLE_GREEN_HOOK ssize_t getline(char** text, size_t* room, FILE* stream) {
  return getdelim(text, room, '\n', stream);
}
