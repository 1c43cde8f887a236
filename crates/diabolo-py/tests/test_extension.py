"""What the extension needs of a machine: the libraries and versions that the tag of its wheel promises."""

import platform
import struct

import pytest

from diabolo import _diabolo

# Every machine for which manylinux wheels are made has them.
LIBRARIES = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0", "libdl.so.2", "librt.so.1"}
# A wheel built on Debian 12 is manylinux_2_34: Debian 12, Ubuntu 22.04, RHEL 9 and later.
GLIBC = (2, 34)
DYNAMIC, VERSIONS_NEEDED = 6, 0x6FFFFFFE
NEEDED, RPATH, RUNPATH = 1, 15, 29


class Elf:
    """The sections of an ELF file of 64 bits that say what it needs."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        assert self.bytes[:6] == b"\x7fELF\x02\x01", "no little-endian ELF file of 64 bits"
        (begin,), (size, count) = self.unpack("Q", 0x28), self.unpack("HH", 0x3A)
        # Of each: type, begin, size, and the section of its texts.
        self.sections = [self.unpack("4xI16xQQI", begin + size * at) for at in range(count)]

    def unpack(self, form, at):
        return struct.unpack_from("<" + form, self.bytes, at)

    def section(self, kind):
        """Begin and size of a section, and the text at a place of its texts."""
        (_, begin, size, link), = [section for section in self.sections if section[0] == kind]  # fmt: skip
        texts = self.sections[link][1]
        return begin, size, lambda at: self.bytes[texts + at : self.bytes.index(b"\0", texts + at)].decode()

    def dynamic(self, *tags):
        begin, size, text = self.section(DYNAMIC)
        entries = [self.unpack("QQ", begin + at) for at in range(0, size, 16)]
        return {text(value) for tag, value in entries if tag in tags}

    def versions(self):
        """The versions that are needed, of all libraries, such as GLIBC_2.34."""
        at, _, text = self.section(VERSIONS_NEEDED)
        found = set()
        while at is not None:
            count, first, following = self.unpack("2xH4xII", at)
            entry = at + first
            for _ in range(count):
                name, step = self.unpack("8xII", entry)
                found.add(text(name))
                entry += step
            at = at + following if following else None
        return found


@pytest.fixture(scope="module")
def elf():
    if platform.libc_ver()[0] != "glibc":
        pytest.skip("manylinux is for Linux with glibc")
    return Elf(_diabolo.__file__)


def test_it_needs_no_library_that_a_machine_may_lack(elf):
    needed = {name for name in elf.dynamic(NEEDED) if not name.startswith("ld-linux-")}
    assert "libc.so.6" in needed and needed <= LIBRARIES
    assert not elf.dynamic(RPATH, RUNPATH)


def test_its_versions_are_those_of_manylinux(elf):
    built = tuple(map(int, platform.libc_ver()[1].split(".")))
    versions = [tuple(map(int, name[6:].split("."))) for name in elf.versions() if name.startswith("GLIBC_2.")]
    assert (2, 2, 5) in versions and max(versions) <= built
    if built > (2, 36):
        pytest.skip(f"built beside glibc {built[0]}.{built[1]}, whose versions it may need")
    assert max(versions) <= GLIBC, "wheels would run on fewer machines"
