#pragma once

namespace pl {

/// Has the C library keep the memory of freed tensors: a training step asks for the same sizes again, and pages that
/// come fresh from the system cost as much as the arithmetic on them. Only glibc needs it. Once per process.
void keep_freed_memory();

}  // namespace pl
