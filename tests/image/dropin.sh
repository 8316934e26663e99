# shellcheck shell=sh disable=SC2154 # run.sh sets what both need
# The image under the name of git-sync, with its flags, its variables and its roots; read by run.sh.

# Syncs once, called as git-sync, into the root $1; the others are arguments of run, the image and flags.
once() {
    name=$1
    shift
    [ -d "$work/$name" ] || make_root "$name"
    strictly --rm --volume "$work/$name:/git" --entrypoint /git-sync "$@" 2>"$work/$name.log" ||
        { cat "$work/$name.log" >&2; fail "$name: a one-time sync failed"; }
}

# Requires that such a sync ends with 1 and names the class of failure $2 in its log.
refused() {
    name=$1
    class=$2
    shift 2
    [ -d "$work/$name" ] || make_root "$name"
    code=0
    strictly --rm --volume "$work/$name:/git" --entrypoint /git-sync "$@" 2>"$work/$name.log" || code=$?
    if [ "$code" != 1 ] || ! grep -q "\"class\":\"$class\"" "$work/$name.log"; then
        cat "$work/$name.log" >&2
        fail "$name: it ended with $code, or for another reason than $class"
    fi
}

# Starts it as a container that stays, called as git-sync, on the root $1. Its id is in $container.
begin() {
    name=$1
    shift
    [ -d "$work/$name" ] || make_root "$name"
    container=$(strictly --detach --volume "$work/$name:/git" --entrypoint /git-sync "$@")
}

# Ends that container; how many milliseconds it took is in $took.
end() {
    stop "$container" "$name"
}

# Whether the link $1 shows the commit $2.
shows() {
    test "$(basename "$(readlink "$work/$1")")" = "$2"
}

check_nothing_else() {
    for program in sh bash git ssh curl; do
        code=0
        strictly --rm --entrypoint "$program" "$IMAGE" --version >/dev/null 2>&1 || code=$?
        [ "$code" = 127 ] || fail "it holds $program, or that ended with $code"
    done
    echo 'Nothing else: there is no sh, bash, git, ssh or curl in it'
}

check_image_of_git_sync() {
    if [ -z "${GIT_SYNC_IMAGE:-}" ]; then
        echo 'NOT TRIED: the image that is called as git-sync, as GIT_SYNC_IMAGE is not set'
        return
    fi
    make_root called
    for variable in GIT_SYNC_ONE_TIME=true GIT_SYNC_ROOT=/git/below; do
        strictly --rm --volume "$work/called:/git" --env "$variable" "$GIT_SYNC_IMAGE" --one-time \
            --repo="git://git.test:$git_port/project.git" 2>"$work/called.log" ||
            { cat "$work/called.log" >&2; fail "a one-time sync with $variable failed"; }
    done
    same_as_git "$work/called/project.git"
    same_as_git "$work/called/below/project.git"
    echo 'In the place of the image of git-sync: root and link as there, equal to Git'
}

check_flags_of_git_sync() {
    once flags "$IMAGE" --repo="git://git.test:$git_port/project.git" --root=/git --ref=main \
        --link=site/current --depth=1 --one-time --add-user --group-write --max-failures=0 \
        --git-config-add=http.userAgent:image --git-config=core.fileMode:true --git=/usr/bin/git \
        --git-gc=always --submodules=recursive --touch-file=touched --error-file=errors -v=2
    same_as_git "$work/flags/site/current"
    [ "$(stat -L -c %a "$work/flags/site/current")" = 775 ] || fail 'the group may not write the tree'
    [ "$(stat -c %a "$work/flags/site/current/README")" = 664 ] || fail 'the group may not write a file'
    [ "$(stat -c %a "$work/flags/site/current/run me")" = 775 ] || fail 'the group may not write a program'
    for key in user.name user.email; do
        git config --file "$work/flags/.git/config" "$key" >/dev/null || fail "there is no $key"
    done
    [ -e "$work/flags/touched" ] || fail 'the touch-file is not there'
    [ ! -e "$work/flags/errors" ] || fail 'there is an error-file'
    set -- -c safe.directory='*' -C "$work/flags/site/current"
    [ "$(git "$@" rev-parse HEAD)" = "$(head_of_origin)" ] || fail 'Git does not know the commit'
    changes=$(git "$@" status --porcelain) || fail 'Git cannot read the tree'
    [ -z "$changes" ] || fail "Git finds changes in the tree: $changes"
    echo 'As git-sync, flags: equal to Git; add-user, group-write, git-config, touch-file; Git is at home in it'
}

check_variables_of_git_sync() {
    once variables --env "GIT_SYNC_REPO=git://git.test:$git_port/project.git" --env GIT_SYNC_ROOT=/git \
        --env GIT_SYNC_BRANCH=main --env GIT_SYNC_DEST=site --env GIT_SYNC_ONE_TIME=true \
        --env GIT_SYNC_WAIT=0.5 --env GIT_SYNC_MAX_SYNC_FAILURES=0 "$IMAGE"
    same_as_git "$work/variables/site"
    echo 'As git-sync, variables of versions 3 and 4: equal to Git'
}

check_mirror() {
    once mirror --volume "$work/srv:/mirror:ro" "$IMAGE" --repo=file:///mirror/project.git --root=/git --one-time
    same_as_git "$work/mirror/project.git"
    echo 'file://, another owner, read-only, the link by the last part of the repository: equal to Git'
}

check_signal() {
    begin signal "$IMAGE" --repo="git://git.test:$git_port/project.git" --root=/git --link=link \
        --ref=main --period=1h --sync-on-signal=SIGHUP
    eventually 20 shows signal/link "$(head_of_origin)"
    for turn in 1 2 3; do
        change "By signal $turn"
        "$docker" kill --signal HUP "$container" >/dev/null
        eventually 20 shows signal/link "$(head_of_origin)"
    done
    same_as_git "$work/signal/link"
    end
    echo "sync-on-signal as process 1: three commits followed; stopped after $took ms"
}

check_stale_trees() {
    begin stale "$IMAGE" --repo="git://git.test:$git_port/project.git" --root=/git --link=link \
        --ref=main --period=100ms --stale-worktree-timeout=3s
    eventually 20 shows stale/link "$(head_of_origin)"
    old=$(head_of_origin)
    change 'Another'
    eventually 20 shows stale/link "$(head_of_origin)"
    [ -e "$work/stale/.worktrees/$old/README" ] || fail 'the tree before went at once'
    eventually 20 test ! -e "$work/stale/.worktrees/$old"
    end
    echo 'stale-worktree-timeout: the tree before stayed a while and went'
}

# Makes the root $1 as git-sync of version 4 leaves it: one tree of the commit that the origin has.
root_of_git_sync() {
    commit=$(head_of_origin)
    git init --quiet --initial-branch git-sync "$work/$1"
    git -C "$work/$1" fetch --quiet --depth 1 "file://$work/srv/project.git" main
    git -C "$work/$1" reset --quiet --soft FETCH_HEAD --
    git -C "$work/$1" worktree add --quiet --force --detach --no-checkout ".worktrees/$commit" "$commit"
    echo "gitdir: ../../.git/worktrees/$commit" >"$work/$1/.worktrees/$commit/.git"
    git -C "$work/$1/.worktrees/$commit" reset --quiet --hard "$commit" --
    ln -s ".worktrees/$commit" "$work/$1/link"
    chown -R --no-dereference 12345:12345 "$work/$1"
}

check_takeover() {
    root_of_git_sync takeover
    kept=$(stat -L -c %i "$work/takeover/link/README")
    set -- "$IMAGE" --repo="git://git.test:$git_port/project.git" --root=/git --link=link --ref=main --one-time
    once takeover "$@"
    same_as_git "$work/takeover/link"
    [ "$(stat -L -c %i "$work/takeover/link/README")" = "$kept" ] || fail 'it wrote the tree of git-sync anew'
    change 'After the takeover'
    once takeover "$@"
    same_as_git "$work/takeover/link"
    [ "$(ls "$work/takeover/.worktrees")" = "$(head_of_origin)" ] || fail 'the tree of git-sync stayed'
    echo 'A root that git-sync left: taken as it is, and followed'
}
