# shellcheck shell=sh disable=SC2154 # run.sh sets what both need
# The ways to a private repository, all of them by files and variables alone; read by run.sh.

# Syncs once into the root $1 and requires that all is there; the others are as those of once.
comes_in() {
    once "$@" --root=/git --link=link --ref=main --one-time
    same_as_git "$work/$1/link"
}

# Requires a failure of the class $2.
stays_out() {
    refused "$@" --root=/git --link=link --one-time --error-file=/git/errors
    [ -s "$work/$1/errors" ] || fail "$1: the error-file says nothing"
    [ ! -e "$work/$1/link" ] || fail "$1: something was published"
}

check_passwords() {
    address="https://git.test:$https_port/password/project.git"
    printf secret >"$work/secret"
    set -- --volume "$work/ca.crt:/ca.crt:ro" --env GITSYNC_CA_FILE=/ca.crt
    comes_in password "$@" --env GITSYNC_PASSWORD=secret "$IMAGE" --repo="$address" --username=reader
    comes_in password-file "$@" --volume "$work/secret:/etc/password:ro" "$IMAGE" --repo="$address" \
        --username=reader --password-file=/etc/password
    comes_in credential "$@" "$IMAGE" --repo="$address" \
        --credential="{\"url\":\"https://git.test:$https_port\",\"username\":\"reader\",\"password\":\"secret\"}"
    comes_in askpass "$@" "$IMAGE" --repo="$address" --askpass-url="http://git.test:$plain_port/askpass"
    stays_out nobody auth "$@" "$IMAGE" --repo="$address"
    stays_out stranger auth "$@" --env GITSYNC_PASSWORD=wrong "$IMAGE" --repo="$address" --username=reader
    echo 'https:// with a ca-file: by password, password-file, credential and askpass-url; not with a wrong one'
}

check_cookies() {
    address="https://git.test:$https_port/cookie/project.git"
    printf 'git.test\tFALSE\t/\tTRUE\t0\tsession\topen\n' >"$work/cookies"
    set -- --volume "$work/ca.crt:/ca.crt:ro" --volume "$work/cookies:/etc/git-secret/cookie_file:ro"
    comes_in cookie "$@" "$IMAGE" --repo="$address" --git-config=http.sslCAInfo:/ca.crt --cookie-file
    stays_out no-cookie auth "$@" "$IMAGE" --repo="$address" --git-config=http.sslCAInfo:/ca.crt
    echo 'https:// with http.sslCAInfo: by cookie-file; not without it'
}

check_ssh() {
    address="ssh://$ssh_user@git.test:$ssh_port$work/srv/project.git"
    set -- --volume "$work/key:/etc/git-secret/ssh:ro"
    comes_in ssh "$@" --volume "$work/known_hosts:/etc/git-secret/known_hosts:ro" "$IMAGE" --repo="$address" --ssh
    comes_in ssh-any "$@" "$IMAGE" --repo="$address" --ssh-known-hosts=false
    sed 's/^\[git.test\]/[other.test]/' "$work/known_hosts" >"$work/other_hosts"
    stays_out ssh-unknown tls "$@" --volume "$work/other_hosts:/etc/git-secret/known_hosts:ro" \
        "$IMAGE" --repo="$address"
    ssh-keygen -q -t ed25519 -N '' -f "$work/other_key"
    chmod 0444 "$work/other_key"
    stays_out ssh-stranger auth --volume "$work/other_key:/etc/git-secret/ssh:ro" \
        --volume "$work/known_hosts:/etc/git-secret/known_hosts:ro" "$IMAGE" --repo="$address"
    echo 'ssh:// with a mounted key and known_hosts; not with another key, nor to a server that is not known'
}

check_wrong_names() {
    stays_out wrong-ref ref "$IMAGE" --repo="git://git.test:$git_port/project.git" --ref=nothing
    stays_out wrong-repository not_found "$IMAGE" --repo="https://git.test:$https_port/nothing.git" \
        --git-config=http.sslVerify:false
    stays_out wrong-host network "$IMAGE" --repo=https://nobody.invalid/project.git
    code=0
    strictly --rm --entrypoint /git-sync "$IMAGE" --repo=git://git.test/project.git --root=/git --nothing \
        2>"$work/wrong-flag.log" || code=$?
    [ "$code" != 0 ] || fail 'a flag that does not exist was taken'
    grep -q -- --nothing "$work/wrong-flag.log" || fail 'a wrong flag is not named'
    echo "A wrong ref, repository or host: 1, with the reason and an error-file; a wrong flag: $code"
}
