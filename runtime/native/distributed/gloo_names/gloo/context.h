#pragma once

// libtorch's archives and Python packages have gloo inside, but not the headers that c10d's include. These declare the
// names that c10d's headers use; nothing here is ever defined, made or called. Gloo's own come first where they are.

#include <chrono>

namespace gloo {

class Context {
 public:
  virtual ~Context();
  void setTimeout(std::chrono::milliseconds timeout);
};

}  // namespace gloo
