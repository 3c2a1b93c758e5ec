#pragma once

namespace pl {

/// Counts SIGINT and SIGTERM while it lives, beside whoever handles them, which Node does only when JavaScript pauses.
/// A signal that nobody handles ends the process as ever.
class InterruptCount {
 public:
  InterruptCount();
  ~InterruptCount();
  InterruptCount(const InterruptCount&) = delete;
  InterruptCount& operator=(const InterruptCount&) = delete;

  /// Since the process began. @returns also the number of the last one, in `signal`
  static int total(int& signal);
};

}  // namespace pl
