"""What apt and ldd print is taken from Debian 12, Debian 13 and Ubuntu 24.04, shortened."""

from __future__ import annotations

from pathlib import Path

from rushlab.world.stack.debian import PACKAGES, System, folder_name, library_path, missing_in, needed_packages

BOOKWORM = """\
NOTE: This is only a simulation!
Inst libjs-rickshaw (1.5.1.dfsg-5 Debian:12.15/oldstable [all])
Inst prometheus (2.42.0+ds-5+deb12u1 Debian:12.15/oldstable [amd64])
Inst libjemalloc2 (5.3.0-1 Debian:12.15/oldstable [amd64])
Inst redis-tools (5:7.0.15-1~deb12u10 Debian-Security:12/oldstable-security [amd64])
Inst mysql-common (5.8+1.1.0 Debian:12.15/oldstable [all])
Conf libjemalloc2 (5.3.0-1 Debian:12.15/oldstable [amd64])
"""
TRIXIE = """\
Inst libc6 [2.41-11] (2.41-12 Debian:13.1/stable [amd64]) []
Inst libaio1t64 (0.3.113-8+b1 Debian:13.1/stable [amd64])
Inst libssl3t64 [3.5.0-1] (3.5.1-1 Debian:13.1/stable, Debian-Security:13/stable-security [amd64])
Inst mariadb-server-core (1:11.8.3-0+deb13u1 Debian:13.1/stable [amd64]) [mariadb-common:amd64 ]
"""
LDD = """\
\tlinux-vdso.so.1 (0x00007ffd5b5f2000)
\tliburing.so.2 => not found
\tlibaio.so.1 => /usr/lib/x86_64-linux-gnu/libaio.so.1 (0x00007f6764615000)
\tlibaio.so.2 => not found
/usr/sbin/mariadbd: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by /usr/sbin/mariadbd)
"""


def test_the_plan_of_bookworm_gives_programs_and_libraries_but_no_web_scripts() -> None:
    needed = [(one.name, one.version) for one in needed_packages(BOOKWORM)]
    assert needed == [
        ("prometheus", "2.42.0+ds-5+deb12u1"),
        ("libjemalloc2", "5.3.0-1"),
        ("redis-tools", "5:7.0.15-1~deb12u10"),
    ]


def test_the_plan_of_trixie_gives_upgrades_too_but_never_the_c_library() -> None:
    assert [one.name for one in needed_packages(TRIXIE)] == ["libaio1t64", "libssl3t64", "mariadb-server-core"]
    assert needed_packages(TRIXIE)[1].version == "3.5.1-1"


def test_a_plan_of_nothing_needs_nothing() -> None:
    assert needed_packages("0 upgraded, 0 newly installed, 0 to remove and 3 not upgraded.\n") == []


def test_ldd_tells_missing_libraries_and_missing_versions() -> None:
    assert missing_in(LDD) == ["GLIBC_2.38", "libaio.so.2", "liburing.so.2"]


def test_a_program_without_dynamic_libraries_misses_none() -> None:
    assert missing_in("\tnot a dynamic executable\n") == []
    assert missing_in("\tstatically linked\n") == []


def test_distribution_architecture_and_packages_make_the_folder() -> None:
    here = System(distribution="debian", codename="bookworm", architecture="x86_64")
    there = System(distribution="ubuntu", codename="noble", architecture="x86_64")
    assert folder_name(here).startswith("debian-bookworm-x86_64-")
    assert folder_name(here) != folder_name(there)


def test_no_library_package_is_named() -> None:
    assert not [name for name in PACKAGES if name.startswith("lib")]


def test_the_library_path_holds_the_folders_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    (tmp_path / "usr/share").mkdir(parents=True)
    expected = f"{tmp_path}/usr/lib/x86_64-linux-gnu:{tmp_path}/usr/lib"
    assert library_path(tmp_path) == {"LD_LIBRARY_PATH": expected}
