# shellcheck shell=bash
# To be sourced: two network namespaces with a name, an address and an ssh server each, which stand for two machines of a cluster.
#
#   hosts_up [RATE]      makes them; with a link of RATE (such as 1gbit, 250mbit) between them; the second one's processes have
#                        the cores that the second word of $hosts_cores names
#   on_first CMD…        runs CMD on the first
#   hosts_down           takes them away; also to be called when a script ends
#
# Needs root, iproute2 and openssh-server. Addresses: 10.77.93.1 and 10.77.93.2.

hosts_folder=
hosts_cores=0-$(($(nproc --all) - 1))
first_host=10.77.93.1
second_host=10.77.93.2

hosts_supported() {
    [ "$(id -u)" -eq 0 ] && command -v ip >/dev/null && command -v tc >/dev/null && [ -x /usr/sbin/sshd ] &&
        ip netns add cnn-probe 2>/dev/null && ip netns delete cnn-probe
}

hosts_up() {
    hosts_folder=$(mktemp -d)
    ssh-keygen -q -t ed25519 -N '' -f "$hosts_folder/host_key"
    ssh-keygen -q -t ed25519 -N '' -f "$hosts_folder/key"
    mkdir -p /run/sshd
    ip netns add cnn-a
    ip netns add cnn-b
    ip link add cnn-a0 netns cnn-a type veth peer name cnn-b0 netns cnn-b
    ip -n cnn-a address add "$first_host/24" dev cnn-a0
    ip -n cnn-b address add "$second_host/24" dev cnn-b0
    for end in a b; do
        ip -n "cnn-$end" link set lo up
        ip -n "cnn-$end" link set "cnn-${end}0" up
        if [ $# -gt 0 ]; then
            ip netns exec "cnn-$end" tc qdisc add dev "cnn-${end}0" root tbf rate "$1" burst 256kb latency 200ms
        fi
    done
    cat >"$hosts_folder/sshd_config" <<EOF
ListenAddress $second_host
HostKey $hosts_folder/host_key
AuthorizedKeysFile $hosts_folder/key.pub
PidFile $hosts_folder/sshd.pid
StrictModes no
UsePAM no
PermitRootLogin yes
EOF
    # A name of its own, too: Open MPI takes processes under one name for neighbours that share memory.
    ip netns exec cnn-b taskset -c "${hosts_cores##* }" unshare --uts sh -c \
        'hostname cnn-b; exec /usr/sbin/sshd -D -f "$1"' sh "$hosts_folder/sshd_config" 2>"$hosts_folder/sshd.log" &
    hosts_server=$!
    export OMPI_MCA_plm_rsh_agent="ssh -i $hosts_folder/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    for _ in $(seq 50); do
        if on_first $OMPI_MCA_plm_rsh_agent "$second_host" true 2>/dev/null; then return 0; fi
        sleep 0.1
    done
    echo "the second host's sshd does not answer:" >&2
    cat "$hosts_folder/sshd.log" >&2
    return 1
}

on_first() {
    ip netns exec cnn-a unshare --uts sh -c 'hostname cnn-a; exec "$@"' sh "$@"
}

hosts_down() {
    [ -n "$hosts_folder" ] || return 0
    kill "$hosts_server" 2>/dev/null || true
    wait "$hosts_server" 2>/dev/null || true
    ip netns delete cnn-a 2>/dev/null || true
    ip netns delete cnn-b 2>/dev/null || true
    rm -rf "$hosts_folder"
    hosts_folder=
}
