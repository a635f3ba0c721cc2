#!/usr/bin/python3
"""Boots a kernel of Debian's in a virtual machine, and runs a command there on the files of this machine.

    boot.py FOLDER VERSION COMMAND

VERSION: 6.1, 6.12, ...: the newest linux-image of that version that apt knows is fetched and unpacked into FOLDER; it
is not installed. The machine sees the whole file system of this one, keeps in memory what is written there, and has no
network but its own loopback. What COMMAND (of bash) writes into $SHARED comes back as FOLDER/shared.

Exit status: that of COMMAND; 2 if there is no such kernel, 3 if the machine did not come that far.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What it needs to see our files; what those need is found.
MODULES = ("virtio_pci", "9pnet_virtio", "9p", "overlay")
BOOT_S = 20  # to its files; one that hangs there is of no use


def run(argv, **options):
    return subprocess.run([str(a) for a in argv], check=True, text=True, **options)


def package_of(version):
    """The newest ordinary kernel of that version: no variant for clouds or real time, not the unsigned one."""
    names = run(["apt-cache", "pkgnames", f"linux-image-{version}."], stdout=subprocess.PIPE).stdout.split()
    ordinary = [n for n in names if re.fullmatch(r"linux-image-[0-9.]+([-+](deb)?[0-9]+)?-amd64", n)]
    return max(ordinary, key=lambda n: [int(part) for part in re.findall(r"\d+", n)], default=None)


def unpacked(folder, package):
    """Where the files of the package lie."""
    image = folder / package
    if not image.is_dir():
        partly = folder / "partly"
        shutil.rmtree(partly, ignore_errors=True)
        partly.mkdir(parents=True)
        run(["apt-get", "download", "-q", package], cwd=partly, stdout=sys.stderr)
        run(["dpkg-deb", "-x", next(partly.glob("*.deb")), partly])
        release = next((partly / "lib" / "modules").iterdir()).name
        run(["busybox", "depmod", "-b", partly, release])
        partly.rename(image)
    return image


def in_order(dependencies):
    """The files of MODULES and of what they need, each after what it needs."""
    needs = {}
    for line in dependencies.read_text(encoding="utf-8").splitlines():
        file, others = line.split(":", 1)
        needs[file] = others.split()
    files = []

    def add(file):
        if file not in files:
            for other in reversed(needs[file]):
                add(other)
            files.append(file)

    for module in MODULES:
        found = [f for f in needs if Path(f).name.split(".ko")[0].replace("-", "_") == module]
        for file in found:  # none: it is built in
            add(file)
    return files


def initial_files(image, folder, command):
    """The archive that the kernel begins with."""
    root = folder / "initial"
    shutil.rmtree(root, ignore_errors=True)
    for place in ("bin", "modules", "dev"):
        (root / place).mkdir(parents=True)
    shutil.copy(shutil.which("busybox"), root / "bin" / "busybox")
    for name in run(["busybox", "--list"], stdout=subprocess.PIPE).stdout.split():
        if name != "busybox":
            (root / "bin" / name).symlink_to("busybox")
    shutil.copy(HERE / "init", root / "init")
    os.chmod(root / "init", 0o755)
    (root / "command").write_text(command + "\n", encoding="utf-8")
    modules = next((image / "lib" / "modules").iterdir())
    order = in_order(modules / "modules.dep")
    for file in order:
        shutil.copy(modules / file, root / "modules")
    (root / "modules" / "order").write_text("".join(Path(f).name + "\n" for f in order), encoding="utf-8")
    names = "".join(f"{p.relative_to(root)}\n" for p in sorted(root.rglob("*")))
    archive = folder / "initial.cpio"
    with archive.open("wb") as out:
        subprocess.run(["busybox", "cpio", "-o", "-H", "newc"], cwd=root, input=names.encode(), stdout=out,
                       stderr=subprocess.DEVNULL, check=True)
    return archive


def runs(machine, accelerator, shared, console):
    """Whether it came to its files with that accelerator; if so, it has run to its end."""
    if accelerator == "kvm" and not os.access("/dev/kvm", os.W_OK):
        return False
    process = subprocess.Popen([str(a) for a in [*machine, "-accel", accelerator]], stdin=subprocess.DEVNULL,
                               stdout=console, stderr=console)
    try:
        for _ in range(BOOT_S):
            try:
                process.wait(1)
                break
            except subprocess.TimeoutExpired:
                if (shared / "begun").exists():
                    process.wait()
                    break
        return (shared / "begun").exists()
    finally:
        process.kill()
        process.wait()


def main(argv):
    if len(argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    folder, version, command = Path(argv[0]).resolve(), argv[1], argv[2]
    package = package_of(version)
    if not package:
        print(f"kernel: apt knows no linux-image of {version}", file=sys.stderr)
        return 2
    image = unpacked(folder, package)
    shared = folder / "shared"
    shutil.rmtree(shared, ignore_errors=True)
    shared.mkdir()
    archive = initial_files(image, folder, "export SHARED=/run/shared\n" + command)
    cores = len(os.sched_getaffinity(0))
    megabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**21
    print(f"kernel: {package}; what it says: {folder}/console", file=sys.stderr)
    machine = ["qemu-system-x86_64", "-cpu", "max,arch-capabilities=off", "-smp", str(cores), "-m", str(megabytes),
               "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
               "-kernel", next((image / "boot").glob("vmlinuz-*")), "-initrd", archive,
               "-append", "console=ttyS0 quiet panic=-1",
               "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
               "-virtfs", f"local,path={shared},mount_tag=shared,security_model=none"]
    with (folder / "console").open("wb") as console:
        if not runs(machine, "kvm", shared, console):
            print("kernel: no virtual machine of the processor's starts here: this one is emulated, which takes ten "
                  "times as long", file=sys.stderr)
            runs(machine, "tcg", shared, console)
    status = shared / "status"
    if not status.exists():
        print(f"kernel: it did not come to its end: {folder}/console", file=sys.stderr)
        return 3
    return int(status.read_text())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
