import DTLSHandshakes
import Primitives

/// Our certificate, made once, as a key for each input would take all the time; `nil` if libcrypto fails.
private let identity = try? DTLSIdentity(
    validFrom: WallClockTime(nanosecondsSince1970: 1_700_000_000_000_000_000)
)
private let start = MonotonicTime(nanoseconds: 1_000_000_000)
/// More datagrams than one flight has.
private let datagramLimit = 24

/// A flight of DTLS datagrams (each behind its length in two bytes; what is left over is the last), to a
/// server and to a client that has begun.
@discardableResult
package func fuzzDTLSRecords(_ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
    let identity = try demandValue(identity, "libcrypto makes an identity")
    let datagrams = datagrams(in: bytes)
    var answered = false
    for role in [DTLSRole.server, .client] {
        let handshake = DTLSHandshake(role: role, identity: identity, remoteFingerprints: [])
        handshake.start(now: start)
        let opening = try drain(handshake)
        try demand((opening > 0) == (role == .client), "the client speaks first")
        for datagram in datagrams {
            handshake.receive(datagram.span.bytes, now: start)
            if try drain(handshake) > 0 { answered = true }
            try checkStatus(handshake)
        }
        // Lost answers are repeated, and an end comes whatever was received.
        for _ in 0..<4 {
            guard let due = handshake.nextTimeout else { break }
            handshake.handleTimeout(now: due)
            _ = try drain(handshake)
        }
        handshake.handleTimeout(
            now: start.advanced(byMilliseconds: DTLSHandshake.handshakeMilliseconds + 1)
        )
        try checkStatus(handshake)
        try demand(handshake.nextTimeout == nil || handshake.status == .handshaking, "an end has no timer")
        handshake.close()
        handshake.releaseHandshakeState()
        _ = try drain(handshake)
    }
    return answered
}

/// Takes what there is to send; answers how many datagrams it was.
private func drain(_ handshake: DTLSHandshake) throws(BrokenInvariant) -> Int {
    var count = 0
    while let datagram = handshake.nextOutgoingDatagram() {
        count += 1
        try demand(
            (13...DTLSHandshake.maximumDatagramLength).contains(datagram.count),
            "a datagram fits every path"
        )
        try demand(
            datagram.first.map { (20...63).contains($0) } == true,
            "a datagram is DTLS by its first byte"
        )
        try demand(count <= 64, "what there is to send comes to an end")
    }
    return count
}

/// Nobody's certificate was announced, so nobody may get through.
private func checkStatus(_ handshake: DTLSHandshake) throws(BrokenInvariant) {
    if case .established = handshake.status {
        throw BrokenInvariant("no handshake without an announced fingerprint")
    }
}

private func datagrams(in bytes: [UInt8]) -> [[UInt8]] {
    var reader = ByteReader(bytes.span.bytes)
    var found: [[UInt8]] = []
    while found.count < datagramLimit, let length = reader.readUInt16(),
        let datagram = reader.readBytes(min(Int(length), reader.remaining))
    {
        found.append(datagram)
    }
    if let rest = reader.readBytes(reader.remaining), !rest.isEmpty { found.append(rest) }
    return found
}
