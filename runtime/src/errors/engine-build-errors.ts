/** PL602x: building the torch engine. */
export const engineBuildErrors = {
  PL6020:
    'No libtorch was found that the torch engine could be compiled against. On Debian and Ubuntu it is a package, ' +
    'libtorch-dev; anywhere it is part of the Python package torch, or an archive from the PyTorch project that only ' +
    'needs unpacking. `pl engine build` looks for it in PL_LIBTORCH (a folder; when it is set, nowhere else), in the ' +
    'torch of the active Python environment and of python3, in /usr, ./libtorch, ~/libtorch, /opt/libtorch and ' +
    '/usr/local. Version 1.13 or later, with its C++ headers.',
  PL6021:
    'The torch engine is C++, and no C++ compiler was found that can compile it: neither $CXX, nor c++, g++ or ' +
    'clang++ on the PATH. It has to know C++17, for libtorch 2.14 and later C++20. Only the compiler is needed, no ' +
    'build system, and only for `pl engine build`.',
  PL6022:
    "The C++ compiler or the linker refused the torch engine's sources. The message shows the first error; the log " +
    'that it names holds every command and all that the compiler said. Most often the headers of libtorch are of a ' +
    'version that this one of the engine does not know, the compiler is too old for them, or the memory was full.',
  PL6023:
    'The folder for builds of the torch engine cannot be written: no permission, a full disk, a read-only file ' +
    'system. It lies below XDG_CACHE_HOME where that is set, else in ~/.cache (on macOS in ~/Library/Caches). A build ' +
    'takes a few megabytes, and while it runs up to 300 more.',
  PL6024:
    'The torch engine was compiled, but does not compute: a new process could not load it, or its first matrix ' +
    'product failed. It was not installed. Usual causes: libraries that libtorch needs are missing or of another ' +
    'version than its headers (an update in between, two libtorch on one machine), or a driver that does not fit.',
  PL6025:
    'The torch engine can be compiled on Linux and macOS. On Windows use the engines `ort` or `tensorflow`, or run in ' +
    'the Windows Subsystem for Linux.',
} as const;
