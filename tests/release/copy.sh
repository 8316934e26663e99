# shellcheck shell=bash
# A copy of the sources in a repository of its own, to try the release command on; read by others.

# sealed_copy DIRECTORY: all files that are not ignored, committed there. Its changelog has a section of
# the version of Cargo.toml.
sealed_copy() {
  local copy=$1
  mkdir -p "$copy"
  # A file that was deleted and not committed yet is still listed.
  git ls-files -z --cached --others --exclude-standard | sort -zu |
    tar --null --files-from=- --ignore-failed-read -cf - 2>/dev/null | tar -C "$copy" -xf -
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
  export GIT_AUTHOR_DATE='2026-01-02T03:04:05Z' GIT_COMMITTER_DATE='2026-01-02T03:04:05Z'
  version=$(sed -n '/^version = "\(.*\)"$/ { s//\1/p; q }' "$copy/Cargo.toml")
  if ! grep -q "^## $version " "$copy/CHANGELOG.md"; then
    sed -i "s/^## Unreleased\$/## Unreleased\n\n## $version - 2026-01-02/" "$copy/CHANGELOG.md"
  fi
  git -C "$copy" init --quiet --initial-branch main
  commit_all "$copy"
}

# commit_all DIRECTORY: commits what is there.
commit_all() {
  git -C "$1" add --all
  git -C "$1" -c user.name=Test -c user.email=test@localhost commit --quiet --message 'Seal the release'
}
