#include "abrupt_exit.h"

#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>

namespace pl {

namespace {

std::atomic<int> alive{0};

void leave(int status, void*) {
  if (alive == 0) return;
  std::fflush(nullptr);
  _exit(status);
}

}  // namespace

AbruptExit::AbruptExit() {
  ++alive;
#ifdef __GLIBC__
  // Each time: what was registered last runs first, so that what was initialized before this is still there. Other
  // C libraries do not tell the status.
  on_exit(leave, nullptr);
#else
  (void)leave;
#endif
}

AbruptExit::~AbruptExit() { --alive; }

}  // namespace pl
