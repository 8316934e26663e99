# One static program, the usual certificate authorities, and nothing else.
#
#     docker build --tag gitsyncd .
#     docker build --tag git-sync --target git-sync .     the same, called as git-sync
#
# BUILD_IMAGE needs Rust, a C compiler and /etc/ssl/certs/ca-certificates.crt.

ARG BUILD_IMAGE=docker.io/library/rust:1.95-bookworm

FROM ${BUILD_IMAGE} AS build
WORKDIR /build

# A target that is named keeps the flags away from build scripts and procedural macros, which must
# not be static. Where none is given it is the machine's own.
ARG TARGET=
ENV RUSTFLAGS="-C target-feature=+crt-static"
RUN echo "${TARGET:-$(rustc -vV | sed -n 's/^host: //p')}" >target-name

# The dependencies come first, with an empty program, so that they are built again only when
# Cargo.toml or Cargo.lock change.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && echo 'fn main() {}' >src/main.rs \
    && : >src/lib.rs \
    && cargo build --locked --release --bin gitsyncd --target "$(cat target-name)" \
    && rm -r src

# A copied file may be older than the empty program that it replaces; cargo must see that it is new.
COPY src src
RUN touch src/lib.rs src/main.rs \
    && cargo build --locked --release --bin gitsyncd --target "$(cat target-name)"

# The content of the image. The second name is for those who come from git-sync.
RUN mkdir -p image/etc/ssl/certs volume \
    && cp "target/$(cat target-name)/release/gitsyncd" image/gitsyncd \
    && ln -s gitsyncd image/git-sync \
    && cp -L /etc/ssl/certs/ca-certificates.crt image/etc/ssl/certs/


FROM scratch AS program
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="gitsyncd" \
      org.opencontainers.image.description="Keeps a directory equal to a Git ref" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

COPY --from=build /build/image/ /
# A new named volume takes over the owner of the directory that it hides.
COPY --from=build --chown=65533:65533 /build/volume/ /git/

# What a large sync needed goes back to the system: malloc keeps much of it otherwise.
ENV GLIBC_TUNABLES=glibc.malloc.mmap_threshold=65536:glibc.malloc.trim_threshold=65536

USER 65533:65533


# In the place of git-sync's own image: the same name of the program, the same root.
FROM program AS git-sync
ENV GITSYNC_ROOT=/git
ENTRYPOINT ["/git-sync"]


FROM program
ENTRYPOINT ["/gitsyncd"]
