# shellcheck shell=sh disable=SC2154,SC2034 # run.sh sets what both need, and others read it
# Makes the images that are tried; read by run.sh.

# What the labels must say.
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -n 1)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
created=2026-01-02T03:04:05Z
source=https://git.test/gitsyncd

# Builds the image $1 with the target $2 of the Dockerfile, which may be empty; the others are
# arguments of build.
build() {
    tag=$1
    [ -z "$2" ] || tag="$1 --target $2"
    shift 2
    # shellcheck disable=SC2086 # the tag and the target are words of their own
    "$client" build --tag $tag --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
        --build-arg "CREATED=$created" --build-arg "SOURCE=$source" "$@" >>"$work/build.log" 2>&1 ||
        { tail -n 40 "$work/build.log" >&2; fail "$tag cannot be built"; }
}

# Compiles in a container, as the Dockerfile does by itself. The classic builder never asks a registry
# for a base that is there.
compile_images() {
    client=$docker
    export DOCKER_BUILDKIT=0
    [ -n "${BUILD_IMAGE:-}" ] || BUILD_IMAGE=$("$here/base.sh")
    echo "Building $IMAGE and $GIT_SYNC_IMAGE on $BUILD_IMAGE ..."
    set -- --build-arg "BUILD_IMAGE=$BUILD_IMAGE" --build-arg "PROFILE=$PROFILE" .
    build "$IMAGE" '' "$@"
    build "$GIT_SYNC_IMAGE" git-sync "$@"
}

# Only BuildKit leaves out the stages that are not needed. Debian's client has it in it, others need
# their buildx.
give_program() {
    export DOCKER_BUILDKIT=1
    for client in "$docker" /usr/bin/docker; do
        if "$client" build --help >/dev/null 2>&1; then break; fi
        client=
    done
    [ -n "$client" ] || fail 'no client of the engine can use BuildKit'
    echo "Making $IMAGE and $GIT_SYNC_IMAGE of the program that the tests use ..."
    program=$("$here/program.sh" 2>"$work/build.log") || { cat "$work/build.log" >&2; fail 'it cannot be linked'; }
    context=$work/context
    deploy/image-context.sh "$program" "$context/$("$docker" version --format '{{.Server.Arch}}')"
    set -- --build-arg PROGRAM=given --file Dockerfile "$context"
    build "$IMAGE" '' "$@"
    build "$GIT_SYNC_IMAGE" git-sync "$@"
}

build_images() {
    IMAGE=gitsyncd-test/image:$$
    GIT_SYNC_IMAGE=gitsyncd-test/git-sync:$$
    built="$IMAGE $GIT_SYNC_IMAGE"
    labelled=yes
    if [ "$mode" = quick ]; then give_program; else compile_images; fi
}

# Makes the image $SHELL_IMAGE: a shell and small programs, for what needs another container.
make_shell_image() {
    mkdir -p "$work/shell/bin"
    cp "$(command -v busybox)" "$work/shell/bin/busybox"
    ln -s busybox "$work/shell/bin/sh"
    tar -C "$work/shell" -cf - . | "$docker" import --change 'ENV PATH=/bin' - "$SHELL_IMAGE" >/dev/null
}
