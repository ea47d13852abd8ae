import DTLSHandshakes
import Disclosures
import ICELite
import Primitives
import RTPPackets
import Rooms
import SRTPProtection

/// How a viewer behaves.
struct ViewerHabits {
    var usesRTX = true
    /// Asks again for what it misses.
    var sendsNACK = true
    /// Per cent of its reports with which it asks for everything of late: slates, withheld and old packets too.
    var bombPercent = 0.0
    var plisPercent = 0.0
    /// Bits per second that it says it can take; `nil` says nothing.
    var estimate: UInt64?
    /// Another relay, to which the consent state is carried along.
    var takesConsentState = false
}

/// A browser that watches: one audio and one video line for each publisher it was given.
class SimulatedViewer: SimulatedClient {
    static let videoType: UInt8 = 100
    static let rtxType: UInt8 = 101
    static let audioType: UInt8 = 109
    private static let reportMilliseconds: Int64 = 100

    let habits: ViewerHabits
    let audience: AudienceID
    let lines: [MediaLineParameters]
    let tap: Wiretap
    /// Marks that came through, with the moment of their first arrival.
    private(set) var seen: [MediaMark: MonotonicTime] = [:]
    /// What the packets that came through carried, with the moment.
    private(set) var carriedStates: [(state: CarriedConsent, time: MonotonicTime, mark: MediaMark?)] = []
    /// Of each line, the newest extended number and what is missing before it.
    private var newest: [UInt32: Int64] = [:]
    private var missing: [UInt32: [Int64: (since: MonotonicTime, asked: Int)]] = [:]
    private var nextReport = MonotonicTime.distantPast
    var estimate: UInt64?

    init(
        _ simulation: Simulation,
        id: PeerID,
        address: SocketAddress,
        loop: Int,
        local: ICECredentials,
        remote: ICECredentials,
        role: DTLSRole,
        identity: DTLSIdentity,
        habits: ViewerHabits,
        audience: AudienceID,
        publisherCount: Int
    ) {
        self.habits = habits
        self.audience = audience
        estimate = habits.estimate
        lines = Self.makeLines(simulation, id: id, habits: habits, count: publisherCount)
        tap = Wiretap(simulation, viewer: id, audience: audience, lines: lines)
        super.init(
            simulation,
            id: id,
            address: address,
            loop: loop,
            local: local,
            remote: remote,
            role: role,
            identity: identity
        )
    }

    private static func makeLines(
        _ simulation: Simulation,
        id: PeerID,
        habits: ViewerHabits,
        count: Int
    ) -> [MediaLineParameters] {
        var lines: [MediaLineParameters] = []
        for publisher in 0..<count {
            for kind in [MediaKind.audio, .video] {
                let ssrc =
                    0x2000_0000 + UInt32(id.rawValue) * 256 + UInt32(publisher) * 8
                    + (kind == .video ? 4 : 0)
                var line = MediaLineParameters(
                    kind: kind,
                    ssrc: ssrc,
                    rtxSSRC: kind == .video && habits.usesRTX ? ssrc + 1 : nil,
                    firstSequence: UInt16(truncatingIfNeeded: simulation.random.next())
                )
                line.payloadTypes = payloadTypes(habits)
                line.mid = Array("\(lines.count)".utf8)
                line.midExtension = 4
                line.absoluteSendTimeExtension = 3
                line.acceptsNACK = kind == .video
                if habits.takesConsentState { line.consentExtension = consentExtension }
                lines.append(line)
            }
        }
        return lines
    }

    static func payloadTypes(_ habits: ViewerHabits) -> PayloadTypeTable {
        var table = PayloadTypeTable()
        table.set(.vp8, videoType, rtx: habits.usesRTX ? rtxType : nil)
        table.set(.opus, audioType, rtx: nil)
        return table
    }

    override func established(_ material: SRTPKeyingMaterial) {
        tap.learn(material)
    }

    override func makeMedia() {
        let now = simulation.now
        if habits.sendsNACK { askForMissing(now) }
        guard now >= nextReport else { return }
        nextReport = now.advanced(byMilliseconds: Self.reportMilliseconds)
        var writer = RTCPWriter()
        writer.appendReceiverReport(
            senderSSRC: 1,
            blocks: lines.filter { newest[$0.ssrc] != nil }.map { ReportBlock(ssrc: $0.ssrc) }
        )
        if let estimate {
            writer.appendReceiverEstimate(
                senderSSRC: 1,
                bitsPerSecond: estimate,
                ssrcs: lines.map(\.ssrc)
            )
        }
        for line in lines where line.kind == .video {
            if simulation.random.chance(habits.plisPercent) {
                writer.appendPictureLossIndication(senderSSRC: 1, mediaSSRC: line.ssrc)
            }
        }
        sendControl(writer)
        for line in lines where simulation.random.chance(habits.bombPercent) { bomb(line.ssrc) }
    }

    func sendPLI(_ ssrc: UInt32) {
        var writer = RTCPWriter()
        writer.appendReceiverReport(senderSSRC: 1)
        writer.appendPictureLossIndication(senderSSRC: 1, mediaSSRC: ssrc)
        sendControl(writer)
    }

    /// Asks for the last numbers of a line, whatever they were, and some that never were.
    func bomb(_ ssrc: UInt32, count: Int64 = 400) {
        guard let newest = newest[ssrc] else { return }
        var writer = RTCPWriter()
        writer.appendReceiverReport(senderSSRC: 1)
        let numbers = (0..<count).map { UInt16(truncatingIfNeeded: newest + 4 - count + $0) }
        _ = writer.appendNACK(senderSSRC: 1, mediaSSRC: ssrc, lost: numbers)
        sendControl(writer)
    }

    private func askForMissing(_ now: MonotonicTime) {
        for line in lines where line.acceptsNACK {
            guard var open = missing[line.ssrc], !open.isEmpty else { continue }
            var lost: [UInt16] = []
            for number in open.keys.sorted() {
                guard let entry = open[number], now.milliseconds(since: entry.since) >= 10 else { continue }
                if entry.asked >= 6 {
                    open[number] = nil
                } else {
                    open[number] = (now.advanced(byMilliseconds: 40), entry.asked + 1)
                    lost.append(UInt16(truncatingIfNeeded: number))
                }
            }
            missing[line.ssrc] = open
            guard !lost.isEmpty else { continue }
            var writer = RTCPWriter()
            writer.appendReceiverReport(senderSSRC: 1)
            _ = writer.appendNACK(senderSSRC: 1, mediaSSRC: line.ssrc, lost: lost)
            sendControl(writer)
        }
    }

    override func receivedRTP(_ packet: [UInt8]) {
        packet.withUnsafeBytes { bytes in
            guard let header = try? RTPHeader(parsing: bytes.bytes),
                let payload = try? header.payloadRange(in: bytes.bytes)
            else { return simulation.violate("\(id) got a malformed RTP packet") }
            if let range = RTPHeaderExtensions.find(
                id: Self.consentExtension,
                in: bytes.bytes,
                header: header
            ), let byte = bytes.bytes.byte(at: range.lowerBound) {
                let mark = MediaMark(endOf: bytes[payload])
                carriedStates.append((CarriedConsent(rawValue: byte), simulation.now, mark))
            }
            var number = header.sequenceNumber
            var ssrc = header.ssrc
            if header.payloadType == Self.rtxType {
                number = bytes.bytes.bigEndianUInt16(at: payload.lowerBound) ?? 0
                ssrc -= 1
            }
            note(ssrc, number, isRepetition: header.payloadType == Self.rtxType)
            if let mark = MediaMark(endOf: bytes[payload]), seen[mark] == nil { seen[mark] = simulation.now }
        }
    }

    private func note(_ ssrc: UInt32, _ number: UInt16, isRepetition: Bool) {
        guard let last = newest[ssrc] else {
            if !isRepetition { newest[ssrc] = 1 << 16 + Int64(number) }
            return
        }
        let extended = last + Int64(RTPSequence.distance(from: UInt16(truncatingIfNeeded: last), to: number))
        missing[ssrc]?[extended] = nil
        guard extended > last else { return }
        newest[ssrc] = extended
        for lost in (last + 1)..<max(last + 1, extended) where extended - lost < 200 {
            missing[ssrc, default: [:]][lost] = (simulation.now, 0)
        }
    }

    /// Numbers that it still misses on a line.
    func missingCount(_ ssrc: UInt32) -> Int { missing[ssrc]?.count ?? 0 }
}
