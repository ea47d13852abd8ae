import MediaCodecs
import Primitives
import RTPPackets
import SessionDescriptions

/// A viewer that decrypts everything and decodes nothing: each payload is looked up among those that were sent.
final class LeakWatch: PeerMedia {
    private static let reportMilliseconds: Int64 = 1_000

    private enum Carries {
        case nothing
        case media(MediaCodec)
        case repetition(of: MediaCodec)
    }

    private let viewer: Int
    private let sent: SentPayloads
    private let ledger: LeakLedger
    /// By payload type.
    private var carries = [Carries](repeating: .nothing, count: 128)
    private var receptions: [ReceptionStatistics] = []
    private let ownSSRC = UInt32.random(in: 1...UInt32.max)
    private let cname: String
    private var reportDue = MonotonicTime.distantPast
    private let onEvent: @Sendable (SessionEvent) -> Void
    private(set) var examined = 0

    init(
        viewer: Int,
        _ ready: NegotiatedViewing,
        sent: SentPayloads,
        ledger: LeakLedger,
        onEvent: @escaping @Sendable (SessionEvent) -> Void
    ) {
        self.viewer = viewer
        self.sent = sent
        self.ledger = ledger
        self.onEvent = onEvent
        cname = ready.cname
        for media in ready.negotiated.acceptedMedia {
            for codec in media.codecs {
                carries[Int(codec.payloadType & 127)] = .media(codec.name.mediaCodec)
                if let type = codec.rtxPayloadType {
                    carries[Int(type & 127)] = .repetition(of: codec.name.mediaCodec)
                }
            }
        }
    }

    func established(_ peer: ClientPeer, now: MonotonicTime) {
        // Viewers that report at the same moment would make a burst of their own.
        reportDue = now.advanced(byMilliseconds: Int64.random(in: 0..<Self.reportMilliseconds))
        onEvent(.established(now))
    }

    func ended(_ end: PeerEnd) {
        onEvent(.ended(end))
    }

    func received(
        _ packet: RawSpan,
        header: RTPHeader,
        receivedAt: Int64,
        on peer: ClientPeer,
        now: MonotonicTime
    ) {
        examined += 1
        guard let range = try? header.payloadRange(in: packet) else { return }
        let codec: MediaCodec
        var start = range.lowerBound
        switch carries[Int(header.payloadType)] {
        case .nothing: return
        case .media(let media):
            codec = media
            count(header, codec: codec, now: now)
        case .repetition(of: let media):
            codec = media
            start += RTXPayload.headerByteCount
        }
        guard start < range.upperBound,
            let hash = PayloadHash.of(packet.extracting(start..<range.upperBound), codec: codec)
        else { return }
        if sent.contains(hash) {
            ledger.note(viewer: viewer, isVideo: codec != .opus, receivedAt: receivedAt)
        } else {
            ledger.noteOther()
        }
    }

    private func count(_ header: RTPHeader, codec: MediaCodec, now: MonotonicTime) {
        let index: Int
        if let known = receptions.firstIndex(where: { $0.ssrc == header.ssrc }) {
            index = known
        } else {
            index = receptions.count
            receptions.append(ReceptionStatistics(ssrc: header.ssrc, clockRate: codec.clockRate))
        }
        receptions[index].record(
            sequenceNumber: header.sequenceNumber,
            timestamp: header.timestamp,
            arrival: now
        )
    }

    /// Packets that should have come and did not.
    var lost: Int { receptions.reduce(0) { $0 + max(0, Int($1.cumulativeLost)) } }

    func receivedControl(_ packet: RawSpan, on peer: ClientPeer, now: MonotonicTime) {}

    func tick(_ peer: ClientPeer, now: MonotonicTime) -> MonotonicTime {
        guard reportDue <= now else { return reportDue }
        reportDue = now.advanced(byMilliseconds: Self.reportMilliseconds)
        var writer = RTCPWriter()
        let blocks = receptions.indices.prefix(31).map { receptions[$0].makeReportBlock(now: now) }
        writer.appendReceiverReport(senderSSRC: ownSSRC, blocks: blocks)
        writer.appendCanonicalName(cname, ssrc: ownSSRC)
        peer.sendControl(writer)
        return reportDue
    }
}
