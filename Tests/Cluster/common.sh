# shellcheck shell=bash
# To be sourced by the scripts of this folder, which name themselves in $check and may clean up in a function clean_up.

# shellcheck disable=SC2154
cannot_run() {
    echo "=== $check: NOT RUN: $* ===" >&2
    exit 77
}

failed() {
    echo "$check: $*" >&2
    exit 1
}

say() {
    echo "$check: $(date +%T): $*"
}

# until_true SECONDS COMMAND…: whether the command succeeds within so many seconds.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        if ((SECONDS >= end)); then return 1; fi
        sleep 0.2
    done
}

# Debian's packages, where they are missing and can be installed.
need_packages() {
    local package missing=()
    for package in "$@"; do
        if [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
            missing+=("$package")
        fi
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
        cannot_run "these packages are missing: ${missing[*]}"
    fi
    say "installing ${missing[*]}"
    {
        apt-get -qq update
        DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "${missing[@]}"
    } >/dev/null 2>&1 </dev/null || cannot_run "Debian's packages ${missing[*]} cannot be installed"
}

# digest RUN: of the parameters at the end of the run in a folder; fails where it has not ended.
digest() {
    sed -n 's/.*"kind": "final".*"parameters_sha256": "\([0-9a-f]*\)".*/\1/p' "$1/metrics.jsonl" | tail -n 1 | grep .
}

# The last step that a run has told of.
last_step() {
    sed -n 's/.*"kind": "train".*"step": \([0-9]*\),.*/\1/p' "$1/metrics.jsonl" 2>/dev/null | tail -n 1
}

# reached RUN STEP
reached() {
    [[ $(last_step "$1") -ge $2 ]]
}

# same_digest NAME RUN CALM
same_digest() {
    local found expected
    found=$(digest "$2") || failed "$1: the run has not ended: $(tail -n 1 "$2/metrics.jsonl")"
    expected=$(digest "$3")
    [[ $found == "$expected" ]] || failed "$1: the digest is $found; expected $expected, the calm run's"
    say "$1: digest ${found:0:16}… as of the calm run"
}
