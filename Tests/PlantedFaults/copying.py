"""A copy of the repository that has all faults in it at once, of which an environment variable chooses one."""
import json
import pathlib
import re
import shutil
import subprocess
import sys

import sites

# The tests that are held against faults, and what they need; the rest of the package is left out.
TESTED = ("engine-check", "KernelsTests", "GraphsTests", "EngineTests")
FAULTY = ("KernelsAVX512", "KernelsAVX2", "KernelsBaseline", "Compiler", "Engine", "Graphs")
# Optimised, as launch/test builds them.
BUILD = ["swift", "build", "--configuration", "release", "-Xswiftc", "-enable-testing"]
BINARIES = ".build/release"
HEADER = """// The fault that this process has; 0 for none. A constant to whoever reads it, so that loops do not read it again.
extern const int plantedFault;
"""
SOURCE = """#include <stdlib.h>

int plantedFault = 0;

__attribute__((constructor)) static void choose(void) {
    const char *number = getenv("PLANTED_FAULT");
    if (number) plantedFault = atoi(number);
}
"""


def run(command, folder, **keywords):
    return subprocess.run(command, cwd=folder, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **keywords)


def copy_files(source, folder, below="."):
    """The repository's files with what has been changed in them, without what git ignores."""
    names = run(["git", "ls-files", "-co", "--exclude-standard", "-z", below], source, check=True).stdout.split("\0")
    for name in filter(None, names):
        place = folder / name
        if not (source / name).is_symlink() and not (source / name).exists():
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_symlink() or not place.exists() or (source / name).is_symlink() or place.read_bytes() != (source / name).read_bytes():
            place.unlink(missing_ok=True)
            shutil.copy2(source / name, place, follow_symlinks=False)


def needed_targets(source):
    """The names of the targets that the tests depend on."""
    package = json.loads(run(["swift", "package", "dump-package"], source, check=True).stdout)
    dependencies = {}
    for target in package["targets"]:
        named = [dependency.get("byName") or dependency.get("target") for dependency in target["dependencies"]]
        dependencies[target["name"]] = [name[0] for name in named if name]
    needed, waiting = set(), list(TESTED)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += dependencies[name]
    return sorted(needed)


def plant(source, folder, faults):
    """Makes the copy."""
    copy_files(source, folder)
    sites.rewrite(folder, faults)
    include = folder / "Sources/CPlantedFault/include"
    include.mkdir(parents=True, exist_ok=True)
    (include / "planted_fault.h").write_text(HEADER)
    (include.parent / "planted_fault.c").write_text(SOURCE)
    with open(folder / "Package.swift", "a") as manifest:
        manifest.write(f"""
let needed: Set = {json.dumps(needed_targets(source))}
package.targets.removeAll {{ !needed.contains($0.name) }}
package.products = []
package.dependencies = []
package.targets.append(.target(name: "CPlantedFault"))
for target in package.targets where {json.dumps(FAULTY)}.contains(target.name) {{
    target.dependencies.append("CPlantedFault")
}}
""")


def blamed(faults, errors):
    """The faults that errors at (file, line) speak of: those that stand there, or else those nearest to them."""
    lines = {}
    for fault in faults:
        lines.setdefault(pathlib.Path(fault.file).name, {})[fault.line] = fault
    exact = [lines[file][line] for file, line in errors if line in lines.get(file, {})]
    if exact:
        return exact
    # At the end of a function errors speak of what has been left out of it.
    near = {file: min(lines[file], key=lambda at, line=line: abs(at - line)) for file, line in errors if file in lines}
    return [lines[file][line] for file, line in near.items()]


def build(source, folder, faults):
    """Builds the copy, without the faults that the compiler refuses.

    Returns those that are left.
    """
    refused = []
    # What is compiled soonest first: a refusal costs little there.
    for arguments in (["--target", "Graphs"], ["--target", "KernelsBaseline"], ["--target", "Compiler"],
                      ["--target", "Engine"], ["--build-tests"]):
        while True:
            done = run([*BUILD, *arguments], folder, stderr=subprocess.STDOUT)
            if done.returncode == 0:
                break
            found = {(pathlib.Path(match[1]).name, int(match[2]))
                     for match in re.finditer(r"^(\S+\.swift):(\d+):\d+: error:", done.stdout, re.MULTILINE)}
            wrong = blamed(faults, found)
            if not wrong:
                sys.exit(f"the copy does not build:\n{done.stdout[-4000:]}")
            for fault in wrong:
                print(f"refused by the compiler: {fault.place}: {fault.mutated}", flush=True)
            refused += wrong
            faults = [fault for fault in faults if fault not in wrong]
            copy_files(source, folder, "Sources")
            sites.rewrite(folder, faults)
    return faults
