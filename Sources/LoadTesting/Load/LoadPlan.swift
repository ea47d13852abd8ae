import MediaCodecs
import RTPPackets

/// What a load test does, and to whom.
package struct LoadPlan: Sendable {
    /// Where publishers and viewers go.
    package var whip: URLTemplate
    package var whep: URLTemplate
    package var tokens: LoadTokens
    /// The relay's own API, for consents; `nil` for a server that has none.
    package var relay: RelayAPI?

    package var roomPrefix = "load"
    package var rooms = 1
    /// In each room.
    package var publishers = 1
    package var viewers = 1
    /// Streams of each kind that a viewer asks for.
    package var slots = 1

    package var video: SyntheticVideoSettings?
    /// The file to play instead of a synthetic picture, and what is in it.
    package var file: String?
    package var recorded: RecordedVideo?
    package var keyframeSeconds = 2.0
    package var hasAudio = true
    package var payloadBytes = VideoPacketizer.defaultPayloadBytes
    /// Encoded before the run and played in a loop.
    package var recordedSeconds = 8

    package var pace = JoinPace.steady(perSecond: 20)
    package var warmUpSeconds = 2.0
    package var seconds = 10.0
    /// The share of packets that is decrypted and looked at.
    package var share = 0.05
    /// Grants and withdrawals a second.
    package var flipsPerSecond = 0.0
    /// The share of packets that viewers throw away on arrival.
    package var loss = 0.0
    /// Of all viewers: behind half the bandwidth they need, and gone without a word when measuring starts.
    package var slowShare = 0.0
    package var deadShare = 0.0
    /// Viewers a second that leave, and come back as new ones.
    package var churnPerSecond = 0.0
    /// Viewers that join in the middle of what is measured, in all rooms together: at once, or evenly in so many
    /// seconds.
    package var herd = 0
    package var herdSeconds = 0.0
    /// A registered partner on whose site a share of the viewers watches.
    package var partner: String?
    package var embedShare = 0.0
    /// Threads that receive.
    package var receivers = 1
    package var serverProcess: Int32?
    package var usesOwnSockets = false

    package init(whip: URLTemplate, whep: URLTemplate, tokens: LoadTokens, relay: RelayAPI?) {
        self.whip = whip
        self.whep = whep
        self.tokens = tokens
        self.relay = relay
    }

    var hasLateViewers: Bool { churnPerSecond > 0 || herd > 0 }
    package var allPublishers: Int { rooms * publishers }
    package var allViewers: Int { rooms * viewers }

    /// Rooms in which the first publisher withdraws and grants: each has a ledger of its own.
    static let maximumFlippingRooms = 8
    var flippingRooms: Int {
        flipsPerSecond > 0 && relay != nil && publishers > 0 ? min(rooms, Self.maximumFlippingRooms) : 0
    }

    /// Whom publishers agree to beside the room, and take back from with it.
    var partners: [RelayAPI.Recipients] { partner.map { [.partner($0)] } ?? [] }

    /// As whom the viewer of `number` in its room watches.
    func audience(ofViewer number: Int) -> RelayAPI.Recipients {
        guard let partner, LoadRun.isAmong(embedShare, number: number) else { return .room }
        return .partner(partner)
    }

    func roomName(_ room: Int) -> String { "\(roomPrefix)-\(room + 1)" }

    /// The same everywhere, so that no participant is in two rooms.
    func publisherName(room: Int, number: Int) -> String { "r\(room + 1)p\(number + 1)" }

    func viewerName(room: Int, number: Int) -> String { "r\(room + 1)v\(number + 1)" }

    /// Numbers of publishers in stamps; 0 is nobody's.
    func stampNumber(room: Int, number: Int) -> UInt32 { UInt32(room * publishers + number + 1) }

    /// The options as a report keeps them.
    package var options: [String: String] {
        var options: [String: String] = [
            "whip": whip.text, "whep": whep.text, "rooms": "\(rooms)", "publishers": "\(publishers)",
            "viewers": "\(viewers)", "slots": "\(slots)", "audio": hasAudio ? "opus" : "none",
            "join-rate": pace.text, "warm-up": Measure.short(warmUpSeconds),
            "duration": Measure.short(seconds), "verify": Measure.short(share),
        ]
        if let file { options["file"] = file }
        if let video {
            options["codec"] = "\(video.codec)"
            options["bitrate"] = "\(video.kilobitsPerSecond)"
            options["fps"] = "\(video.framesPerSecond)"
            options["size"] = "\(video.width)x\(video.height)"
            options["keyframe-interval"] = Measure.short(keyframeSeconds)
            options["payload-bytes"] = "\(payloadBytes)"
        }
        let further: [(String, Double)] = [
            ("flip-rate", flipsPerSecond), ("loss", loss), ("slow-viewers", slowShare),
            ("dead-viewers", deadShare),
            ("churn", churnPerSecond), ("herd", Double(herd)), ("herd-seconds", herdSeconds),
            ("embed-viewers", embedShare), ("receivers", Double(receivers)),
        ]
        for (name, value) in further where value > 0 { options[name] = Measure.short(value) }
        return options
    }
}
