#pragma once

#include <ATen/ATen.h>
#include <napi.h>

#include "../tensor_table.h"

namespace pl {

/// Adds `distributed` to the addon's exports: the classes Store, Monitor and ProcessGroup, and the names of the backends.
/// Adds nothing where the addon was built without c10d.
///
/// @param table, device of the engine, for as long as the environment lives
void define_distributed(Napi::Env env, Napi::Object exports, TensorTable* table, const at::Device* device);

}  // namespace pl
