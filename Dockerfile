# One static program, the usual certificate authorities, and nothing else.
#
#     docker build --tag gitsyncd .
#     docker build --tag git-sync --target git-sync .     the same, called as git-sync
#
# BUILD_IMAGE needs Rust, a C compiler with objcopy, and /etc/ssl/certs/ca-certificates.crt.

ARG BUILD_IMAGE=docker.io/library/rust:1.95-bookworm
# Where the program comes from: `compiled` here, or `given`: then the context is no checkout, but has a
# directory for each processor (amd64, arm64) that deploy/image-context.sh made.
ARG PROGRAM=compiled

FROM ${BUILD_IMAGE} AS compiled
WORKDIR /build
ARG PROFILE=release
# The machine's own where none is named.
ARG TARGET=

# The dependencies come first, with an empty program, so that they are built again only when
# Cargo.toml or Cargo.lock change.
COPY deploy/build.sh deploy/
COPY Cargo.toml Cargo.lock build.rs ./
COPY src/names.c src/
RUN echo 'fn main() {}' >src/main.rs \
    && : >src/lib.rs \
    && deploy/build.sh \
    && rm -r src

# A copied file may be older than the empty program that it replaces; cargo must see that it is new.
COPY src src
COPY deploy/image-context.sh deploy/
ARG SOURCE_DATE_EPOCH=0
RUN touch src/lib.rs src/main.rs \
    && deploy/build.sh /program \
    && deploy/image-context.sh /program/gitsyncd /content


FROM scratch AS given
ARG TARGETARCH
COPY ${TARGETARCH}/ /content/


FROM ${PROGRAM} AS content


FROM scratch AS program
COPY --from=content /content/image/ /
# A new named volume takes over the owner of the directory that it hides.
COPY --from=content --chown=65533:65533 /content/volume/ /git/

# What a large sync needed goes back to the system: malloc keeps much of it otherwise.
ENV GLIBC_TUNABLES=glibc.malloc.mmap_threshold=65536:glibc.malloc.trim_threshold=65536

USER 65533:65533

ARG CREATED=
ARG REVISION=
ARG SOURCE=
ARG VERSION=
LABEL org.opencontainers.image.title="gitsyncd" \
      org.opencontainers.image.description="Keeps a directory equal to a Git ref" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.version="${VERSION}"


# In the place of git-sync's own image: the same name of the program, the same root.
FROM program AS git-sync
ENV GITSYNC_ROOT=/git
ENTRYPOINT ["/git-sync"]


FROM program AS gitsyncd
ENTRYPOINT ["/gitsyncd"]
