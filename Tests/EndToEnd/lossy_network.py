"""A network namespace behind a veth pair, whose loss is set while it runs. Needs root."""

import contextlib
import ctypes
import ipaddress
import os
import subprocess

# Set aside for benchmarks of networks (RFC 2544, RFC 5180), so that they meet no real network.
reserved = {4: ipaddress.ip_network("198.18.0.0/15"), 6: ipaddress.ip_network("2001:2::/48")}


def run(*command, check=True):
    return subprocess.run(command, check=check, capture_output=True, text=True)


class LossyNetwork:
    """Programs run `inside()` reach the host at `host_address`, through a link that can lose datagrams.

    The link carries IPv4 only, or IPv6 only.
    """

    def __init__(self, version=4):
        suffix = os.getpid() % 100_000
        self.name = f"tally{suffix}"
        self.link = f"tly{suffix}h"
        self.peer_link = f"tly{suffix}p"
        # Four addresses of its own, so that two runs at a time do not take each other's packets.
        network = reserved[version]
        first = network.network_address + 4 * (suffix % (network.num_addresses // 4))
        self.host_address, self.peer_address = str(first + 1), str(first + 2)
        try:
            run("ip", "netns", "add", self.name)
            run("ip", "link", "add", self.link, "type", "veth", "peer", "name", self.peer_link)
            run("ip", "link", "set", self.peer_link, "netns", self.name)
            # A link-local address that appears a second later makes a browser drop what it is loading.
            run("ip", "link", "set", self.link, "addrgenmode", "none")
            run(*self.inside("ip", "link", "set", self.peer_link, "addrgenmode", "none"))
            # Without the second in which IPv6 looks for others with the same address.
            width, *rest = ("/30",) if version == 4 else ("/126", "nodad")
            run("ip", "address", "add", self.host_address + width, "dev", self.link, *rest)
            run("ip", "link", "set", self.link, "up")
            run(*self.inside("ip", "address", "add", self.peer_address + width, "dev", self.peer_link, *rest))
            run(*self.inside("ip", "link", "set", self.peer_link, "up"))
            run(*self.inside("ip", "link", "set", "lo", "up"))
        except BaseException:
            self.remove()
            raise

    def inside(self, *command):
        return ["ip", "netns", "exec", self.name, *command]

    @contextlib.contextmanager
    def entered(self):
        """What this thread connects or starts within is inside."""
        system = ctypes.CDLL(None, use_errno=True)

        def enter(path):
            with open(path) as namespace:
                if system.setns(namespace.fileno(), 0) != 0:
                    raise OSError(ctypes.get_errno(), f"cannot enter {path}")

        with open("/proc/thread-self/ns/net") as outside:
            enter(f"/run/netns/{self.name}")
            try:
                yield
            finally:
                enter(f"/proc/self/fd/{outside.fileno()}")

    def lose(self, percent):
        """Drops that share of the datagrams, at random, in each direction; answers what does the dropping."""
        self._clear()
        if percent == 0:
            return "nothing"
        netem = ["root", "netem", "loss", "random", f"{percent}%"]
        if run("tc", "qdisc", "add", "dev", self.link, *netem, check=False).returncode == 0:
            run(*self.inside("tc", "qdisc", "add", "dev", self.peer_link, *netem))
            return "netem"
        # Kernels without netem: the receiving side drops before its sockets, which senders cannot tell apart.
        self._drop_received([], self.link, percent)
        self._drop_received(self.inside(), self.peer_link, percent)
        return "nftables"

    def _drop_received(self, prefix, link, percent):
        rules = f"""
            table inet {self.name} {{
                chain arriving {{
                    type filter hook prerouting priority raw; policy accept;
                    iifname "{link}" meta l4proto udp numgen random mod 1000 < {percent * 10} counter drop
                }}
            }}
        """
        subprocess.run([*prefix, "nft", "-f", "-"], input=rules, check=True, capture_output=True, text=True)

    def _clear(self):
        run("tc", "qdisc", "del", "dev", self.link, "root", check=False)
        run(*self.inside("tc", "qdisc", "del", "dev", self.peer_link, "root"), check=False)
        run("nft", "delete", "table", "inet", self.name, check=False)
        run(*self.inside("nft", "delete", "table", "inet", self.name), check=False)

    def remove(self):
        self._clear()
        # Deleting the namespace takes its end of the pair along, and that the other end.
        run("ip", "netns", "del", self.name, check=False)
        run("ip", "link", "del", self.link, check=False)
