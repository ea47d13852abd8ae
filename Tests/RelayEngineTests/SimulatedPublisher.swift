import DTLSHandshakes
import ICELite
import MediaRings
import Primitives
import RTPPackets
import SRTPProtection

/// What a publisher put into one packet: what the checks compare with.
struct SentPacket {
    let mark: MediaMark
    let payload: [UInt8]
    let timestamp: UInt32
    let keyframe: Bool
    let startsFrame: Bool
    let temporalLayer: UInt8
    /// The layer can be joined here.
    let isSync: Bool
    let pictureID: UInt16
    let tl0PicIdx: UInt8
}

/// How a publisher behaves.
struct PublisherHabits {
    var usesRTX = true
    var sendsVideo = true
    var announcesSSRCs = true
    var hasTemporalLayers = false
    /// Per cent of the frames that are followed by a packet of padding.
    var paddingPercent = 0.0
    /// Per cent of the frames after which it sends another payload under an old number, as a repetition.
    var liesPercent = 0.0
    var frameMilliseconds: Int64 = 40
    /// Largest filler of a video packet.
    var filler: Int64 = 60
    var packetsPerKeyframe: ClosedRange<Int64> = 3...6
    var packetsPerFrame: ClosedRange<Int64> = 1...3
    var answersNACK = true
    /// Another relay, whose offer announces that its packets carry a consent state.
    var announcesConsentState = false
    /// `nil` is a random one.
    var firstVideoSequence: UInt64?
}

/// A browser that sends VP8 and Opus.
final class SimulatedPublisher: SimulatedClient {
    static let videoType: UInt8 = 96
    static let rtxType: UInt8 = 97
    static let audioType: UInt8 = 111

    private struct Kept {
        let payload: [UInt8]
        let marker: Bool
        let timestamp: UInt32
        let paddingByteCount: UInt8
    }

    let habits: PublisherHabits
    let video: MediaRing
    let audio: MediaRing
    private(set) var videoSSRC: UInt32
    private(set) var rtxSSRC: UInt32
    private(set) var audioSSRC: UInt32
    /// Everything it ever sent, by mark.
    private(set) var sent: [MediaMark: SentPacket] = [:]
    private(set) var keyframeRequests: [MonotonicTime] = []
    private(set) var keyframeCount = 0
    private(set) var nacksReceived = 0
    private(set) var goodbyeCount = 0
    var isMuted = false
    private var wantsKeyframe = true
    private var videoSequence: UInt64
    private var rtxSequence: UInt64
    private var audioSequence: UInt64
    private var timestampBase: UInt32
    private var pictureID: UInt16
    private var tl0PicIdx: UInt8
    private var frameNumber = 0
    private var nextNumber: UInt64 = 1
    private var history: [UInt16: Kept] = [:]
    private var nextFrame = MonotonicTime.distantPast
    private var nextAudio = MonotonicTime.distantPast
    private var nextReport = MonotonicTime.distantPast

    init(
        _ simulation: Simulation,
        id: PeerID,
        address: SocketAddress,
        loop: Int,
        local: ICECredentials,
        remote: ICECredentials,
        role: DTLSRole,
        identity: DTLSIdentity,
        habits: PublisherHabits
    ) {
        self.habits = habits
        let base = UInt32(id.rawValue) * 16
        video = MediaRing(track: TrackID(UInt64(base)), kind: .video, minimumCapacity: 256)
        audio = MediaRing(track: TrackID(UInt64(base) + 1), kind: .audio, minimumCapacity: 256)
        videoSSRC = 0x1000_0000 + base
        rtxSSRC = videoSSRC + 1
        audioSSRC = videoSSRC + 2
        // Near a wrap now and then, which every 16-bit number must survive.
        let firstSequence = UInt64(
            simulation.random.chance(30) ? 32_700 : simulation.random.number(0...30_000)
        )
        videoSequence = habits.firstVideoSequence ?? firstSequence
        rtxSequence = UInt64(simulation.random.number(0...30_000))
        audioSequence = UInt64(simulation.random.number(0...30_000))
        timestampBase =
            simulation.random.chance(30) ? .max - 30_000 : UInt32(simulation.random.number(0...1 << 31))
        pictureID = simulation.random.chance(30) ? 0x7FF8 : UInt16(simulation.random.number(0...0x7FFF))
        tl0PicIdx = UInt8(simulation.random.number(0...255))
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

    /// Begins anew with other sources and numbers, as an encoder does that was set up again.
    func restartSources() {
        videoSSRC += 0x100_0000
        rtxSSRC += 0x100_0000
        audioSSRC += 0x100_0000
        videoSequence = UInt64(simulation.random.number(0...30_000))
        rtxSequence = UInt64(simulation.random.number(0...30_000))
        audioSequence = UInt64(simulation.random.number(0...30_000))
        timestampBase = UInt32(simulation.random.number(0...1 << 31))
        pictureID = UInt16(simulation.random.number(0...0x7FFF))
        tl0PicIdx = UInt8(simulation.random.number(0...255))
        history = [:]
        wantsKeyframe = true
    }

    /// Sets its clocks back, as a player does that begins its file again.
    func setClockBack(seconds: UInt32) {
        timestampBase &-= seconds * 90_000
    }

    /// Says good-bye for every source (RFC 3550 6.6), and goes on if it is not muted.
    func sayGoodbye() {
        var writer = RTCPWriter()
        writer.appendReceiverReport(senderSSRC: videoSSRC)
        for ssrc in [videoSSRC, audioSSRC] { writer.appendBye(ssrc: ssrc) }
        sendControl(writer)
    }

    private func mark(_ ring: MediaRing) -> MediaMark {
        defer { nextNumber += 1 }
        return MediaMark(isSlate: false, track: UInt32(ring.track.rawValue), number: nextNumber)
    }

    override func makeMedia() {
        let now = simulation.now
        guard !isMuted else { return }
        if now >= nextAudio {
            nextAudio = max(nextAudio, now.advanced(byMilliseconds: -20)).advanced(byMilliseconds: 20)
            sendAudio()
        }
        if habits.sendsVideo, now >= nextFrame {
            nextFrame = max(nextFrame, now.advanced(byMilliseconds: -habits.frameMilliseconds))
                .advanced(byMilliseconds: habits.frameMilliseconds)
            sendFrame()
            if simulation.random.chance(habits.paddingPercent) { sendPadding() }
            if simulation.random.chance(habits.liesPercent) { lie() }
        }
        if now >= nextReport {
            nextReport = now.advanced(byMilliseconds: 500)
            sendReports()
        }
    }

    private func timestamp(rate: Int64) -> UInt32 {
        timestampBase
            &+ UInt32(truncatingIfNeeded: simulation.now.nanoseconds / 1_000 * rate / 1_000_000)
    }

    private func sendAudio() {
        let mark = mark(audio)
        let payload = SyntheticPayload.opus(filler: Int(simulation.random.number(0...20)), mark: mark)
        let stamp = timestamp(rate: 48_000)
        sent[mark] = SentPacket(
            mark: mark,
            payload: payload,
            timestamp: stamp,
            keyframe: true,
            startsFrame: true,
            temporalLayer: 0,
            isSync: false,
            pictureID: 0,
            tl0PicIdx: 0
        )
        send(
            protect(
                payload: payload,
                marker: false,
                payloadType: Self.audioType,
                sequence: audioSequence,
                timestamp: stamp,
                ssrc: audioSSRC
            )
        )
        audioSequence += 1
    }

    private func sendFrame() {
        let keyframe = wantsKeyframe
        wantsKeyframe = false
        if keyframe {
            keyframeCount += 1
            frameNumber = 0
        }
        let layer: UInt8 = habits.hasTemporalLayers && frameNumber % 2 == 1 ? 1 : 0
        if layer == 0 { tl0PicIdx &+= 1 }
        pictureID = (pictureID + 1) & 0x7FFF
        let count = simulation.random.number(keyframe ? habits.packetsPerKeyframe : habits.packetsPerFrame)
        let isSync = layer == 1 && frameNumber % 8 == 1
        let stamp = timestamp(rate: 90_000)
        for number in 0..<count {
            let mark = mark(video)
            let payload = SyntheticPayload.vp8(
                keyframe: keyframe,
                startsFrame: number == 0,
                pictureID: pictureID,
                tl0PicIdx: tl0PicIdx,
                temporalLayer: layer,
                isSync: isSync,
                filler: Int(simulation.random.number(0...habits.filler)),
                mark: mark
            )
            sent[mark] = SentPacket(
                mark: mark,
                payload: payload,
                timestamp: stamp,
                keyframe: keyframe,
                startsFrame: number == 0,
                temporalLayer: layer,
                isSync: isSync,
                pictureID: pictureID,
                tl0PicIdx: tl0PicIdx
            )
            sendVideo(payload, marker: number == count - 1, timestamp: stamp)
        }
        frameNumber += 1
    }

    private func sendVideo(_ payload: [UInt8], marker: Bool, timestamp: UInt32, paddingByteCount: UInt8 = 0) {
        history[UInt16(truncatingIfNeeded: videoSequence)] = Kept(
            payload: payload,
            marker: marker,
            timestamp: timestamp,
            paddingByteCount: paddingByteCount
        )
        history[UInt16(truncatingIfNeeded: videoSequence &- 400)] = nil
        send(
            protect(
                payload: payload,
                marker: marker,
                payloadType: Self.videoType,
                sequence: videoSequence,
                timestamp: timestamp,
                ssrc: videoSSRC,
                paddingByteCount: paddingByteCount
            )
        )
        videoSequence += 1
    }

    private func sendPadding() {
        for _ in 0..<simulation.random.number(1...3) {
            sendVideo([], marker: false, timestamp: timestamp(rate: 90_000), paddingByteCount: 200)
        }
    }

    private func sendReports() {
        var writer = RTCPWriter()
        for (ssrc, rate) in [(videoSSRC, 90_000 as Int64), (audioSSRC, 48_000)] {
            writer.appendSenderReport(
                SenderReport(
                    ssrc: ssrc,
                    ntpTime: NTPTimestamp(nanosecondsSince1970: simulation.wall(at: simulation.now)),
                    rtpTimestamp: timestamp(rate: rate),
                    packetCount: 1,
                    octetCount: 1
                )
            )
        }
        sendControl(writer)
    }

    /// Sends another payload under a number that was used already.
    private func lie() {
        guard videoSequence > 20 else { return }
        let old = videoSequence - UInt64(simulation.random.number(1...12))
        guard let kept = history[UInt16(truncatingIfNeeded: old)] else { return }
        let mark = mark(video)
        let payload = SyntheticPayload.vp8(
            keyframe: false,
            startsFrame: true,
            pictureID: pictureID,
            tl0PicIdx: tl0PicIdx,
            temporalLayer: 0,
            isSync: false,
            filler: 3,
            mark: mark
        )
        sent[mark] = SentPacket(
            mark: mark,
            payload: payload,
            timestamp: kept.timestamp,
            keyframe: false,
            startsFrame: true,
            temporalLayer: 0,
            isSync: false,
            pictureID: pictureID,
            tl0PicIdx: tl0PicIdx
        )
        repeatPacket(
            UInt16(truncatingIfNeeded: old),
            payload: payload,
            marker: kept.marker,
            timestamp: kept.timestamp
        )
    }

    /// Sends, as a repetition, what it has never sent.
    func sendStray(ahead: UInt64) {
        let mark = mark(video)
        let payload = SyntheticPayload.vp8(
            keyframe: false,
            startsFrame: true,
            pictureID: pictureID,
            tl0PicIdx: tl0PicIdx,
            temporalLayer: 0,
            isSync: false,
            filler: 3,
            mark: mark
        )
        repeatPacket(
            UInt16(truncatingIfNeeded: videoSequence + ahead),
            payload: payload,
            marker: true,
            timestamp: timestamp(rate: 90_000)
        )
    }

    private func repeatPacket(_ number: UInt16, payload: [UInt8], marker: Bool, timestamp: UInt32) {
        send(
            protect(
                payload: [UInt8(number >> 8), UInt8(truncatingIfNeeded: number)] + payload,
                marker: marker,
                payloadType: Self.rtxType,
                sequence: rtxSequence,
                timestamp: timestamp,
                ssrc: rtxSSRC
            )
        )
        rtxSequence += 1
    }

    override func receivedRTCP(_ packet: [UInt8]) {
        var lost: [UInt16] = []
        packet.withUnsafeBytes { bytes in
            var reader = RTCPReader(bytes.bytes)
            while let part = reader.next() {
                switch part.kind {
                case .genericNACK:
                    guard part.mediaSSRC == videoSSRC else { continue }
                    var sequences = part.lostSequences
                    while let number = sequences.next() { lost.append(number) }
                case .pictureLossIndication, .fullIntraRequest:
                    keyframeRequests.append(simulation.now)
                    wantsKeyframe = true
                case .bye:
                    goodbyeCount += part.byeSourceCount
                default:
                    break
                }
            }
        }
        for number in lost {
            nacksReceived += 1
            guard habits.answersNACK, let kept = history[number] else { continue }
            if habits.usesRTX {
                repeatPacket(number, payload: kept.payload, marker: kept.marker, timestamp: kept.timestamp)
            } else {
                let back = UInt64(UInt16(truncatingIfNeeded: videoSequence) &- number)
                send(
                    protect(
                        payload: kept.payload,
                        marker: kept.marker,
                        payloadType: Self.videoType,
                        sequence: videoSequence - back,
                        timestamp: kept.timestamp,
                        ssrc: videoSSRC,
                        paddingByteCount: kept.paddingByteCount
                    )
                )
            }
        }
    }

    /// What the answer to its offer settled.
    var parameters: PublisherSettlement {
        PublisherSettlement(publisher: self)
    }
}
