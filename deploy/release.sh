#!/usr/bin/env bash
# Makes all that belongs to a release, in target/release-VERSION. docs/releasing.md leads through it.
#
#     deploy/release.sh VERSION
#     deploy/release.sh --profile dev VERSION     quickly, to try it: the program is not small
#
# It makes nothing of a tree with changes, of another version than Cargo.toml's, or without a section of
# that version in CHANGELOG.md. It tags nothing, uploads nothing and signs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly about_version=0.9.3 cyclonedx_version=0.5.9
readonly targets=(x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu)
tools=${GITSYNCD_TOOLS:-$PWD/target/tools}
profile=release version=

refuse() {
  printf 'error: %s\n' "$@" >&2
  exit 1
}

usage() { echo 'usage: deploy/release.sh [--profile PROFILE] VERSION'; }

misused() {
  usage >&2
  exit 2
}

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) usage; exit 0 ;;
      --profile) [ $# -gt 1 ] || misused; profile=$2; shift 2 ;;
      -*) misused ;;
      *) [ -z "$version" ] || misused; version=$1; shift ;;
    esac
  done
  [ -n "$version" ] || misused
}

# Prints the section of the changelog that belongs to the version, without its heading.
changes() {
  awk -v version="$version" '
    /^## / { inside = ($2 == version || $2 == "[" version "]"); next }
    inside { print }' CHANGELOG.md | sed -e '/./,$!d'
}

check_state() {
  local stated changed
  stated=$(sed -n '/^version = "\(.*\)"$/ { s//\1/p; q }' Cargo.toml)
  [ "$version" = "$stated" ] ||
    refuse "Cargo.toml says version $stated, not $version: change it there, run 'cargo check' for Cargo.lock, and commit both"
  changed=$(git status --porcelain)
  [ -z "$changed" ] ||
    refuse "there are changes that are not committed: commit them, or put them away with 'git stash --include-untracked'" "$changed"
  [ -n "$(changes)" ] ||
    refuse "CHANGELOG.md has no section of $version: rename '## Unreleased' to '## $version - $(date --utc +%F)', put a new '## Unreleased' before it, and commit it"
}

check_commands() {
  local command
  for command in cargo git gzip objcopy sha256sum tar; do
    command -v "$command" >/dev/null || refuse "$command is needed"
  done
}

# tool NAME VERSION FEATURES: installs a subcommand of cargo, unless that version is there.
tool() {
  if grep -q "^\"$1 $2 " "$tools/.crates.toml" 2>/dev/null; then return; fi
  echo "building $1 $2"
  # Optimised: looking at all licences takes many minutes without.
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_OPT_LEVEL=2 cargo install --quiet --debug --locked --root "$tools" \
    --target-dir "$tools/build" --features "$3" "$1@$2"
  rm -rf "$tools/build"
}

# The compiler of C for the target $1, which links it.
linker() {
  if [ "$1" = "$host" ]; then echo gcc; else echo "${1%%-*}-linux-gnu-gcc"; fi
}

# The packages of Debian that bring it, and a C library.
packages() {
  case $1 in
    "$host") echo gcc libc6-dev ;;
    x86_64-*) echo gcc-x86-64-linux-gnu libc6-dev-amd64-cross ;;
    aarch64-*) echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross ;;
  esac
}

# Whether the target $1 can be built here; says what is missing.
can_build() {
  if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]; then
    echo "LEFT OUT: $1, whose standard library is missing: rustup target add $1" >&2
  elif ! command -v "$(linker "$1")" >/dev/null; then
    echo "LEFT OUT: $1, whose linker $(linker "$1") is missing: apt-get install $(packages "$1")" >&2
  else
    return 0
  fi
  return 1
}

# Builds the program for the target $1.
build() {
  local target=$1 machine=${1%%-*} linker objcopy=objcopy name
  linker=$(linker "$target")
  if [ "$target" != "$host" ]; then objcopy=$machine-linux-gnu-objcopy; fi
  name=$(echo "$target" | tr 'a-z-' 'A-Z_')
  echo "building for $target"
  env "CARGO_TARGET_${name}_LINKER=$linker" "CC_${target//-/_}=$linker" \
    OBJCOPY="$objcopy" PROFILE="$profile" TARGET="$target" deploy/build.sh "$work/$machine"
  cp "$work/$machine/gitsyncd" "$out/gitsyncd-$version-$machine-linux"
  cp "$work/$machine/gitsyncd.debug" "$out/gitsyncd-$version-$machine-linux.debug"
  tell_build "$target" "$linker" "$objcopy" >"$out/gitsyncd-$version-$machine-linux.build-info"
  case $machine in
    x86_64) machine=amd64 ;;
    aarch64) machine=arm64 ;;
  esac
  deploy/image-context.sh "$out/gitsyncd-$version-${target%%-*}-linux" "$out/image/$machine"
}

# Prints what the program for the target $1 was made with, which makes the same bytes again: the linker $2
# and the one $3 that takes names out are named by their versions, and so is the C library.
tell_build() {
  local library
  library=$("$2" -print-file-name=libc.a)
  echo "commit: $(git rev-parse HEAD)"
  echo "command: PROFILE=$profile TARGET=$1 deploy/build.sh DIRECTORY"
  echo 'flags: -Ctarget-feature=+crt-static, and paths renamed to /build, /build/target, /cargo and /crates'
  rustc -vV | sed 's/^/rust: /'
  echo "cargo: $(cargo -V)"
  echo "compiler of C, linker: $("$2" --version | sed -n 1p)"
  echo "ld: $("$2" -Wl,--version 2>/dev/null | sed -n 1p)"
  echo "objcopy: $("$3" --version | sed -n 1p)"
  echo "C library: $(grep -a -o 'GNU C Library ([^)]*) [a-z]* release version [0-9.]*[0-9]' "$library")"
}

# Others build with the compiler that the Dockerfile names.
compare_compilers() {
  local wanted have
  wanted=$(sed -n 's/^ARG BUILD_IMAGE=.*rust:\([0-9.]*\).*/\1/p' Dockerfile)
  have=$(rustc -V | cut -d ' ' -f 2)
  case $have. in
    "$wanted".*) ;;
    *) echo "WARNING: this is Rust $have, and the Dockerfile's is $wanted: who builds with that gets other bytes" >&2 ;;
  esac
}

# The manual, which a test holds against the program, and the completions, which the program prints.
tell() {
  local program=$out/gitsyncd-$version-${host%%-*}-linux shell
  [ "$("$program" --version)" = "gitsyncd $version" ] || refuse "$program does not call itself $version"
  cp docs/gitsyncd.1 "$out"
  for shell in bash zsh fish; do
    "$program" completions "$shell" >"$out/gitsyncd.$shell"
  done
}

# Lists all crates in the program $1, as CycloneDX. The tool writes it beside Cargo.toml, and tells of the
# directory that this is in.
list_crates() {
  local machine=${1##*/}
  machine=${machine#"gitsyncd-$version-"}
  if [ ! -d "$work/source" ]; then
    mkdir "$work/source"
    git archive HEAD | tar -x -C "$work/source"
  fi
  "$tools/bin/cargo-cyclonedx" cyclonedx --quiet --manifest-path "$work/source/Cargo.toml" --format json \
    --spec-version 1.5 --target "${machine%-linux}-unknown-linux-gnu" --no-build-deps --override-filename bom
  sed "s|$work/source|/build|g" "$work/source/bom.json" >"$1.cdx.json"
}

# The licences of all that is in the program, with their texts.
list_licences() {
  "$tools/bin/cargo-about" about generate --locked --fail --config .config/about.toml \
    --output-file "$out/THIRD-PARTY-LICENSES" .config/about.hbs
  cp LICENSE-APACHE LICENSE-MIT "$out"
}

# pack DIRECTORY: makes an archive of it that says nothing of who made it, and when.
pack() {
  tar -C "$(dirname "$1")" --sort=name --format=ustar --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 \
    --numeric-owner --mode=u=rwX,go=rX -cf - "$(basename "$1")" | gzip -9n >"$out/$(basename "$1").tar.gz"
}

pack_all() {
  local program name
  for program in "$out"/gitsyncd-"$version"-*-linux; do
    name=$work/pack/$(basename "$program")
    mkdir -p "$name/completions"
    cp "$program" "$name/gitsyncd"
    cp "$out"/gitsyncd.{bash,zsh,fish} "$name/completions"
    cp "$out"/{CHANGES.md,LICENSE-APACHE,LICENSE-MIT,THIRD-PARTY-LICENSES,gitsyncd.1} "$name"
    # With all that the documents lead to.
    git archive HEAD README.md CHANGELOG.md deploy docs | tar -x -C "$name"
    pack "$name"
  done
}

read_arguments "$@"
check_commands
check_state
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
host=$(rustc -vV | sed -n 's/^host: //p')
out=$PWD/target/release-$version
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compare_compilers
rm -rf "$out"
mkdir -p "$out"

built=0
for target in "${targets[@]}"; do
  # Not `if build`: the shell would go on after what fails in it.
  if can_build "$target"; then
    build "$target"
    built=$((built + 1))
  fi
done
[ -e "$out/gitsyncd-$version-${host%%-*}-linux" ] || refuse "nothing was built for this machine, $host"
tell
tool cargo-about "$about_version" cli
tool cargo-cyclonedx "$cyclonedx_version" ''
changes >"$out/CHANGES.md"
for program in "$out/gitsyncd-$version"-*-linux; do list_crates "$program"; done
list_licences
pack_all
(cd "$out" && find . -maxdepth 1 -type f -printf '%P\n' | LC_ALL=C sort | xargs sha256sum >"$work/sums")
mv "$work/sums" "$out/SHA256SUMS"
cat "$out/SHA256SUMS"
echo "$built of ${#targets[@]} targets are in $out; docs/releasing.md says how to go on"
