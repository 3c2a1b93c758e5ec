#!/usr/bin/env node
import module from 'node:module';

// From Node 22 on: keeps the compiled form of the TypeScript compiler, which is most of a command's start.
module.enableCompileCache?.();
await import('../dist/cli.js');
