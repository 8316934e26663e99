# shellcheck shell=sh disable=SC2154 # run.sh sets what both need
# What is promised of the image, one check each; read by run.sh, which calls them in order.

# The name that servers are called by; it is in no file but a container's /etc/hosts.
add_host=git.test:127.0.0.1

# Runs the image with nothing that a strict cluster would refuse; the arguments are those of run.
strictly() {
    "$docker" run --label "test=$run" --read-only --cap-drop ALL --user 12345:12345 \
        --security-opt no-new-privileges --network host --add-host "$add_host" "$@"
}

# Makes a directory that the user of the containers may write to, as a mounted volume would be.
make_root() {
    mkdir "$work/$1"
    chown 12345:12345 "$work/$1"
}

# Requires that link $1 shows just what Git checks out.
same_as_git() {
    test "$(basename "$(readlink "$1")")" = "$(head_of_origin)" || fail "$1 is at another commit"
    rm -rf "$work/wanted"
    git clone --quiet "$work/srv/project.git" "$work/wanted"
    diff -r --no-dereference --exclude .git "$work/wanted" "$1/" || fail "$1 differs from Git's checkout"
    for tree in "$work/wanted" "$1"; do
        (cd "$tree/" && find . -name .git -prune -o -type f -perm -u+x -print) >"$tree.executable"
    done
    cmp "$work/wanted.executable" "$1.executable" || fail "$1 has other executable files"
}

# Prints a number of bytes as megabytes.
megabytes() {
    echo "$1" | awk '{ printf "%.2f MB", $1 / 1000000 }'
}

# Lists what is in the layers of the image: mode, owner, size, path and where a link leads. What the
# engine adds to a container is not in it.
list_files() {
    mkdir "$work/saved"
    "$docker" save "$IMAGE" | tar -C "$work/saved" -xf -
    find "$work/saved" -type f | while read -r layer; do
        tar --numeric-owner -tvf "$layer" 2>/dev/null || :
    done | awk '$1 ~ /^[-dlbchp]/ { path = $6; sub(/^\.?\//, "", path); sub(/\/$/, "", path)
        if (path != "") print $1, $2, $3, path, $8 }' | sort -u
    rm -r "$work/saved"
}

# Only a release must be small.
check_files() {
    list_files >"$work/files"
    cut -d ' ' -f 1,2,4,5 "$work/files" >"$work/found"
    cat >"$work/promised" <<'FILES'
-rw-r--r-- 0/0 etc/ssl/certs/ca-certificates.crt 
-rwxr-xr-x 0/0 gitsyncd 
drwxr-xr-x 0/0 etc 
drwxr-xr-x 0/0 etc/ssl 
drwxr-xr-x 0/0 etc/ssl/certs 
drwxr-xr-x 65533/65533 git 
lrwxrwxrwx 0/0 git-sync gitsyncd
FILES
    diff "$work/promised" "$work/found" >&2 || fail 'other files than promised are in the image'
    size=$("$docker" image inspect --format '{{.Size}}' "$IMAGE")
    roots=$(awk '$4 == "etc/ssl/certs/ca-certificates.crt" { print $3 }' "$work/files")
    program=$(awk '$4 == "gitsyncd" { print $3 }' "$work/files")
    echo "Files: the program, its second name, CA roots, /git; $(megabytes "$size"), of which program $(megabytes "$program"), CA roots $(megabytes "$roots")"
    container=$("$docker" create --label "test=$run" "$IMAGE")
    "$docker" cp "$container:/gitsyncd" - | tar -xOf - | sha256sum | sed 's/ .*//; s/^/Program: SHA-256 /'
    "$docker" rm "$container" >/dev/null
    [ "$PROFILE" != release ] || [ $((size - roots)) -lt 15000000 ] ||
        fail 'the image is larger than 15 MB and the CA roots'
}

# Requires that the image says $2 of $1.
labelled() {
    said=$("$docker" image inspect --format "{{index .Config.Labels \"org.opencontainers.image.$1\"}}" "$IMAGE")
    [ "$said" = "$2" ] || fail "the label $1 says '$said' instead of '$2'"
}

check_labels() {
    labelled title gitsyncd
    labelled description 'Keeps a directory equal to a Git ref'
    labelled licenses 'MIT OR Apache-2.0'
    if [ -n "${labelled:-}" ]; then
        labelled created "$created"
        labelled revision "$revision"
        labelled source "$source"
        labelled version "$version"
    fi
    said=$("$docker" image inspect --format '{{.Config.User}} {{json .Config.Entrypoint}}' "$IMAGE")
    [ "$said" = '65533:65533 ["/gitsyncd"]' ] || fail "it is run as $said"
    echo 'Labels: title, description, licences, and what the build was told; user 65533'
}

check_names() {
    for name in /gitsyncd /git-sync; do
        strictly --rm --entrypoint "$name" "$IMAGE" --version | grep -q '^gitsyncd [0-9]' ||
            fail "$name does not tell its version"
    done
    echo 'Names: it starts as /gitsyncd and as /git-sync'
}

check_once_by_git() {
    make_root once
    strictly --rm --volume "$work/once:/git" "$IMAGE" --one-time \
        --repo="git://git.test:$git_port/project.git" 2>"$work/once.log" ||
        { cat "$work/once.log" >&2; fail 'a one-time sync by git:// failed'; }
    same_as_git "$work/once/latest"
    echo 'Once, git://, read-only, without capabilities, as user 12345, a name from /etc/hosts: equal to Git'
}

check_once_by_https() {
    make_root https
    set -- --rm --volume "$work/https:/git" --volume "$work/ca.crt:/ca.crt:ro" "$IMAGE" --one-time \
        --repo="https://git.test:$https_port/project.git"
    if strictly "$@" --max-failures=1 2>"$work/untrusted.log"; then
        fail 'a certificate of an unknown authority was believed'
    fi
    grep -q '"class":"tls"' "$work/untrusted.log" || { cat "$work/untrusted.log" >&2; fail 'the reason is not TLS'; }
    strictly "$@" --ca-file=/ca.crt 2>"$work/https.log" ||
        { cat "$work/https.log" >&2; fail 'a one-time sync by https:// failed'; }
    same_as_git "$work/https/latest"
    echo 'Once, https:// with a ca-file: equal to Git; without it: refused'
}

check_default_user_and_volume() {
    "$docker" volume create --label "test=$run" "$run" >/dev/null
    "$docker" run --rm --label "test=$run" --read-only --cap-drop ALL --network host \
        --volume "$run:/git" "$IMAGE" --one-time --repo="git://127.0.0.1:$git_port/project.git" \
        2>"$work/volume.log" || { cat "$work/volume.log" >&2; fail 'it cannot write to a new volume'; }
    place=$("$docker" volume inspect --format '{{.Mountpoint}}' "$run")
    [ "$(stat -c %u:%g "$place/latest/README")" = 65533:65533 ] || fail 'it does not run as 65533'
    echo 'A new named volume: written to by the default user, 65533'
}

# glibc would look for the modules that such a file names, and there are none in the image. Where there are
# some, of another version, they end the program.
check_foreign_sources() {
    make_root sources
    echo 'hosts: db mymachines' >"$work/nsswitch.conf"
    strictly --rm --volume "$work/sources:/git" --volume "$work/nsswitch.conf:/etc/nsswitch.conf:ro" "$IMAGE" \
        --one-time --max-failures=1 --repo="git://git.test:$git_port/project.git" 2>"$work/sources.log" ||
        { cat "$work/sources.log" >&2; fail 'a name was not found where nsswitch.conf says db'; }
    same_as_git "$work/sources/latest"
    echo 'A name from /etc/hosts, whatever nsswitch.conf says'
}

check_unknown_name() {
    if strictly --rm --tmpfs /git:uid=12345 "$IMAGE" --one-time --max-failures=1 \
        --repo=git://nobody.invalid/project.git 2>"$work/unknown.log"; then
        fail 'a name that nobody has was found'
    fi
    grep -q '"class":"network"' "$work/unknown.log" || { cat "$work/unknown.log" >&2; fail 'the reason is not the network'; }
    echo 'A name that nobody has: refused as a failure of the network'
}

# The container of the long run stays for the checks that follow.
check_long_run() {
    http_port=$(free_port)
    url=http://127.0.0.1:$http_port
    long=$(strictly --detach --tmpfs /git:uid=12345,gid=12345,mode=0755 "$IMAGE" \
        --repo="git://git.test:$git_port/project.git" --ref=main --period=200ms --http-bind="127.0.0.1:$http_port")
    eventually 20 curl --fail --silent --show-error "$url/readyz"
    for path in / /livez /readyz /healthz; do
        curl --fail --silent --show-error --output /dev/null "$url$path" || fail "$path is not well"
    done
    echo 'Changed' >"$work/checkout/README"
    commit 'Change'
    eventually 20 knows "$(head_of_origin)"
    curl --fail --silent "$url/metrics" | grep -q '^git_sync_count_total{status="success"} [1-9]' ||
        fail '/metrics does not count the syncs'
    echo 'Long run on a tmpfs: /, /livez, /readyz, /healthz and /metrics answer; a new commit is followed'
}

# Whether the log of the long run tells of commit $1.
knows() {
    "$docker" logs "$long" 2>&1 | grep -q "$1"
}

# An orphan is made in the process namespace of the long run, as another container of a pod that
# shares its processes would do.
check_reaping() {
    # shellcheck disable=SC2016 # the inner shell expands it
    "$docker" run --rm --label "test=$run" --network none --pid "container:$long" --entrypoint sh \
        "$SHELL_IMAGE" -euc '
            orphan=$(sh -c "sleep 0.3 >/dev/null & echo \$!")
            grep -q "^PPid:.*\<1$" "/proc/$orphan/status" || { echo "it went to another" >&2; exit 1; }
            for turn in 1 2 3 4 5 6 7 8 9 10; do
                [ -e "/proc/$orphan" ] || exit 0
                sleep 0.2
            done
            grep State "/proc/$orphan/status" >&2
            exit 1' || fail 'an orphan was not collected'
    echo 'Process 1: an orphan that ended was collected'
}

# Ends the container $1, called $2, with all that is its own. It must not take long; how many milliseconds
# it took is in $took.
stop() {
    before=$(date +%s%N)
    "$docker" stop --time 10 "$1" >/dev/null
    took=$((($(date +%s%N) - before) / 1000000))
    code=$("$docker" inspect --format '{{.State.ExitCode}}' "$1")
    [ "$code" = 0 ] || fail "$2: it stopped with $code"
    [ "$took" -lt 2000 ] || fail "$2: it took $took ms to stop"
    if "$docker" logs "$1" 2>&1 | grep -q panic; then fail "$2: the log tells of a panic"; fi
    "$docker" rm --volumes "$1" >/dev/null
}

check_stop() {
    stop "$long" 'the daemon'
    echo "Stop: exit code 0 after $took ms, the engine's own work included"
}

# On a network of the engine's own, names are answered by its DNS server, not by /etc/hosts. The name is
# the container's own, so that no packet filter comes in between; there is no repository. The arguments
# are those of run.
finds_by_dns() {
    other=$("$docker" run --detach --label "test=$run" --network "$run" --network-alias other --read-only \
        --tmpfs /git:uid=65533 "$@" "$IMAGE" --repo=http://other:8080/project.git --init-max-failures=-1 \
        --http-bind=:8080)
    eventually 20 sh -c "'$docker' logs '$other' 2>&1 | grep -q '\"class\":\"not_found\"'"
    "$docker" rm --force --volumes "$other" >/dev/null
}

# The places that machines with systemd and with mDNS look into are not in the image: the others must be
# used then.
check_names_by_dns() {
    "$docker" network create --label "test=$run" "$run" >/dev/null
    finds_by_dns
    for places in 'mymachines resolve [!UNAVAIL=return] files myhostname dns' \
        'mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return] dns files'; do
        echo "hosts: $places" >"$work/nsswitch.conf"
        set -- --volume "$work/nsswitch.conf:/etc/nsswitch.conf:ro"
        finds_by_dns "$@"
        strictly --rm --tmpfs /git:uid=12345 "$@" "$IMAGE" check --ref=main \
            --repo="git://git.test:$git_port/project.git" >"$work/names.log" ||
            { cat "$work/names.log" >&2; fail "a name of /etc/hosts is not found with '$places'"; }
    done
    echo 'DNS: a name was found through /etc/resolv.conf, whatever /etc/nsswitch.conf names besides'
}
