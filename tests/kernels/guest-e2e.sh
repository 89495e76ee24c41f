#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#
# A short end-to-end test for the kernels that scripts/test-kernels boots: two nodes, one workload
# on each, everything that two-nodes.yaml describes.
#
#     w1 [eth0]==[vw1] a [ul]======[ul] b [vw2]==[eth0] w2        each letter a network namespace
#     10.9.0.11      192.0.2.1      192.0.2.2      10.9.0.12
#     fd00:9::11                                   fd00:9::12
#
# Prints TAP. Also runs on the host, as root: unshare -m bash -c 'mount -t bpf bpf /sys/fs/bpf &&
# WEFT=build/weft tests/kernels/guest-e2e.sh'. E2E_ALONE=1 says that nobody else loads BPF programs
# on this machine, so that leftovers can be counted.
set -euo pipefail

HERE=$(cd "$(dirname "$0")" && pwd)
WEFT=${WEFT:-weft}
FILE=${FILE:-$HERE/two-nodes.yaml}
ALONE=${E2E_ALONE:-0}
ID=e2e$$
A=$ID-a B=$ID-b C=$ID-c W1=$ID-w1 W2=$ID-w2
WORK=$(mktemp -d)
LISTENER=
CAPTURER=
AGENT=
CAPTURE=()
FAILED=0
COUNT=0

cleanup() {
	local ns

	[[ -z $LISTENER ]] || kill "$LISTENER" 2>/dev/null || true
	[[ -z $CAPTURER ]] || kill "$CAPTURER" 2>/dev/null || true
	[[ -z $AGENT ]] || kill "$AGENT" 2>/dev/null || true
	weft down a >/dev/null 2>&1 || true
	weft down b >/dev/null 2>&1 || true
	weft down c >/dev/null 2>&1 || true
	for ns in "$A" "$B" "$C" "$W1" "$W2"; do
		ip netns del "$ns" 2>/dev/null || true
	done
	rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# Not "ip netns exec", which would hide bpffs.
in_ns() {
	local ns=$1

	shift
	nsenter --net="/run/netns/$ns" "$@"
}

# weft VERB NODE [ARGUMENT...]
weft() {
	local verb=$1 node=$2

	shift 2
	"$WEFT" "$verb" "$@" --node "$node" --netns "/run/netns/$ID-$node"
}

# check WHAT COMMAND...: one TAP line; what the command printed is shown if it failed
check() {
	local what=$1

	shift
	COUNT=$((COUNT + 1))
	if "$@" >"$WORK/out" 2>&1; then
		echo "ok $COUNT - $what"
	else
		echo "not ok $COUNT - $what"
		sed 's/^/# /' "$WORK/out"
		FAILED=$((FAILED + 1))
	fi
}

skip() {
	COUNT=$((COUNT + 1))
	echo "ok $COUNT - $1 # SKIP $2"
}

# host NODE ADDRESS PORT WORKLOAD MAC IPV4 IPV6
host() {
	local node=$1 address=$2 port=$3 workload=$4 mac=$5 ipv4=$6 ipv6=$7

	ip -n "$node" link set lo up
	ip -n "$node" addr add "$address/24" dev ul
	ip -n "$node" link set ul up
	ip -n "$node" link add "$port" type veth peer name eth0 netns "$workload"
	ip -n "$node" link set "$port" up
	ip -n "$workload" link set lo up
	ip -n "$workload" link set eth0 address "$mac" mtu 1450
	ip -n "$workload" addr add "$ipv4/24" dev eth0
	ip -n "$workload" addr add "$ipv6/64" dev eth0 nodad
	ip -n "$workload" link set eth0 up
}

topology() {
	local ns

	for ns in "$A" "$B" "$W1" "$W2"; do
		ip netns add "$ns"
	done
	ip -n "$A" link add ul type veth peer name ul netns "$B"
	host "$A" 192.0.2.1 vw1 "$W1" 02:00:00:00:00:01 10.9.0.11 fd00:9::11
	host "$B" 192.0.2.2 vw2 "$W2" 02:00:00:00:00:02 10.9.0.12 fd00:9::12
	for ns in "$A" "$B" "$W1" "$W2"; do
		carriers "$ns"
	done
}

# carriers NAMESPACE: the kernel notices a carrier some time after "up" and drops until then
carriers() {
	local try

	for try in {1..50}; do
		ip -n "$1" link show up | grep -v lo: | grep -q ' state [^U]' || return 0
		sleep 0.1
	done
	echo "# $1: no carrier after $((try / 10)) s"
}

# ping_all NAMESPACE ADDRESS: three requests, three answers (busybox is content with one)
ping_all() {
	local out

	out=$(in_ns "$1" busybox ping -c 3 -i 0.2 -W 3 "$2") || true
	echo "$out"
	grep -q ' 3 packets received' <<<"$out"
}

unreachable() {
	local rc=0

	in_ns "$1" busybox ping -c 1 -W 1 "$2" || rc=$?
	# The kernel would drop what is sent while it still tries, in vain, to resolve this address.
	ip -n "$1" neigh flush all
	((rc != 0))
}

# transfer ADDRESS PORT: 2 MiB over TCP from w1 to w2, compared byte by byte
transfer() {
	local deadline=$((SECONDS + 5)) rc=1

	# The listener would end the connection at the end of its own input: give it one that has none.
	[[ -p $WORK/endless ]] || mkfifo "$WORK/endless"
	exec 4<>"$WORK/endless"
	in_ns "$W2" timeout 30 busybox nc -l -p "$2" <&4 >"$WORK/got" 4>&- &
	LISTENER=$!
	# Refused until the listener is there.
	while ((rc && SECONDS < deadline)); do
		if in_ns "$W1" timeout 20 busybox nc "$1" "$2" <"$WORK/sent" 4>&-; then
			rc=0
		else
			sleep 0.1
		fi
	done
	exec 4>&-
	((rc == 0)) || kill "$LISTENER" || true
	wait "$LISTENER" || rc=1
	LISTENER=
	((rc == 0)) && cmp "$WORK/sent" "$WORK/got"
}

# tcx came with Linux 6.6. Asked of the version and not of weft: the test has its own opinion.
expected_hook() {
	local major minor rest

	IFS=. read -r major minor rest < <(uname -r)
	if ((major > 6 || (major == 6 && ${minor%%[!0-9]*} >= 6))); then
		echo tcx
	else
		echo clsact
	fi
}

# status_names NODE HOOK
status_names() {
	local out

	out=$(weft status "$1") || return
	echo "$out"
	grep -qw "$2" <<<"$out"
}

status_json() {
	local out

	out=$(weft status "$1" --json) || return
	echo "$out"
	[[ $out == "{"* ]] && grep -q "\"$2\"" <<<"$out"
}

# qdisc_agrees HOOK: what tc sees on a port's host side
qdisc_agrees() {
	local out seen=tcx

	out=$(in_ns "$A" tc qdisc show dev vw1; in_ns "$A" tc filter show dev vw1 ingress)
	echo "$out"
	if [[ $out == *clsact*bpf* ]]; then
		seen=clsact
	fi
	[[ $seen == "$1" ]]
}

has_xdp() {
	local out

	out=$(ip -n "$1" -d link show dev ul)
	echo "$out"
	grep -q 'prog/xdp' <<<"$out"
}

# A node of its own, whose uplink is a tap that nobody holds: its driver has XDP, and nothing comes.
xdp_is_tested() {
	local out rc=0

	ip netns add "$C"
	ip -n "$C" tuntap add ul mode tap
	ip -n "$C" link set ul up
	ip -n "$C" addr add 192.0.2.3/24 dev ul
	echo 'nodes: [{name: c, vtep: 192.0.2.3, uplinks: [ul]}]' >"$WORK/c.yaml"
	weft apply c "$WORK/c.yaml" || rc=1
	out=$(weft status c) || rc=1
	echo "$out"
	grep -q "^ul *xdp *native *auto .*no packet came in during the test" <<<"$out" || rc=1
	weft down c || rc=1
	ip netns del "$C" || rc=1
	return $rc
}

# captured WORDS COMMAND...: a capture on node a, of one packet like these, shows them
captured() {
	local words=$1 try rc=0

	shift
	weft capture a --count 1 --duration 10 "${CAPTURE[@]}" >"$WORK/captured" 2>"$WORK/capturing" &
	CAPTURER=$!
	for try in {1..100}; do
		grep -q capturing "$WORK/capturing" || ! kill -0 "$CAPTURER" && break
		sleep 0.1
	done
	"$@" || true
	wait "$CAPTURER" || rc=$?
	CAPTURER=
	cat "$WORK/capturing" "$WORK/captured"
	((rc == 0)) && grep -q "$words" "$WORK/captured"
}

# explained WORDS STATUS NODE OPTION...
explained() {
	local words=$1 status=$2 rc=0 out

	shift 2
	out=$(weft explain "$@" 2>&1) || rc=$?
	echo "$out"
	((rc == status)) && grep -q "$words" <<<"$out"
}

# with_agent COMMAND...: while an agent looks after node a and has given up its rights
with_agent() {
	local try rc=0 out

	: >"$WORK/events"
	# Not by the function, whose process would be a shell.
	"$WEFT" agent "$FILE" --node a --netns "/run/netns/$A" --state "$WORK/a.json" \
		--interval 0.5 >>"$WORK/events" 2>&1 &
	AGENT=$!
	for try in {1..100}; do
		grep -q '"started"' "$WORK/events" || ! kill -0 "$AGENT" && break
		sleep 0.1
	done
	sleep 1
	out=$(weft status a) || rc=1
	echo "$out"
	grep -q "^agent .*: in step" <<<"$out" || rc=1
	"$@" || rc=1
	# The file's programs were there already, and nobody has touched them.
	grep -E '"(reconciled|repaired|failed)"' "$WORK/events" && rc=1
	kill "$AGENT" && wait "$AGENT" || rc=1
	AGENT=
	cat "$WORK/events"
	return $rc
}

# A VXLAN packet with a VNI that is nobody's, from node b to node a, where XDP drops it.
wrong_vni() {
	in_ns "$B" bash -c 'printf "\010\000\000\000\000\003\347\000%64s" >/dev/udp/192.0.2.1/4789'
}

# All that a node can be left with: programs on hooks, qdiscs, interfaces it did not have.
node_bare() {
	local ns=$1 out

	out=$(ip -n "$ns" -d link show; in_ns "$ns" tc qdisc show)
	echo "$out"
	! grep -qE 'prog/xdp|clsact' <<<"$out" && [[ $(grep -cE '^[0-9]+: ' <<<"$out") == 3 ]]
}

# Everything BPF in this kernel: ids with names, and pins. libxdp keeps its own (empty) directory.
bpf_objects() {
	local kind

	for kind in prog map link; do
		bpftool "$kind" show | grep -E '^[0-9]+:' || true
	done
	find /sys/fs/bpf -mindepth 1 ! -path /sys/fs/bpf/xdp
}

# The kernel frees programs and maps some time after the last reference has gone.
nothing_left() {
	local try

	for try in {1..50}; do
		bpf_objects >"$WORK/after"
		cmp -s "$WORK/before" "$WORK/after" && return
		sleep 0.1
	done
	echo "still there after $((try / 10)) s:"
	diff "$WORK/before" "$WORK/after"
}

main() {
	local hook

	hook=$(expected_hook)
	head -c $((2 << 20)) /dev/urandom >"$WORK/sent"
	topology
	bpf_objects >"$WORK/before"

	check "without weft there is no path" unreachable "$W1" 10.9.0.12
	check "apply on node a" weft apply a "$FILE"
	check "apply on node b" weft apply b "$FILE"
	check "apply again on node a" weft apply a "$FILE"
	check "ping IPv4, a to b" ping_all "$W1" 10.9.0.12
	check "ping IPv4, b to a" ping_all "$W2" 10.9.0.11
	check "ping IPv6, a to b" ping_all "$W1" fd00:9::12
	check "ping IPv6, b to a" ping_all "$W2" fd00:9::11
	check "TCP over IPv4" transfer 10.9.0.12 5001
	check "TCP over IPv6" transfer fd00:9::12 5002
	check "status says $hook" status_names a "$hook"
	check "status --json says $hook" status_json a "$hook"
	check "tc agrees: $hook" qdisc_agrees "$hook"
	check "XDP on the uplink of a" has_xdp "$A"
	check "XDP on the uplink of b" has_xdp "$B"
	check "sending by the uplink was tested" status_names a "(tested)"
	check "receiving by an uplink is tested" xdp_is_tested
	CAPTURE=(--port web-1)
	check "a capture sees what TC sends" captured "echo request.*: sent to node b" ping_all "$W1" 10.9.0.12
	CAPTURE=(--drops)
	check "a capture sees what XDP drops" captured "VNI 999.*: dropped: VXLAN_VNI_NOT_FOUND" wrong_vni
	check "explain from a port" explained "^sent to node b" 0 a --port web-1 --to 10.9.0.12 --tcp 5001
	check "explain to everybody" explained "^flooded: 1 copy" 0 a --port web-1 --broadcast
	check "explain from the underlay" explained "^delivered to port web-2" 0 b \
		--underlay ul --from fd00:9::11 --to web-2 --udp 53
	check "explain a drop" explained "^dropped: VXLAN_VNI_NOT_FOUND" 5 b \
		--underlay ul --from 10.9.0.11 --to web-2 --vni 999
	check "an agent takes node a over" with_agent ping_all "$W1" 10.9.0.12
	check "down on node a" weft down a
	check "down on node b" weft down b
	check "node a is bare" node_bare "$A"
	check "node b is bare" node_bare "$B"
	check "after down there is no path" unreachable "$W1" 10.9.0.12
	if ((ALONE)); then
		check "no program, map, link or pin is left" nothing_left
	else
		skip "no program, map, link or pin is left" "others use BPF here"
	fi
	echo "1..$COUNT"
	((FAILED == 0))
}

main
