#pragma once

// What differs between the versions of c10d, from libtorch 1.13 on. Compiled where the build found c10d with gloo.
#ifdef USE_C10D_GLOO

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <torch/version.h>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

namespace pl {

/// What ProcessGroupGloo and ProcessGroupNCCL have in common: their collectives.
#if TORCH_VERSION_MAJOR >= 2
using Backend = c10d::Backend;
#else
using Backend = c10d::ProcessGroup;
#endif

/// Has the store serve its clients from plain sockets. Newer versions would take libuv, and the one that they find in this
/// process is Node's, of another version.
template <typename Options>
auto serve_without_libuv(Options& options, int) -> decltype(options.useLibUV, void()) {
  options.useLibUV = false;
}
template <typename Options>
void serve_without_libuv(Options&, long) {}

/// Ends communicators whose peers do not answer. Gloo's end with the process.
template <typename Group>
auto abort_group(Group& group, int) -> decltype(group.abort(), void()) {
  group.abort();
}
template <typename Group>
void abort_group(Group&, long) {}

}  // namespace pl

#endif  // USE_C10D_GLOO
