#pragma once

namespace pl {

/// While one lives, threads may run that use libtorch. Static objects, of libtorch and of gloo, must not be destroyed
/// under them: a process that ends meanwhile does so without that, with the status that it has.
class AbruptExit {
 public:
  AbruptExit();
  ~AbruptExit();
  AbruptExit(const AbruptExit&) = delete;
  AbruptExit& operator=(const AbruptExit&) = delete;
};

}  // namespace pl
