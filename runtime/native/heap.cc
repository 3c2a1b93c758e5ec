#include "heap.h"

#ifdef __GLIBC__
#include <malloc.h>

#include <mutex>
#endif

namespace pl {

#ifdef __GLIBC__
void keep_freed_memory() {
  static std::once_flag once;
  std::call_once(once, [] {
    // The most that glibc takes.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
  });
}
#else
void keep_freed_memory() {}
#endif

}  // namespace pl
