import DTLSHandshakes
import Primitives
import RTPPackets
import RelayEngine
import Rooms
import SRTPProtection

/// Sees every datagram that the relay sends to one viewer, before the network can lose it, and objects.
final class Wiretap {
    private struct Nonce: Hashable {
        let ssrc: UInt32
        let index: Int64
    }

    private struct Datagram {
        let bytes: [UInt8]
        let read: Moment
        /// `nil` for what the lease's end kept from leaving.
        let sent: Moment?
    }

    private unowned let simulation: Simulation
    private let viewer: PeerID
    private let audience: AudienceID
    private var inbound: InboundProtection?
    private var waiting: [Datagram] = []
    private var unwrappers: [UInt32: SequenceUnwrapper] = [:]
    private var protected: [Nonce: [UInt8]] = [:]
    private var controlIndices: Set<UInt32> = []
    private var marks: [Nonce: MediaMark] = [:]
    /// Bytes of payload of everything but slates.
    private var mediaLengths: [Nonce: Int] = [:]
    private let lineNames: [UInt32: LineName]
    /// By media SSRC.
    private(set) var lines: [UInt32: LineRecord] = [:]
    /// Tracks that a line was ever fed from.
    var tracks: [UInt32: Set<UInt32>] = [:]
    var mayThin = false
    private(set) var senderReports: [(ssrc: UInt32, time: MonotonicTime)] = []
    /// Sources that the relay has ended.
    private(set) var goodbyes: [UInt32] = []
    private(set) var retransmissions = 0
    private(set) var retransmittedBytes = 0
    private(set) var fillerCount = 0
    private(set) var lastDatagramAt: MonotonicTime?
    /// Every mark's first moment of leaving the relay.
    private(set) var firstSent: [MediaMark: Moment] = [:]

    init(_ simulation: Simulation, viewer: PeerID, audience: AudienceID, lines: [MediaLineParameters]) {
        self.simulation = simulation
        self.viewer = viewer
        self.audience = audience
        var names: [UInt32: LineName] = [:]
        for (mediaIndex, line) in lines.enumerated() {
            names[line.ssrc] = LineName(peer: viewer, mediaIndex: mediaIndex)
            if let rtx = line.rtxSSRC { names[rtx] = names[line.ssrc] }
        }
        lineNames = names
        for line in lines { self.lines[line.ssrc] = LineRecord(line) }
    }

    func learn(_ material: SRTPKeyingMaterial) {
        guard let profile = SRTPProfile(rawValue: material.profile.rawValue) else { return }
        inbound = try? InboundProtection(
            profile: profile,
            masterKey: material.remoteKey.span.bytes,
            masterSalt: material.remoteSalt.span.bytes
        )
        let early = waiting
        waiting = []
        for datagram in early { see(datagram.bytes, read: datagram.read, sent: datagram.sent) }
    }

    /// Takes a datagram that was read at `read` and left at `sent`, or was dropped instead of leaving.
    func see(_ bytes: [UInt8], read: Moment, sent: Moment?) {
        if let sent { lastDatagramAt = sent.time }
        let kind = DatagramClass(bytes[0], bytes[1])
        guard kind == .rtp || kind == .rtcp else { return }
        guard inbound != nil else { return waiting.append(Datagram(bytes: bytes, read: read, sent: sent)) }
        if kind == .rtp {
            seeMedia(bytes, read, sent)
        } else {
            seeControl(bytes, read, sent)
        }
    }

    /// Datagrams that nobody could read, for want of the viewer's keys.
    var hasUnread: Bool { !waiting.isEmpty }

    private func violate(_ text: String) {
        simulation.violate("viewer \(viewer.rawValue) audience \(audience.rawValue): \(text)")
    }

    // MARK: RTCP

    private func seeControl(_ bytes: [UInt8], _ read: Moment, _ sent: Moment?) {
        var plain = bytes
        let result = plain.withUnsafeMutableBytes { inbound?.unprotectRTCP($0) }
        guard case .plaintext(let length) = result else {
            return violate("RTCP \(String(describing: result))")
        }
        let wordOffset = inbound?.profile == .aeadAES128GCM ? bytes.count - 4 : bytes.count - 14
        let word = bytes.withUnsafeBytes { $0.bytes.bigEndianUInt32(at: wordOffset) } ?? 0
        if !controlIndices.insert(word).inserted {
            violate("two RTCP packets of index \(word & 0x7FFF_FFFF)")
        }
        plain.withUnsafeBytes { plain in
            var reader = RTCPReader(plain.bytes.extracting(0..<length))
            while let packet = reader.next() {
                if packet.kind == .bye {
                    goodbyes += (0..<packet.byeSourceCount).compactMap { packet.byeSource(at: $0) }
                }
                guard let report = packet.senderReport else { continue }
                guard let sent else { continue }
                senderReports.append((report.ssrc, sent.time))
                if !isPermitted(report.ssrc, at: read) { violate("a sender report of what is withheld") }
            }
        }
    }

    private func isPermitted(_ ssrc: UInt32, at moment: Moment) -> Bool {
        (tracks[ssrc] ?? []).contains { track in
            simulation.history(track, audience).isOpen(at: moment)
        }
    }

    // MARK: RTP

    private func seeMedia(_ bytes: [UInt8], _ read: Moment, _ sent: Moment?) {
        guard let header = bytes.withUnsafeBytes({ try? RTPHeader(parsing: $0.bytes) }) else {
            return violate("a malformed RTP packet")
        }
        let extended = unwrappers[header.ssrc, default: SequenceUnwrapper()].unwrap(header.sequenceNumber)
        let nonce = Nonce(ssrc: header.ssrc, index: extended - SequenceUnwrapper.base)
        if let before = protected[nonce] {
            if before != bytes { violate("one nonce, two packets: \(nonce)") }
            if let mark = marks[nonce], !mark.isSlate { checkDisclosure(mark, read, sent, "again") }
            account(nonce, marks[nonce], read, sent)
            noteRetransmission(bytes.count)
            return
        }
        protected[nonce] = bytes
        var plain = bytes
        let result = plain.withUnsafeMutableBytes { inbound?.unprotectRTP($0) }
        guard case .plaintext(let length, let index) = result else {
            return violate("RTP \(String(describing: result)) of \(nonce)")
        }
        if Int64(index) != nonce.index { violate("index \(index) is not \(nonce.index)") }
        let packet = Array(plain[..<length])
        guard let range = packet.withUnsafeBytes({ try? header.payloadRange(in: $0.bytes) }) else {
            return violate("bad padding")
        }
        let payload = Array(packet[range])
        if lines[header.ssrc] != nil {
            seeLine(header, nonce, payload, read, sent)
        } else {
            seeRetransmission(header, nonce, payload, read, sent, byteCount: bytes.count)
        }
    }

    /// Tells the ledger's other side of a packet that is no slate and has left.
    private func account(_ nonce: Nonce, _ mark: MediaMark?, _ read: Moment, _ sent: Moment?) {
        guard sent != nil, let length = mediaLengths[nonce], let line = lineNames[nonce.ssrc] else { return }
        simulation.ledger.saw(
            line,
            track: mark?.track,
            audience: audience,
            payloadLength: length,
            read: read
        )
    }

    private func noteRetransmission(_ byteCount: Int) {
        retransmissions += 1
        retransmittedBytes += byteCount
    }

    private func checkDisclosure(_ mark: MediaMark, _ read: Moment, _ sent: Moment?, _ how: String) {
        guard let sent else { return }
        guard let stored = simulation.track(mark.track).byMark[mark] else {
            return violate("media that no ring took in: \(mark)")
        }
        let history = simulation.history(mark.track, audience)
        if let objection = history.objection(published: stored.published, read: read, sent: sent) {
            violate("LEAK (\(how)) of \(mark): \(objection)")
        }
    }

    private func seeLine(
        _ header: RTPHeader,
        _ nonce: Nonce,
        _ payload: [UInt8],
        _ read: Moment,
        _ sent: Moment?
    ) {
        guard !payload.isEmpty else {
            fillerCount += 1
            mediaLengths[nonce] = 0
            account(nonce, nil, read, sent)
            let packet = LineRecord.Outgoing(
                index: nonce.index,
                timestamp: header.timestamp,
                payload: [],
                mark: MediaMark(isSlate: false, track: 0, number: 0),
                time: read.time
            )
            return report(lines[header.ssrc]?.takeFiller(packet), header)
        }
        guard let mark = MediaMark(endOf: payload) else { return violate("a payload of nobody's") }
        marks[nonce] = mark
        if let sent, firstSent[mark] == nil { firstSent[mark] = sent }
        let packet = LineRecord.Outgoing(
            index: nonce.index,
            timestamp: header.timestamp,
            payload: payload,
            mark: mark,
            time: read.time
        )
        if mark.isSlate {
            checkSlate(header.ssrc, read)
            report(lines[header.ssrc]?.takeSlate(packet), header)
            return
        }
        checkDisclosure(mark, read, sent, "first")
        mediaLengths[nonce] = payload.count
        account(nonce, mark, read, sent)
        let track = simulation.track(mark.track)
        guard let original = simulation.original(mark), let stored = track.byMark[mark] else { return }
        guard tracks[header.ssrc]?.contains(mark.track) == true else {
            return violate("track \(mark.track) on a line that was never fed from it")
        }
        report(
            lines[header.ssrc]?.takeMedia(
                packet,
                original: original,
                stored: stored,
                in: track,
                mayThin: mayThin
            ),
            header
        )
    }

    private func report(_ objection: String?, _ header: RTPHeader) {
        if let objection { violate("line \(header.ssrc) number \(header.sequenceNumber): \(objection)") }
    }

    /// A slate may stand in for permitted media only where there has been none for a while.
    private func checkSlate(_ ssrc: UInt32, _ read: Moment) {
        guard let media = lines[ssrc]?.lastMediaAt,
            read.time.milliseconds(since: media) < Forwarder.blankMilliseconds - 20,
            let track = tracks[ssrc]?.first, tracks[ssrc]?.count == 1, isPermitted(ssrc, at: read),
            let line = lineNames[ssrc],
            simulation.ledger.isAdmitted(line, track: track, audience: audience, at: read)
        else { return }
        violate("a slate over permitted media on line \(ssrc)")
    }

    private func seeRetransmission(
        _ header: RTPHeader,
        _ nonce: Nonce,
        _ payload: [UInt8],
        _ read: Moment,
        _ sent: Moment?,
        byteCount: Int
    ) {
        noteRetransmission(byteCount)
        let media = header.ssrc - 1
        guard let line = lines[media], line.parameters.rtxSSRC == header.ssrc, let highest = line.highest,
            let number = payload.withUnsafeBytes({ $0.bytes.bigEndianUInt16(at: 0) })
        else { return violate("RTP of no line: \(header.ssrc)") }
        let index =
            highest
            + Int64(RTPSequence.distance(from: UInt16(truncatingIfNeeded: highest), to: number))
        let content = Array(payload.dropFirst(2))
        mediaLengths[nonce] = payload.count
        account(nonce, MediaMark(endOf: content), read, sent)
        if content.isEmpty { return }
        guard let mark = MediaMark(endOf: content), !mark.isSlate, let original = simulation.original(mark)
        else { return violate("a retransmission of no media") }
        let stored = simulation.track(mark.track).byMark[mark]
        if let objection = line.repetitionObjection(
            index,
            timestamp: header.timestamp,
            mark,
            original,
            sequence: stored?.sequence
        ) {
            violate("retransmission of \(index): \(objection)")
        }
        checkDisclosure(mark, read, sent, "retransmitted")
    }
}
