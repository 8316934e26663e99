# shellcheck shell=bash disable=SC2154 # tests/long/release.sh sets what both need
# What is promised of a release, one check each; read by tests/long/release.sh.

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

check_sums() {
  (cd "$result" && sha256sum --check --strict --quiet SHA256SUMS) || fail 'the sums are wrong'
  diff <(cut -d ' ' -f 3 "$result/SHA256SUMS") \
    <(cd "$result" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort) ||
    fail 'the sums are not of all files'
  echo 'Sums: right, and of all files'
}

# The program is static, has no names, and those beside are its own.
check_programs() {
  local program=$result/gitsyncd-$version-$machine-linux size processor
  # grep counts, and so reads all: one that ends at the first line it finds breaks the pipe, which is an
  # end as if there were none.
  [ "$(readelf --program-headers --wide "$program" | grep -c INTERP)" = 0 ] || fail 'the program is not static'
  [ "$(readelf --symbols --wide "$program" | grep -c ' FUNC .*gitsyncd')" = 0 ] || fail 'the program has names'
  [ "$(readelf --symbols --wide "$program.debug" | grep -c gitsyncd)" -gt 1000 ] ||
    fail 'the names beside the program are not there'
  [ "$(build_id "$program")" = "$(build_id "$program.debug")" ] || fail 'program and names do not belong together'
  if grep -a -q -e "$place" -e "${CARGO_HOME:-$HOME/.cargo}/" "$program"; then fail 'the program tells where it was built'; fi
  size=$(stat -c %s "$program")
  [ "$profile" != release ] || [ "$size" -lt 15000000 ] || fail "the program has $size bytes"
  case $machine in
    x86_64) processor=amd64 ;;
    aarch64) processor=arm64 ;;
  esac
  cmp "$program" "$result/image/$processor/image/git-sync" || fail 'another program is for the image'
  [ "$("$result/image/$processor/image/git-sync" --version)" = "gitsyncd $version" ] ||
    fail 'what is for the image does not start'
  echo "Program: static, $size bytes, names beside, no paths of this machine"
}

# Whoever builds it again must know with what.
check_build_info() {
  local info=$result/gitsyncd-$version-$machine-linux.build-info line
  for line in "commit: $(git -C "$copy" rev-parse HEAD)" "rust: $(rustc -V)" 'ld: .*[0-9]' 'C library: .*[0-9]' \
    'flags: .*crt-static' "command: PROFILE=$profile "; do
    grep -q -e "^$line" "$info" || fail "what it was built with does not say '$line'"
  done
  echo 'Build: the commit, the compilers and the C library are named'
}

build_id() {
  readelf --notes --wide "$1" | sed -n 's/^ *Build ID: //p'
}

check_manual() {
  local said
  said=$(man --warnings --local-file "$result/gitsyncd.1" 2>&1 >"$place/manual" | grep -v 'outdated mandb' || :)
  [ -z "$said" ] || fail "the manual is not well written: $said"
  grep -q -e '--stale-worktree-timeout' "$place/manual" || fail 'the manual does not know the options'
  echo 'Manual: rendered without a warning'
}

check_completions() {
  local shell
  for shell in bash zsh fish; do
    "$shell" -n "$result/gitsyncd.$shell" || fail "$shell cannot read its completions"
  done
  echo 'Completions: read by bash, zsh and fish'
}

# Judged by the library of those who keep the format, and compared with what cargo says.
check_bill_of_materials() {
  local python=$PWD/target/tools/cyclonedx/bin/python
  if ! "$python" -c 'import cyclonedx' 2>/dev/null; then
    python3 -m venv target/tools/cyclonedx
    "$python" -m pip install --quiet --disable-pip-version-check 'cyclonedx-python-lib[json-validation]==11.12.0'
  fi
  (cd "$copy" && cargo tree --locked --edges normal --prefix none --format '{p}' \
    --target "$machine-unknown-linux-gnu") |
    awk '{ sub(/^v/, "", $2); print $1, $2 }' | sort -u >"$place/crates"
  "$python" tests/release/materials.py "$result/gitsyncd-$version-$machine-linux.cdx.json" "$place/crates"
}

check_licences() {
  local name
  while read -r name _; do
    [ "$name" = gitsyncd ] || grep -q "^  $name " "$result/THIRD-PARTY-LICENSES" ||
      fail "the licences do not name $name"
  done < <(cd "$copy" && cargo tree --locked --edges normal --prefix none --format '{p}')
  grep -q 'Permission is hereby granted' "$result/THIRD-PARTY-LICENSES" || fail 'the licences have no texts'
  echo 'Licences: of all crates, with their texts'
}

# An archive has the same bytes whenever and by whom it is made of the same files.
check_archives() {
  local name=gitsyncd-$version-$machine-linux
  mkdir "$place/unpacked"
  tar -C "$place/unpacked" -xzf "$result/$name.tar.gz"
  cmp "$place/unpacked/$name/gitsyncd" "$result/$name" || fail 'another program is in the archive'
  git -C "$copy" ls-files deploy docs >"$place/promised"
  cat >>"$place/promised" <<'FILES'
CHANGELOG.md
CHANGES.md
LICENSE-APACHE
LICENSE-MIT
README.md
THIRD-PARTY-LICENSES
completions/gitsyncd.bash
completions/gitsyncd.fish
completions/gitsyncd.zsh
gitsyncd
gitsyncd.1
FILES
  diff <(cd "$place/unpacked/$name" && find . ! -type d -printf '%P\n' | LC_ALL=C sort) \
    <(LC_ALL=C sort "$place/promised") || fail 'other files than promised are in the archive'
  check_links "$place/unpacked/$name"
  [ -z "$(tar --numeric-owner -tvzf "$result/$name.tar.gz" --full-time --utc |
    awk '$2 != "0/0" || $4 " " $5 != "2026-01-02 03:04:05"')" ] ||
    fail 'the archive tells who made it, or when'
  echo 'Archive: the program and what belongs to it, at the time of the commit'
}

# Requires that the links of all documents below the directory $1 lead to what is there.
check_links() {
  local page link lost=
  while IFS=: read -r page link; do
    case $link in
      *:*) continue ;;
    esac
    [ -e "$(dirname "$page")/$link" ] || lost+=" ${page#"$1/"}: $link"
  done < <(find "$1" -name '*.md' -print0 | xargs -0 grep -o -E '\]\([^)#]+' /dev/null | sed 's/:](/:/')
  [ -z "$lost" ] || fail "links of the archive lead nowhere:$lost"
}

check_changes() {
  grep -q '^### Added' "$result/CHANGES.md" || fail 'the changes are not there'
  if grep -q '^## ' "$result/CHANGES.md"; then fail 'the changes of other versions are there'; fi
  echo 'Changes: those of the version'
}
