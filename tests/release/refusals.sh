#!/usr/bin/env bash
# Requires that the release command refuses what must not be released, and says what to do. It builds nothing.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/release/copy.sh
. tests/release/copy.sh
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# refused CODE TEXT ARGUMENTS...: requires an end with CODE, and TEXT in what is said.
refused() {
  local code=$1 text=$2 result=0
  shift 2
  "$copy/deploy/release.sh" "$@" >"$place/said" 2>&1 || result=$?
  if [ "$result" != "$code" ] || ! grep -q -e "$text" "$place/said"; then
    cat "$place/said" >&2
    fail "deploy/release.sh $* ended with $result, or does not say '$text'"
  fi
  if [ -d "$copy/target" ]; then fail "deploy/release.sh $* made something"; fi
}

copy=$place/project
sealed_copy "$copy"
refused 2 usage
refused 2 usage --nothing "$version"
refused 2 usage "$version" "$version"
refused 1 'change it there' 99.0.0

echo 'not committed' >"$copy/stray"
refused 1 'git stash' "$version"
rm "$copy/stray"
echo '# changed' >>"$copy/Cargo.toml"
refused 1 'git stash' "$version"
git -C "$copy" checkout --quiet Cargo.toml

sed -i "s/^## $version - .*/## 0.0.0 - 2026-01-02/" "$copy/CHANGELOG.md"
commit_all "$copy"
refused 1 "rename '## Unreleased'" "$version"
echo 'A wrong version, changes that are not committed, and a changelog without a section: refused'
