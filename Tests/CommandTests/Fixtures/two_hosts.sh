#!/usr/bin/env bash
# two_hosts.sh RANKS COMMAND...: runs COMMAND under Open MPI on two "hosts", network namespaces with names of their own and a wire
# between them; RANKS / 2 on each. Needs root. Exits with 69 where the system allows no namespaces. WIRE=1gbit in the environment makes
# the wire so slow, in each direction.
set -euo pipefail
ranks=$1
shift
folder=$(mktemp -d)
unshare --net --uts sleep 600 & first=$!
unshare --net --uts sleep 600 & second=$!
disown -a
trap 'kill -KILL "$first" "$second" 2>/dev/null; rm -rf "$folder"' EXIT
# Until both are in namespaces of their own.
for ((i = 0; i < 100; i++)); do
    own=$(readlink /proc/self/ns/net)
    [[ $(readlink "/proc/$first/ns/net") != "$own" && $(readlink "/proc/$second/ns/net") != "$own" ]] && break
    sleep 0.05
done
((i < 100)) || exit 69
ip link add wire0 netns "$first" type veth peer name wire1 netns "$second" || exit 69
connect() {
    nsenter -t "$1" --net ip address add "10.77.0.$3/24" dev "$2"
    nsenter -t "$1" --net ip link set "$2" up
    nsenter -t "$1" --net ip link set lo up
    nsenter -t "$1" --uts hostname "host$3"
    [[ -z ${WIRE:-} ]] || nsenter -t "$1" --net tc qdisc add dev "$2" root tbf rate "$WIRE" burst 1mb latency 50ms
}
connect "$first" wire0 1
connect "$second" wire1 2
# What ssh would do: HOST COMMAND...
cat >"$folder/agent" <<AGENT
#!/usr/bin/env bash
shift
exec nsenter -t $second --net --uts bash -c "\$*"
AGENT
chmod +x "$folder/agent"
status=0
nsenter -t "$first" --net --uts mpirun.openmpi --allow-run-as-root --oversubscribe --bind-to none \
    --mca plm_rsh_agent "$folder/agent" --mca oob_tcp_if_include 10.77.0.0/24 --mca btl_tcp_if_include 10.77.0.0/24 \
    --host "10.77.0.1:$((ranks / 2)),10.77.0.2:$((ranks / 2))" -np "$ranks" "$@" || status=$?
echo "bytes over the wire: $(nsenter -t "$first" --net ip -statistics link show wire0 | awk '/TX:/ { getline; print $1 }')" >&2
exit "$status"
