# shellcheck shell=bash
# To be sourced: two network namespaces with a name, an address and an ssh server each, which stand for two machines of a cluster.
#
#   hosts_up [RATE]      makes them; with a link of RATE (such as 1gbit, 250mbit) between them; the second one's processes have
#                        the cores that the second word of $hosts_cores names
#   on_first CMD…        runs CMD on the first
#   hosts_down           takes them away; also to be called when a script ends
#
# Needs root, iproute2 and openssh-server. Addresses: 10.77.93.1 and 10.77.93.2.
#
# And any number of hosts that may fail, each with processes, a name, memory (/dev/shm), an address and an ssh server of its own:
#
#   cluster_up N         makes hosts 1 to N, all on one network
#   host_address I       prints the address of host I
#   host_run I CMD…      runs CMD on host I
#   host_kill I          kills all processes of host I at once, as a loss of power does
#   host_start I         starts it again; its memory is empty
#   host_pause I         stops all its processes; host_go_on I lets them go on
#   link_down I          cuts host I off; link_up I mends that
#   cluster_down         takes them away; also to be called when a script ends

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

cluster_hosts=0
# Names of this process's own: several clusters may be up at once.
cluster_name="cnn-$$"

cluster_up() {
    cluster_hosts=$1
    hosts_folder=$(mktemp -d)
    ssh-keygen -q -t ed25519 -N '' -f "$hosts_folder/host_key"
    ssh-keygen -q -t ed25519 -N '' -f "$hosts_folder/key"
    mkdir -p /run/sshd
    export OMPI_MCA_plm_rsh_agent="ssh -i $hosts_folder/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    ip netns add "$cluster_name"
    ip -n "$cluster_name" link add cnn-bridge type bridge
    ip -n "$cluster_name" link set cnn-bridge up
    local host
    for host in $(seq "$cluster_hosts"); do
        ip netns add "$cluster_name-$host"
        ip link add "cnn-$host" netns "$cluster_name" type veth peer name eth0 netns "$cluster_name-$host"
        ip -n "$cluster_name" link set "cnn-$host" master cnn-bridge up
        ip -n "$cluster_name-$host" address add "$(host_address "$host")/24" dev eth0
        ip -n "$cluster_name-$host" link set lo up
        ip -n "$cluster_name-$host" link set eth0 up
        cat >"$hosts_folder/sshd_config.$host" <<EOF
ListenAddress $(host_address "$host")
HostKey $hosts_folder/host_key
AuthorizedKeysFile $hosts_folder/key.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
EOF
        host_start "$host"
    done
}

host_address() { echo "10.77.94.$1"; }

host_start() {
    # The ssh server is the first process of the host's: all others end with it.
    ip netns exec "$cluster_name-$1" unshare --uts --mount --pid --fork --kill-child --mount-proc sh -c '
        hostname "cnn-$1"
        mount -t tmpfs -o size=1g tmpfs /dev/shm
        exec /usr/sbin/sshd -D -f "$2"' sh "$1" "$hosts_folder/sshd_config.$1" 2>>"$hosts_folder/sshd.log" &
    local outside=$! agent
    echo "$outside" >"$hosts_folder/outside.$1"
    read -ra agent <<<"$OMPI_MCA_plm_rsh_agent"
    for _ in $(seq 100); do
        pgrep -P "$outside" >"$hosts_folder/init.$1" || true
        if [ -s "$hosts_folder/init.$1" ] &&
            ip netns exec "$cluster_name-$1" "${agent[@]}" "$(host_address "$1")" true 2>/dev/null; then return 0; fi
        sleep 0.05
    done
    echo "host $1 does not start:" >&2
    cat "$hosts_folder/sshd.log" >&2
    return 1
}

host_run() {
    local host=$1
    shift
    nsenter --target "$(cat "$hosts_folder/init.$host")" --net --uts --mount --pid --wdns="$PWD" "$@"
}

host_kill() {
    kill -KILL "$(cat "$hosts_folder/init.$1")" 2>/dev/null || true
    wait "$(cat "$hosts_folder/outside.$1")" 2>/dev/null || true
}

# All processes of host I, as seen from outside.
host_processes() {
    local space
    space=$(readlink "/proc/$(cat "$hosts_folder/init.$1")/ns/pid")
    local process
    for process in /proc/[0-9]*; do
        if [ "$(readlink "$process/ns/pid" 2>/dev/null)" = "$space" ]; then echo "${process#/proc/}"; fi
    done
}

host_pause() { host_processes "$1" | xargs -r kill -STOP; }
host_go_on() { host_processes "$1" | xargs -r kill -CONT; }

link_down() { ip -n "$cluster_name" link set "cnn-$1" down; }
link_up() { ip -n "$cluster_name" link set "cnn-$1" up; }

cluster_down() {
    [ -n "$hosts_folder" ] || return 0
    local host
    for host in $(seq "$cluster_hosts"); do
        if [ -e "$hosts_folder/init.$host" ]; then host_kill "$host"; fi
        ip netns delete "$cluster_name-$host" 2>/dev/null || true
    done
    ip netns delete "$cluster_name" 2>/dev/null || true
    rm -rf "$hosts_folder"
    hosts_folder=
    cluster_hosts=0
}
