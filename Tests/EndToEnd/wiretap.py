"""RTP packets as they cross the loopback interface, with the kernel's time of each. Needs root."""

import socket
import struct
import threading
import time

loopback = "lo"
every_protocol = 3
packet_outgoing = 4
# SO_TIMESTAMPNS of Linux; Python has no name for it.
timestamps = 35


class Wiretap:
    """Of every UDP packet whose source or destination port is named, if it is RTP: when, and both ports."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(every_protocol))
        self._socket.setsockopt(socket.SOL_SOCKET, timestamps, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 << 20)
        self._socket.bind((loopback, 0))
        self._socket.settimeout(0.2)
        self._packets = []
        self._is_open = True
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while self._is_open:
            try:
                data, control, _, sender = self._socket.recvmsg(65_600, 64)
            except TimeoutError:
                continue
            except OSError:
                return
            # Loopback shows each packet going out and coming in: once is enough.
            if sender[2] != packet_outgoing:
                continue
            packet = self._rtp(data)
            if packet:
                seconds, nanoseconds = struct.unpack("qq", control[0][2][:16]) if control else (time.time(), 0)
                self._packets.append((seconds + nanoseconds / 1e9, *packet))

    @staticmethod
    def _rtp(frame):
        """Source and destination port of an RTP packet; none for anything else."""
        kind = struct.unpack("!H", frame[12:14])[0]
        if kind == 0x0800 and frame[23] == socket.IPPROTO_UDP:
            start = 14 + (frame[14] & 15) * 4
        elif kind == 0x86DD and frame[20] == socket.IPPROTO_UDP:
            start = 14 + 40
        else:
            return None
        payload = frame[start + 8:start + 10]
        # RFC 7983 for RTP and RTCP together, RFC 5761 4 for the two of them.
        if len(payload) < 2 or not 128 <= payload[0] <= 191 or 64 <= payload[1] & 0x7F <= 95:
            return None
        return struct.unpack("!HH", frame[start:start + 4])

    def times(self, source=None, target=None):
        """When RTP went out of the port `source`, or to the port `target`; seconds since 1970, in order."""
        return [at for at, first, second in list(self._packets) if first == source or second == target]

    def close(self):
        self._is_open = False
        self._thread.join(2)
        self._socket.close()
