#!/usr/bin/env bash
# Makes the keys and signatures that the tests of `src/verify` read: tests/vectors/verify/make.sh.
#
# It needs gpg, ssh-keygen and git; the tests need none of what it needs. The private keys are thrown
# away, so everything here is new after each run. Commits and tags are whole objects, as Git has them.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
export GNUPGHOME=$work/gnupg
mkdir -m 700 "$GNUPGHOME"
trap 'gpgconf --kill all || true; rm -rf "$work"' EXIT
out=$PWD
rm -f ./*.asc ./*.pub ./*.commit ./*.tag revoked_keys

# gpg as it is without a person, at a moment of the past if one is named.
at=
pgp() {
  local when=()
  if [ -n "$at" ]; then when=(--faked-system-time "$at"); fi
  gpg --quiet --batch --yes --no-tty --passphrase '' --pinentry-mode loopback "${when[@]}" "$@"
}

# fingerprints NAME: those of its keys, the main one first.
fingerprints() { pgp --with-colons --list-keys "$1@example.org" | awk -F: '/^fpr/ { print $10 }'; }
export_key() { pgp --armor --export "$1@example.org" >"$out/$1.asc"; }

# commit FILE SIGNER OPTIONS...: a signed commit.
repo=$work/repo
git init --quiet "$repo"
git init --quiet --object-format=sha256 "$work/long"
cat >"$work/gpg" <<'S'
#!/usr/bin/env bash
exec gpg --quiet --batch --yes --no-tty --passphrase '' --pinentry-mode loopback ${SIGN-} "$@"
S
chmod +x "$work/gpg"
signing() {
  GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 git -C "$repo" -c user.name=Ada -c user.email=ada@example.org \
    -c gpg.program="$work/gpg" -c gpg.format="${format-openpgp}" -c user.signingkey="$1" "${@:2}"
}
commit() {
  signing "$2" commit --quiet --allow-empty -S -m "of $1"
  git -C "$repo" cat-file commit HEAD >"$out/$1.commit"
}

make() { pgp --quick-generate-key "$1 <$1@example.org>" "$2" "$3" "${4-never}"; }

for kind in rsa4096 ed25519 nistp256 nistp384 nistp521; do
  make "$kind" "$kind" sign
  export_key "$kind"
  commit "$kind" "$kind@example.org"
done
# A subkey for signing, below a key that may only certify.
make subkey ed25519 cert
main=$(fingerprints subkey | head -n 1)
pgp --quick-add-key "$main" ed25519 sign
pgp --quick-add-key "$main" cv25519 encr
export_key subkey
commit subkey "subkey@example.org"
# The same, but the subkey was revoked afterwards.
make revoked-subkey ed25519 cert
main=$(fingerprints revoked-subkey | head -n 1)
pgp --quick-add-key "$main" ed25519 sign
commit revoked-subkey "revoked-subkey@example.org"
printf 'key 1\nrevkey\ny\n0\n\ny\nsave\n' | gpg --quiet --no-tty --command-fd 0 --passphrase '' --pinentry-mode loopback \
  --edit-key revoked-subkey@example.org >/dev/null 2>&1
export_key revoked-subkey
# A key that was revoked afterwards.
make revoked ed25519 sign
commit revoked revoked@example.org
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$(fingerprints revoked | head -n 1).rev" | pgp --import
export_key revoked
# Keys that have expired: one before the signature, one after it, and a subkey.
at=20200101T000000!
make expired ed25519 sign 1y
SIGN='--faked-system-time 20200201T000000!' commit expired expired@example.org
export_key expired
make expired-subkey ed25519 cert
main=$(fingerprints expired-subkey | head -n 1)
pgp --quick-add-key "$main" ed25519 sign 1y
SIGN='--faked-system-time 20200201T000000!' commit expired-subkey expired-subkey@example.org
export_key expired-subkey
# A key whose time was made longer: only the newer word counts.
make prolonged ed25519 sign 1y
at=20200601T000000!
pgp --quick-set-expire "$(fingerprints prolonged | head -n 1)" 0
at=
export_key prolonged
commit prolonged prolonged@example.org
# Signatures that do not do: an expired one, one by a weak hash, one by an old kind of key.
at=20200101T000000!
make old ed25519 sign
at=
export_key old
SIGN='--faked-system-time 20200201T000000! --default-sig-expire 1d' commit expired-signature old@example.org
SIGN='--digest-algo SHA1 --allow-weak-digest-algos' commit sha1 rsa4096@example.org
SIGN='--digest-algo SHA512' commit nistp256-sha512 nistp256@example.org
make dsa dsa2048 sign
export_key dsa
commit dsa dsa@example.org
# A key that nobody has.
make unknown ed25519 sign
commit unknown unknown@example.org

# Tags.
tag() { # FILE SIGNER NAME
  signing "$2" tag -s -m "of $1" "$3"
  git -C "$repo" cat-file tag "$3" >"$out/$1.tag"
}
tag ed25519 ed25519@example.org v1.0.0

# SSH.
format=ssh
for kind in ed25519 ecdsa ecdsa-384 ecdsa-521 rsa rsa-short; do
  case $kind in
    ecdsa-*) set -- -t ecdsa -b "${kind#ecdsa-}" ;;
    rsa) set -- -t rsa -b 3072 ;;
    rsa-short) set -- -t rsa -b 1024 ;;
    *) set -- -t "$kind" ;;
  esac
  ssh-keygen -q -N '' -C "$kind" "$@" -f "$work/ssh-$kind"
  cp "$work/ssh-$kind.pub" "$out/ssh-$kind.pub"
  commit "ssh-$kind" "$work/ssh-$kind.pub"
done
tag ssh-ed25519 "$work/ssh-ed25519.pub" v1.1.0
# One in a repository of long ids, and one for another purpose than Git.
repo=$work/long
commit long "$work/ssh-ed25519.pub"
tag long "$work/ssh-ed25519.pub" v2.0.0
format=openpgp
commit long-pgp ed25519@example.org
tag long-pgp ed25519@example.org v2.1.0
repo=$work/repo
format=ssh
cat >"$work/other" <<'S'
#!/usr/bin/env bash
args=("$@")
for i in "${!args[@]}"; do if [ "${args[i]}" = git ]; then args[i]=file; fi; done
exec ssh-keygen "${args[@]}"
S
chmod +x "$work/other"
signing "$work/ssh-ed25519.pub" -c gpg.ssh.program="$work/other" commit --quiet --allow-empty -S -m other
git -C "$repo" cat-file commit HEAD >"$out/ssh-namespace.commit"
# By a certificate.
ssh-keygen -q -t ed25519 -N '' -C authority -f "$work/authority"
ssh-keygen -q -s "$work/authority" -I ada -n ada "$work/ssh-ed25519.pub"
commit ssh-certificate "$work/ssh-ed25519-cert.pub"
# None at all.
signing none commit --quiet --allow-empty -m unsigned
git -C "$repo" cat-file commit HEAD >"$out/unsigned.commit"
signing none tag -m unsigned v3.0.0
git -C "$repo" cat-file tag v3.0.0 >"$out/unsigned.tag"
# A binary revocation list, which is not read.
ssh-keygen -q -k -f "$out/krl" "$work/ssh-ed25519.pub"
