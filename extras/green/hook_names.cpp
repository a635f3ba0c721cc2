// Names: libc asks servers and files by sockets and locks of its own, so a real thread waits there.
// The functions with a static result keep it where libc has it.

#include "green/offload.hpp"

#include <grp.h>
#include <netdb.h>
#include <pwd.h>

namespace {

using namespace kettle::green;

libc_function<int(const char*, const char*, const addrinfo*, addrinfo**)> next_getaddrinfo{
    "getaddrinfo"};
libc_function<int(const sockaddr*, socklen_t, char*, socklen_t, char*, socklen_t, int)>
    next_getnameinfo{"getnameinfo"};
libc_function<hostent*(const char*)> next_gethostbyname{"gethostbyname"};
libc_function<hostent*(const char*, int)> next_gethostbyname2{"gethostbyname2"};
libc_function<hostent*(const void*, socklen_t, int)> next_gethostbyaddr{"gethostbyaddr"};
libc_function<int(const char*, hostent*, char*, size_t, hostent**, int*)> next_gethostbyname_r{
    "gethostbyname_r"};
libc_function<int(const char*, int, hostent*, char*, size_t, hostent**, int*)>
    next_gethostbyname2_r{"gethostbyname2_r"};
libc_function<int(const void*, socklen_t, int, hostent*, char*, size_t, hostent**, int*)>
    next_gethostbyaddr_r{"gethostbyaddr_r"};
libc_function<passwd*(const char*)> next_getpwnam{"getpwnam"};
libc_function<passwd*(uid_t)> next_getpwuid{"getpwuid"};
libc_function<int(const char*, passwd*, char*, size_t, passwd**)> next_getpwnam_r{"getpwnam_r"};
libc_function<int(uid_t, passwd*, char*, size_t, passwd**)> next_getpwuid_r{"getpwuid_r"};
libc_function<group*(const char*)> next_getgrnam{"getgrnam"};
libc_function<group*(gid_t)> next_getgrgid{"getgrgid"};
libc_function<int(const char*, group*, char*, size_t, group**)> next_getgrnam_r{"getgrnam_r"};
libc_function<int(gid_t, group*, char*, size_t, group**)> next_getgrgid_r{"getgrgid_r"};
libc_function<int(const char*, int, int, unsigned char*, int)> next_res_query{"res_query"};
libc_function<int(const char*, int, int, unsigned char*, int)> next_res_search{"res_search"};

}  // namespace

KETTLE_GREEN_HOOK int getaddrinfo(const char* host, const char* service, const addrinfo* hints,
                                  addrinfo** found) {
  if (!may_park() || !host) return next_getaddrinfo(host, service, hints, found);
  // A number needs nobody.
  addrinfo number = hints ? *hints : addrinfo{};
  if (!hints) number.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG;  // what no hints mean
  number.ai_flags |= AI_NUMERICHOST;
  int failed = next_getaddrinfo(host, service, &number, found);
  if (failed != EAI_NONAME || (hints && (hints->ai_flags & AI_NUMERICHOST))) return failed;
  return elsewhere(next_getaddrinfo, host, service, hints, found);
}
KETTLE_GREEN_HOOK int getnameinfo(const sockaddr* address, socklen_t size, char* host,
                                  socklen_t host_size, char* service, socklen_t service_size,
                                  int flags) {
  return elsewhere(next_getnameinfo, address, size, host, host_size, service, service_size, flags);
}
KETTLE_GREEN_HOOK hostent* gethostbyname(const char* name) {
  return elsewhere(next_gethostbyname, name);
}
KETTLE_GREEN_HOOK hostent* gethostbyname2(const char* name, int family) {
  return elsewhere(next_gethostbyname2, name, family);
}
KETTLE_GREEN_HOOK hostent* gethostbyaddr(const void* address, socklen_t size, int family) {
  return elsewhere(next_gethostbyaddr, address, size, family);
}
KETTLE_GREEN_HOOK int gethostbyname_r(const char* name, hostent* entry, char* data, size_t size,
                                      hostent** found, int* error) {
  return elsewhere(next_gethostbyname_r, name, entry, data, size, found, error);
}
KETTLE_GREEN_HOOK int gethostbyname2_r(const char* name, int family, hostent* entry, char* data,
                                       size_t size, hostent** found, int* error) {
  return elsewhere(next_gethostbyname2_r, name, family, entry, data, size, found, error);
}
KETTLE_GREEN_HOOK int gethostbyaddr_r(const void* address, socklen_t length, int family,
                                      hostent* entry, char* data, size_t size, hostent** found,
                                      int* error) {
  return elsewhere(next_gethostbyaddr_r, address, length, family, entry, data, size, found, error);
}
KETTLE_GREEN_HOOK passwd* getpwnam(const char* name) { return elsewhere(next_getpwnam, name); }
KETTLE_GREEN_HOOK passwd* getpwuid(uid_t id) { return elsewhere(next_getpwuid, id); }
KETTLE_GREEN_HOOK int getpwnam_r(const char* name, passwd* entry, char* data, size_t size,
                                 passwd** found) {
  return elsewhere(next_getpwnam_r, name, entry, data, size, found);
}
KETTLE_GREEN_HOOK int getpwuid_r(uid_t id, passwd* entry, char* data, size_t size, passwd** found) {
  return elsewhere(next_getpwuid_r, id, entry, data, size, found);
}
KETTLE_GREEN_HOOK group* getgrnam(const char* name) { return elsewhere(next_getgrnam, name); }
KETTLE_GREEN_HOOK group* getgrgid(gid_t id) { return elsewhere(next_getgrgid, id); }
KETTLE_GREEN_HOOK int getgrnam_r(const char* name, group* entry, char* data, size_t size,
                                 group** found) {
  return elsewhere(next_getgrnam_r, name, entry, data, size, found);
}
KETTLE_GREEN_HOOK int getgrgid_r(gid_t id, group* entry, char* data, size_t size, group** found) {
  return elsewhere(next_getgrgid_r, id, entry, data, size, found);
}
KETTLE_GREEN_HOOK int res_query(const char* name, int kind, int type, unsigned char* answer,
                                int size) noexcept {
  return elsewhere(next_res_query, name, kind, type, answer, size);
}
KETTLE_GREEN_HOOK int res_search(const char* name, int kind, int type, unsigned char* answer,
                                 int size) noexcept {
  return elsewhere(next_res_search, name, kind, type, answer, size);
}
