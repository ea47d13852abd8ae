import ICELite
import Primitives

/// The side that connects to a server: checks go out, and what answers them is the path.
extension PeerTransport {
    /// The next check that is due, if any, and the path that it takes; none toward a peer that connects to us.
    package mutating func nextCheck(
        now: MonotonicTime,
        random: inout some RandomNumberGenerator
    ) -> (datagram: [UInt8], path: ICEPair)? {
        guard let port = outboundPort, let check = checks?.poll(now: now, random: &random) else { return nil }
        // The system chooses the address that it leaves from: the answer says which one it was.
        let local =
            check.remote.isIPv6
            ? SocketAddress(ipv6High: 0, ipv6Low: 0, port: port) : SocketAddress(ipv4: 0, port: port)
        return (check.bytes, ICEPair(remote: check.remote, local: local))
    }

    /// Takes the answer to a check of ours.
    ///
    /// A valid one makes its path live; the first makes it the path of handshake and media.
    package mutating func receiveAnswer(
        _ datagram: RawSpan,
        on path: ICEPair,
        now: MonotonicTime
    ) -> ICECheckingClient.Outcome {
        let outcome = checks?.receive(datagram, from: path.remote, now: now) ?? .ignored
        if case .answered = outcome {
            ice.noteAnswer(on: path, selects: path.remote == checks?.selected, now: now)
            startHandshake(now: now)
        }
        return outcome
    }
}
