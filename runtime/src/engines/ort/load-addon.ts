import { copyFileSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/**
 * Loads the package's native addon. An addon of its kind can be loaded by several threads as long as one of them
 * keeps it; once all threads that had it have ended (a test runner's workers, say), the next gets the error that it
 * did not register itself. A copy under another name is a new addon.
 */
export function loadAddon<Exports>(path: string): Exports {
  try {
    return (require(path) as { binding: Exports }).binding;
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('did not self-register'))) throw error;
    const folder = join(dirname(require.resolve(path)), '../bin/napi-v3', process.platform, process.arch);
    return loadCopy<Exports>(join(folder, 'onnxruntime_binding.node'));
  }
}

function loadCopy<Exports>(addon: string): Exports {
  const folder = mkdtempSync(join(tmpdir(), 'onnxruntime-'));
  try {
    // The addon looks for ONNX Runtime beside itself.
    for (const file of readdirSync(dirname(addon))) {
      if (file !== basename(addon)) symlinkSync(join(dirname(addon), file), join(folder, file));
    }
    const copy = join(folder, basename(addon));
    copyFileSync(addon, copy);
    const module = { exports: {} as Exports };
    process.dlopen(module, copy);
    return module.exports;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
