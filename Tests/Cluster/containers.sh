# shellcheck shell=bash
# To be sourced after common.sh: Podman, and the images that ours are made from.
#
# Where an image cannot be pulled, one like it is made of Debian's packages. That of Swift then has no toolchain in it: the
# one that runs on this machine is mounted into the build, and so are folders that git's configuration names in place of addresses
# (`url.FOLDER.insteadOf`). These images stay: `podman rmi debian:bookworm-slim swift:6.3-bookworm` removes them.

# Podman, with limits that this machine can give, and with runc: crun, where it is installed too, refuses control groups of both
# versions beside each other.
need_podman() {
    need_packages podman runc netavark aardvark-dns iptables mmdebstrap catatonit "$@"
    containers_folder=$(mktemp -d)
    cat >"$containers_folder/containers.conf" <<END
[containers]
default_ulimits = ["nofile=$(at_most 1024 "$(ulimit -Hn)"):$(at_most 16384 "$(ulimit -Hn)")", "nproc=$(at_most 16384 "$(ulimit -Hu)")"]
[engine]
runtime = "runc"
END
    export CONTAINERS_CONF=$containers_folder/containers.conf
    podman info >/dev/null 2>&1 || cannot_run "Podman does not work here: $(podman info 2>&1 | tail -n 1)"
}

at_most() {
    if [[ $2 == unlimited ]] || ((10#$2 > $1)); then echo "$1"; else echo "$2"; fi
}

# base_image NAME MAKER: an image under a short name, such as debian:bookworm-slim.
base_image() {
    if podman image exists "localhost/$1"; then return; fi
    if timeout 120 podman pull --quiet "$1" >/dev/null 2>&1 </dev/null; then
        podman tag "$1" "localhost/$1"
        return
    fi
    say "$1 cannot be pulled: making one like it of Debian's packages"
    "$2" "$1" >"$containers_folder/log" 2>&1 ||
        cannot_run "an image like $1 cannot be made: $(tail -n 1 "$containers_folder/log")"
}

# A small Debian 12 with the packages of a list with commas, as a tar file.
debian_archive() {
    local excludes=() path settings
    for path in man doc locale info; do excludes+=(--dpkgopt="path-exclude=/usr/share/$path/*"); done
    mmdebstrap --variant=minbase --include="usr-is-merged,$2" --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
        "${excludes[@]}" --dpkgopt='path-include=/usr/share/doc/*/copyright' bookworm "$1"
    # As the images have it that are pulled: apt keeps no caches.
    settings=$(mktemp -d)
    mkdir -p "$settings/etc/apt/apt.conf.d"
    cat >"$settings/etc/apt/apt.conf.d/docker-clean" <<'END'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
END
    tar --append --file "$1" --directory "$settings" --owner=0 --group=0 ./etc/apt/apt.conf.d/docker-clean
    rm -r "$settings"
}

make_debian() {
    debian_archive "$containers_folder/image.tar" ca-certificates
    podman import "$containers_folder/image.tar" "localhost/$1"
    rm "$containers_folder/image.tar"
}

make_swift() {
    local toolchain
    toolchain=$(realpath "$(command -v swiftc)")
    toolchain=${toolchain%/usr/bin/*}
    [[ -x $toolchain/usr/bin/swift ]] || return 1
    debian_archive "$containers_folder/image.tar" \
        ca-certificates,tzdata,git,pkg-config,binutils,libc6-dev,libgcc-12-dev,libstdc++-12-dev,libcurl4,libxml2,libsqlite3-0,libncurses6,libedit2,zlib1g-dev,unzip
    podman import --change "LABEL toolchain=$toolchain" \
        --change "ENV PATH=$toolchain/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" \
        "$containers_folder/image.tar" "localhost/$1"
    rm "$containers_folder/image.tar"
}

# build_image NAME [DEB]: from docker/Dockerfile, which compiles unless a package is given.
build_image() {
    local context=$containers_folder/context toolchain place address mounts=() arguments=()
    base_image debian:bookworm-slim make_debian
    base_image swift:6.3-bookworm make_swift
    # The project without what lies about in it.
    mkdir "$context"
    tar --create --exclude=./.git --exclude=./.build --exclude=./runs . | tar --extract --directory "$context"
    if [[ -n ${2:-} ]]; then
        cp "$2" "$context/"
        arguments+=(--build-arg "PACKAGE=$(basename "$2")")
    fi
    toolchain=$(podman image inspect --format '{{index .Labels "toolchain"}}' localhost/swift:6.3-bookworm)
    if [[ -n $toolchain ]]; then mounts+=(--volume "$toolchain:$toolchain:ro"); fi
    while read -r place address; do
        git config --file "$containers_folder/gitconfig" --add "$place" "$address"
        place=${place#url.}
        place=${place%.insteadof}
        if [[ -d $place && " ${mounts[*]} " != *" $place:$place:ro "* ]]; then
            mounts+=(--volume "$place:$place:ro")
        fi
    done < <(git config --get-regexp '^url\..*\.insteadof$')
    if [[ -e $containers_folder/gitconfig ]]; then
        mounts+=(--volume "$containers_folder/gitconfig:/etc/gitconfig:ro")
    fi
    # Twice, so that nothing that is mounted leaves a trace in the image: the second time the first stage comes from the cache.
    local build=(podman build --format docker --file "$context/docker/Dockerfile" "${arguments[@]}")
    if ! "${build[@]}" "${mounts[@]}" --target build --tag "$1-build" "$context" >"$containers_folder/log" 2>&1 ||
        ! "${build[@]}" --tag "$1" "$context" >>"$containers_folder/log" 2>&1; then
        failed "the image cannot be built: $(tail -n 20 "$containers_folder/log")"
    fi
    rm -r "$context"
}
