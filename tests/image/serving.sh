# shellcheck shell=sh disable=SC2154,SC2034 # run.sh sets what both need, and others read it
# What the image answers, whom it tells, and its commands, where there is no shell; read by run.sh.

# How much memory profiles may take, in MiB; the manual speaks of 140. A program of the profile
# dev knows the lines of its sources, and needs more.
if [ "$PROFILE" = dev ]; then PROFILE_ROOM=${PROFILE_ROOM:-400}; fi
PROFILE_ROOM=${PROFILE_ROOM:-150}

# Runs a command of the program in the container.
inside() {
    "$docker" exec "$container" /gitsyncd "$@"
}

# Prints a number of /proc/PID/status of the container's process, in MiB.
memory() {
    number=$("$docker" inspect --format '{{.State.Pid}}' "$container")
    awk -v "name=$1:" '$1 == name { printf "%.1f", $2 / 1024 }' "/proc/$number/status"
}

# Asks the API, with the token.
api() {
    curl --silent --show-error --fail --header 'Authorization: Bearer of-the-api' "$@" >"$work/answer"
}

# Requires that the image prints the text $1; the others are arguments of run, the image and words.
says() {
    text=$1
    shift
    strictly --rm "$@" >"$work/words" || fail "it ended with a failure instead of saying $text"
    grep -q -e "$text" "$work/words" || fail "it does not say $text"
}

check_words() {
    for shell in bash zsh fish; do
        says one-time "$IMAGE" completions "$shell"
    done
    says '--stale-worktree-timeout' "$IMAGE" --man
    says '--add-user' --entrypoint /git-sync "$IMAGE" --man
    says 'gitsyncd check' "$IMAGE" help check
    echo 'Words: --man, help, completions for bash, zsh and fish'
}

check_check() {
    make_root check
    set -- --rm --volume "$work/check:/git" "$IMAGE" check --repo="git://git.test:$git_port/project.git"
    strictly "$@" --ref=main >"$work/check.log" ||
        { cat "$work/check.log" >&2; fail 'check finds fault with what would work'; }
    code=0
    strictly "$@" --ref=nothing >"$work/check.log" || code=$?
    if [ "$code" != 1 ] || ! grep -q '^FAILED .*nothing' "$work/check.log"; then
        cat "$work/check.log" >&2
        fail "check finds no fault with a wrong ref, or ended with $code"
    fi
    [ -z "$(ls -A "$work/check")" ] || fail 'check leaves something behind'
    echo 'check: 0 for what would work, 1 for a wrong ref; nothing stays'
}

# Starts the container of the checks that follow: it syncs only when it is asked to.
begin_serving() {
    echo of-the-api >"$work/api-token"
    echo of-the-hook >"$work/hook-secret"
    bind=127.0.0.1:$(free_port)
    url=http://$bind
    hooks=127.0.0.1:$(free_port)
    make_root serving
    container=$(strictly --detach --volume "$work/serving:/git" --volume "$work/api-token:/api-token:ro" \
        --volume "$work/hook-secret:/hook-secret:ro" --env "GITSYNC_HTTP_BIND=$bind" "$IMAGE" \
        --repo="git://git.test:$git_port/project.git" --ref=main --period=off --hook-bind="$hooks" \
        --api-token-file=/api-token --hook-secret-file=/hook-secret --http-pprof \
        --webhook-url="http://git.test:$plain_port/told" --touch-file=touched --error-file=errors)
    eventually 20 shows serving/latest "$(head_of_origin)"
}

check_commands_inside() {
    eventually 10 inside probe
    for path in / /livez /readyz /healthz /metrics; do
        inside probe "$path" | grep -q "$url$path answers 200" || fail "probe finds $path not well"
    done
    inside probe "$url/readyz" >/dev/null || fail 'probe does not know a URL'
    code=0
    inside probe /nothing >/dev/null || code=$?
    [ "$code" = 1 ] || fail "probe of what is not there ended with $code"
    for from in /git "$url"; do
        inside status "$from" | grep -q "^commit .*$(head_of_origin | cut -c 1-4)" ||
            fail "status does not know the commit from $from"
    done
    inside status --json | grep -q "$(head_of_origin)" || fail 'status has no JSON'
    inside check --repo="git://git.test:$git_port/project.git" --ref=main >"$work/check.log" ||
        { cat "$work/check.log" >&2; fail 'check is disturbed by the run'; }
    echo 'In the running container, by docker exec: probe, status and check'
}

check_webhooks() {
    eventually 10 grep -q "^POST $(head_of_origin)\$" "$work/told.log"
    change 'By webhook'
    printf '{"ref":"refs/heads/main","repository":{"full_name":"team/project"}}' >"$work/push.json"
    signature=$(openssl dgst -sha256 -hmac of-the-hook -r "$work/push.json" | cut -d ' ' -f 1)
    set -- --silent --output /dev/null --write-out '%{http_code}' --header 'Content-Type: application/json' \
        --header 'X-GitHub-Event: push' --header 'X-GitHub-Delivery: 1' --data-binary "@$work/push.json"
    [ "$(curl "$@" --header "X-Hub-Signature-256: sha256=${signature}0" "http://$hooks/hooks/push")" = 401 ] ||
        fail 'a wrong signature was not refused'
    [ "$(curl "$@" --header "X-Hub-Signature-256: sha256=$signature" "http://$hooks/hooks/push")" = 202 ] ||
        fail 'a webhook was not taken'
    eventually 20 shows serving/latest "$(head_of_origin)"
    eventually 10 grep -q "^POST $(head_of_origin)\$" "$work/told.log"
    same_as_git "$work/serving/latest"
    echo 'Webhooks: one that comes in starts a sync, one goes out after it; a wrong signature is refused'
}

check_api() {
    before=$(head_of_origin)
    change 'By API'
    code=$(curl --silent --output /dev/null --write-out '%{http_code}' --request POST "$url/api/v1/sync")
    [ "$code" = 401 ] || fail "without a token the API answers $code"
    touched=$(stat -c %y "$work/serving/touched")
    api --request POST "$url/api/v1/sync?wait=20s" || fail 'a sync by the API failed'
    shows serving/latest "$(head_of_origin)" || fail 'the API told of a sync that did not happen'
    eventually 10 sh -c "[ '$touched' != \"\$(stat -c %y '$work/serving/touched')\" ]"
    api --request POST --header 'Content-Type: application/json' --data '{"to":"previous"}' \
        "$url/api/v1/rollback" || fail 'a rollback failed'
    shows serving/latest "$before" || fail 'a rollback did not happen'
    api --request DELETE "$url/api/v1/pin" || fail 'unpinning failed'
    eventually 20 shows serving/latest "$(head_of_origin)"
    api "$url/api/v1/history" || fail 'there is no history'
    grep -q "$before" "$work/answer" || fail 'the history does not know the rollback'
    curl --silent --fail "$url/ui" | grep -q '<html' || fail 'there is no page'
    echo 'API: sync, rollback, unpin and history; without a token refused; the touch-file is touched'
}

check_failure_and_recovery() {
    mv "$work/srv/project.git" "$work/srv/away.git"
    code=0
    api --request POST "$url/api/v1/sync?wait=20s" 2>"$work/refusal" || code=$?
    [ "$code" != 0 ] || fail 'a sync without a repository succeeded'
    eventually 5 test -s "$work/serving/errors"
    inside probe /livez >/dev/null || fail '/livez fails with the repository'
    mv "$work/srv/away.git" "$work/srv/project.git"
    api --request POST "$url/api/v1/sync?wait=20s" || fail 'it does not recover'
    eventually 5 test ! -e "$work/serving/errors"
    curl --silent --fail "$url/metrics" >"$work/metrics"
    for line in 'git_sync_count_total{status="success"} [1-9]' 'git_sync_count_total{status="error"} [1-9]' \
        'git_sync_hook_run_count_total{name="webhook",status="success"} [1-9]'; do
        grep -q "^$line" "$work/metrics" || fail "/metrics lacks $line"
    done
    echo 'A repository that goes and comes: error-file, /livez and metrics tell of it'
}

# Keeps the program busy while a profile is taken, so that there is something in it.
busy() {
    while [ ! -e "$work/profiled" ]; do
        api --request POST "$url/api/v1/sync?wait=5s" 2>"$work/refusal" || :
        curl --silent "$url/metrics" "$url/ui" "$url/api/v1/status" >/dev/null || :
    done
}

# Takes a profile and requires that it knows functions of the program, or which file its addresses are
# in: what is given out has no names. A few samples may not have any.
has_places() {
    curl --silent --fail --output "$work/profile" "$url/debug/pprof/profile?seconds=${PROFILE_SECONDS:-3}" &&
        gzip -dc "$work/profile" >"$work/profile.raw" &&
        grep -a -q nanoseconds "$work/profile.raw" && grep -a -q -e gitsyncd:: -e /gitsyncd "$work/profile.raw"
}

check_profile() {
    idle=$(memory VmRSS)
    busy &
    loop=$!
    started $loop
    eventually 20 has_places
    : >"$work/profiled"
    wait "$loop"
    after=$(memory VmRSS)
    peak=$(memory VmHWM)
    echo "Profile: gzip, with functions or with addresses in a file; resident: $idle MiB before, $peak MiB at most, $after MiB after"
    echo "$peak $idle $PROFILE_ROOM" | awk '{ exit $1 - $2 > $3 }' || fail 'a profile takes more memory than the manual says'
}

# Has a long profile taken, unless the question whether it is comes first.
takes_profile() {
    curl --silent --output /dev/null "$url/debug/pprof/profile?seconds=60" &
    started $!
    curl --silent "$url/debug/pprof/profile?seconds=1" | grep -q 'somebody else'
}

check_stop_in_profile() {
    eventually 10 takes_profile
    name=profile
    end
    echo "Stop while a profile is taken: exit code 0 after $took ms, the engine's own work included"
}
