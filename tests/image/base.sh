#!/bin/sh
# Makes a base for the build stage of the Dockerfile out of what this machine has: a minimal Debian
# with a C compiler, the Rust toolchain that is installed here and the crates of Cargo.lock. With it
# the image is built where no image can be pulled, and the build itself needs no network.
#
# It prints the name of the base. A tag is made of all that goes into it, so a base that exists is
# the right one. Packages and crates come from where apt and cargo of this machine get them.
set -eu

cd "$(dirname "$0")/../.."
docker=${DOCKER:-docker}
suite=bookworm
work=$PWD/target/image

# Prints twelve letters that stand for what is read.
digest() {
    sha256sum | cut -c 1-12
}

# Makes the image $1: Debian, a C compiler and the toolchain.
make_toolchain() {
    root=$(mktemp -d)
    trap 'rm -rf "$root"' EXIT
    mirror=$(apt-get indextargets --format "\$(SITE)" \
        "Created-By: Packages" "Codename: $suite" "Label: Debian" | head -n 1)
    debootstrap --variant=minbase --include=ca-certificates,gcc,libc6-dev \
        "$suite" "$root" "$mirror" >"$work/debootstrap.log" 2>&1 ||
        { tail -n 20 "$work/debootstrap.log" >&2; return 1; }
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/*
    sysroot=$(rustc --print sysroot)
    mkdir -p "$root/usr/local/bin"
    cp "$sysroot/bin/cargo" "$sysroot/bin/rustc" "$root/usr/local/bin/"
    cp -R "$sysroot/lib/." "$root/usr/local/lib/"
    chown -R 0:0 "$root/usr/local"
    tar -C "$root" --numeric-owner -cf - . | "$docker" import \
        --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
        --change 'ENV CARGO_HOME=/usr/local/cargo' - "$1" >&2
}

# Makes the image $2 of the image $1: cargo takes the crates from a directory.
add_crates() {
    crates=$work/crates
    rm -rf "$crates"
    mkdir -p "$crates"
    cargo vendor --locked --quiet --versioned-dirs "$crates/vendor" >/dev/null
    cat >"$crates/config.toml" <<'CONFIG'
[source.crates-io]
replace-with = "vendored"

[source.vendored]
directory = "/usr/local/cargo/vendor"
CONFIG
    printf 'FROM %s\nCOPY . /usr/local/cargo/\n' "$1" >"$work/crates.Dockerfile"
    DOCKER_BUILDKIT=0 "$docker" build --quiet --tag "$2" --file "$work/crates.Dockerfile" \
        "$crates" >&2
}

mkdir -p "$work"
toolchain=gitsyncd-test/rust:$({ rustc -vV; cat tests/image/base.sh; } | digest)
base=gitsyncd-test/rust-and-crates:$({ echo "$toolchain"; cat Cargo.lock; } | digest)
exists() {
    "$docker" image inspect "$1" >/dev/null 2>&1
}
exists "$toolchain" || make_toolchain "$toolchain"
exists "$base" || add_crates "$toolchain" "$base"
echo "$base"
