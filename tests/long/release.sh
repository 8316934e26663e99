#!/usr/bin/env bash
# Makes a release of these sources, in a copy of them, and requires that what is in it is right.
#
# RELEASE_PROFILE is the profile it is built with: `release` by default; `dev` to try this quickly. What
# was built stays in target/release-test for the next time.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/release/copy.sh
. tests/release/copy.sh
# shellcheck source=tests/release/checks.sh
. tests/release/checks.sh
profile=${RELEASE_PROFILE:-release}
export GITSYNCD_TOOLS=${GITSYNCD_TOOLS:-$PWD/target/tools} CARGO_TARGET_DIR=$PWD/target/release-test/build
place=$PWD/target/release-test/place
rm -rf "$place"
copy=$place/project
sealed_copy "$copy"
"$copy/deploy/release.sh" --profile "$profile" "$version"
[ -z "$(git -C "$copy" status --porcelain)" ] || fail 'the tree has changes after the release'
result=$copy/target/release-$version
machine=$(uname -m)

check_sums
check_programs
check_build_info
check_manual
check_completions
check_bill_of_materials
check_licences
check_archives
check_changes
echo "All is well with the release of $version."
