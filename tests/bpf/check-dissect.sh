#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
#
# Lets Wireshark judge what weft emits: every encapsulated packet and every answer of the packet
# tests, with all checksums verified.
#
#     tests/bpf/check-dissect.sh [BUILD]
#
# Ends in `N passed, N failed, N skipped`.
set -euo pipefail

BUILD=${1:-build}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
PCAP=$WORK/emitted.pcap
FAILED=0
COUNT=0

# Without what needs several packets of one flow: the tests' packets are not a conversation.
WIRESHARK=(-r "$PCAP" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE
	-o tcp.check_checksum:TRUE -o tcp.analyze_sequence_numbers:FALSE
	-o arp.detect_duplicate_ips:FALSE -o udp.ignore_ipv6_zero_checksum:TRUE)
# A quote of a TCP segment is not all of it, so its checksum cannot be right.
QUOTE='(icmp.type == 3 || icmpv6.type == 2) && tcp'

TUNNEL='vxlan || geneve || gre'

check() {
	local name=$1 rc=0

	shift
	COUNT=$((COUNT + 1))
	"$@" >"$WORK/out" 2>&1 || rc=$?
	if ((rc == 0)); then
		echo "ok $name"
	else
		FAILED=$((FAILED + 1))
		echo "not ok $name"
		head -n 40 "$WORK/out" | sed 's/^/    /'
	fi
}

dissect() {
	# It warns root, each time.
	tshark "${WIRESHARK[@]}" "$@" 2> >(grep -v '^Running as user' >&2)
}

# at_least N FILTER: so many packets of a kind are there, so that the rest means something
at_least() {
	local n

	n=$(dissect -Y "$2" | wc -l) || return
	echo "$n packets are: $2"
	((n >= $1))
}

# both N FILTER: so many over IPv4 and over IPv6
both() {
	at_least "$1" "$2 && ip.src == 192.0.2.1" && at_least "$1" "$2 && ipv6.src == 2001:db8::1"
}

none() {
	dissect -Y "$1" -T fields -e frame.number -e frame.protocols -e _ws.col.Info \
		-e _ws.expert.message >"$WORK/bad" || return
	cat "$WORK/bad"
	[[ ! -s $WORK/bad ]]
}

emit() {
	WEFT_TEST_THIN=100000 "$BUILD/tests/test_packets" --pcap "$PCAP"
}

if ! command -v tshark >/dev/null; then
	echo "skip: there is no tshark; it is in Debian's package of that name"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi

check "the packet tests write what weft emits" emit
check "VXLAN over IPv4 is there" at_least 30 "vxlan && ip.src == 192.0.2.1"
check "VXLAN over IPv6 is there" at_least 20 "vxlan && ipv6.src == 2001:db8::1"
check "VXLAN-GBP over both is there" both 8 "vxlan.flag_g == 1 && vxlan.gbp == 0x39f9"
check "Geneve with our option over both is there" both 8 \
	"geneve.option.class == 0xff77 && geneve.option.type == 1 && geneve.option.length == 12"
check "Geneve without options over both is there" both 8 "geneve && !geneve.option"
check "NVGRE over both is there" both 8 "gre.key && gre.proto == 0x6558"
check "tags within tunnels over both are there" both 3 "vxlan && vlan"
check "frames in a VLAN of the wire are there" at_least 3 "vlan.id == 70 && !($TUNNEL)"
check "ARP answers are there" at_least 3 "arp.opcode == 2 && !($TUNNEL)"
check "neighbour advertisements are there" at_least 4 "icmpv6.type == 136 && !($TUNNEL)"
check "fragmentation needed is there" at_least 5 "icmp.type == 3 && icmp.code == 4"
check "packet too big is there" at_least 3 "icmpv6.type == 2"
check "nothing is malformed" none "_ws.malformed"
check "IPv4 header checksums are right" none "ip.checksum.status == 0"
check "ICMP checksums are right" none "icmp.checksum.status == 0 && !($TUNNEL)"
check "ICMPv6 checksums are right" none "icmpv6.checksum.status == 0"
check "UDP checksums are right or absent" none "udp.checksum.status == 0"
check "TCP checksums are right" none "tcp.checksum.status == 0 && !($QUOTE)"
check "outer UDP has no checksum" none "(vxlan || geneve) && !(udp.checksum == 0)"
# That a connection is reset is what a rejecting rule means, and a warning to Wireshark.
check "no warning" none "_ws.expert.severity >= \"Warning\" && !($QUOTE) && !tcp.connection.rst"
echo "$((COUNT - FAILED)) passed, $FAILED failed, 0 skipped"
((FAILED == 0))
