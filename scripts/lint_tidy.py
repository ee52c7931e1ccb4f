#!/usr/bin/env python3
"""scripts/lint_tidy.py BUILD_DIRECTORY [FILE...]: runs clang-tidy over common/ and its headers.

The services and the tests are left out: a clean run over them takes longer than building them. Name
files to check those.

A file is looked at again only when something that the verdict depends on has changed: the file, a
header of ours or generated that it includes (Ninja knows them from the build), .clang-tidy, or the
version of clang-tidy. Clean verdicts are kept by hash outside the build directory, so that a new
clone profits too. With FILE, only these are looked at.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SOURCES = ("common/",)
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"),
                     "terrace", "clang-tidy")
CACHE_DAYS_MAX = 30
# clang cannot read GCC's precompiled headers; without them it also sees missing includes.
PCH_FLAGS = re.compile(r"-fpch-preprocess|-Werror=invalid-pch|-Winvalid-pch|"
                       r"-include \S*/cmake_pch\.hxx")


def compile_commands(build):
    """All sources of the build: path from the root -> entry of the compilation database."""
    entries = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = os.path.relpath(entry["file"], ROOT)
        if " -o " in entry["command"]:
            entry["command"] = PCH_FLAGS.sub("", entry["command"])
            entry["output"] = re.search(r" -o (\S+)", entry["command"]).group(1)
            entries[path] = entry
    return entries


def included_files(build):
    """Object -> the files below the root that it was made from, as Ninja recorded them."""
    deps, current = {}, None
    log = subprocess.run(["ninja", "-C", str(build), "-t", "deps"], check=True,
                         capture_output=True, text=True).stdout
    for line in log.splitlines():
        if line.startswith("    "):
            file = pathlib.Path(os.path.normpath(build / line.strip()))
            if file.is_relative_to(ROOT) and "cmake_pch" not in file.name:
                current.append(file)
        elif ": #deps" in line:
            current = deps.setdefault(line.split(": #deps")[0], [])
    return deps


class Hasher:
    """Hashes files once; a file below the build directory counts by its place in it."""

    def __init__(self, build):
        self.build = build
        self.known = {}

    def place(self, file):
        return str(file.relative_to(self.build if file.is_relative_to(self.build) else ROOT))

    def digest(self, file):
        if file not in self.known:
            self.known[file] = hashlib.sha256(file.read_bytes()).hexdigest()
        return self.known[file]

    def verdict_key(self, common, files):
        key = hashlib.sha256(common)
        for file in sorted(files, key=self.place):
            key.update(f"{self.place(file)} {self.digest(file)}\n".encode())
        return key.hexdigest()


def check(database, path):
    return path, subprocess.run(["clang-tidy", "--quiet", "-p", str(database), str(ROOT / path)],
                                capture_output=True, text=True)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    entries = compile_commands(build)
    wanted = [os.path.relpath(file, ROOT) for file in sys.argv[2:]] or sorted(
        path for path in entries if path.startswith(SOURCES) and not path.endswith("_test.cc"))
    deps = included_files(build)
    hasher = Hasher(build)
    version = subprocess.run(["clang-tidy", "--version"], check=True, capture_output=True).stdout
    common = version + (ROOT / ".clang-tidy").read_bytes()

    CACHE.mkdir(parents=True, exist_ok=True)
    todo = {}
    for path in wanted:
        if path not in entries:
            sys.exit(f"clang-tidy: {path} is not part of the build in {build}")
        if entries[path]["output"] not in deps:
            sys.exit(f"clang-tidy: {path} has not been compiled in {build}; build it first")
        files = set(deps[entries[path]["output"]]) | {ROOT / path}
        stamp = CACHE / hasher.verdict_key(common, files)
        if stamp.exists():
            stamp.touch()  # Used: not swept below.
        else:
            todo[path] = stamp
    print(f"clang-tidy: {len(wanted) - len(todo)} files unchanged since their last clean check, "
          f"{len(todo)} to check", flush=True)

    database = build / "tidy"
    database.mkdir(exist_ok=True)
    (database / "compile_commands.json").write_text(json.dumps(list(entries.values())))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, result in pool.map(lambda path: check(database, path), todo):
            if result.returncode == 0:
                todo[path].touch()
            else:
                failed += 1
                print(f"clang-tidy: {path}\n{result.stdout}{result.stderr}", flush=True)

    for stamp in CACHE.iterdir():
        if stamp.stat().st_mtime < time.time() - CACHE_DAYS_MAX * 86400:
            stamp.unlink(missing_ok=True)
    if failed:
        sys.exit(f"clang-tidy: {failed} of {len(wanted)} files have findings")


if __name__ == "__main__":
    main()
