import ArgumentParser
import LoadTesting

/// How many publish and view what, how they join, and for how long.
struct LoadShapeOptions: ParsableArguments {
    @Option(help: "Rooms.")
    var rooms = 1

    @Option(help: "Publishers in each room.")
    var publishers = 1

    @Option(help: "Viewers in each room.")
    var viewers = 10

    @Option(
        help: """
            Streams of each kind that a viewer asks for; by default all publishers of its room, or one where the WHEP \
            endpoint names a publisher.
            """
    )
    var slots: Int?

    @Option(help: "Names of rooms begin with this.")
    var roomName = "load"

    @Option(help: "vp8, vp9 or h264; none for sound alone.")
    var codec = "vp8"

    @Option(help: "Width and height of the picture.")
    var size = "640x360"

    @Option(help: "Kilobits a second of video.")
    var bitrate = 1_000

    @Option(help: "Frames a second.")
    var fps = 30

    @Option(help: "Seconds between keyframes.")
    var keyframeInterval = 2.0

    @Option(help: "Send this file again and again: IVF with VP8 or VP9, or an H.264 byte stream.")
    var file: String?

    @Option(help: "Longest payload of a packet.")
    var payloadBytes = 1_150

    @Flag(help: "Send no sound.")
    var noAudio = false

    @Option(help: "When viewers join: N or steady:N (so many a second), ramp:N (rising to so many), or herd.")
    var joinRate = "20"

    @Option(help: "Seconds between the last join and the first that is measured.")
    var warmUp = 2.0

    @Option(help: "Seconds that are measured.")
    var duration = 10.0

    @Option(
        help: "The share of packets that is decrypted and looked at; of the others only headers are read."
    )
    var verify = 0.05

    @Option(help: "The server's process, for CPU, memory and context switches.")
    var serverPid: Int32?

    @Flag(help: "A socket for each viewer, where loopback addresses would let them share one.")
    var ownSockets = false

    @Option(help: "Threads that receive; one for each core that is free for it.")
    var receivers = 1

    func apply(to plan: inout LoadPlan) throws {
        try LoadLimits.check("receivers", receivers, 1...64)
        plan.receivers = receivers
        try LoadLimits.check("rooms", rooms, 1...10_000)
        try LoadLimits.check("publishers", publishers, 0...1_000)
        try LoadLimits.check("viewers", viewers, 0...100_000)
        try LoadLimits.check("bitrate", bitrate, 10...100_000)
        try LoadLimits.check("fps", fps, 1...60)
        try LoadLimits.check("keyframe-interval", keyframeInterval, 0.1...3_600)
        try LoadLimits.check("payload-bytes", payloadBytes, 200...1_400)
        try LoadLimits.check("warm-up", warmUp, 0...3_600)
        try LoadLimits.check("duration", duration, 0.5...86_400)
        try LoadLimits.check("verify", verify, 0...1)
        guard publishers > 0 || viewers > 0 else {
            throw ValidationError("without --publishers and --viewers nothing happens")
        }
        (plan.rooms, plan.publishers, plan.viewers) = (rooms, publishers, viewers)
        plan.roomPrefix = roomName
        plan.slots = slots ?? (plan.whep.uses(.publisher) ? 1 : max(1, publishers))
        try LoadLimits.check("slots", plan.slots, 1...32)
        plan.hasAudio = !noAudio
        plan.payloadBytes = payloadBytes
        plan.keyframeSeconds = keyframeInterval
        if codec != "none" {
            var video = SyntheticVideoSettings(name: "Load")
            video.codec = try VideoOptions.codec(codec)
            (video.width, video.height) = try VideoOptions.size(size)
            video.framesPerSecond = fps
            video.kilobitsPerSecond = bitrate
            plan.video = video
        }
        guard plan.video != nil || plan.hasAudio else {
            throw ValidationError("with --codec none and --no-audio nothing is left")
        }
        if let file {
            guard plan.video != nil else { throw ValidationError("--file is video, and --codec is none") }
            let recorded = try VideoFile.read(path: file, framesPerSecond: fps)
            plan.file = file
            plan.recorded = recorded
            plan.video?.codec = recorded.codec
            plan.video?.framesPerSecond = recorded.framesPerSecond
        }
        plan.pace = try JoinPace(joinRate)
        plan.warmUpSeconds = warmUp
        plan.seconds = duration
        plan.share = verify
        plan.serverProcess = serverPid
        plan.usesOwnSockets = ownSockets
    }
}

/// What happens to those who watch.
struct LoadDisturbanceOptions: ParsableArguments {
    @Option(
        help: "Withdrawals and grants a second, by the first publisher of up to eight rooms; with --relay."
    )
    var flipRate = 0.0

    @Option(help: "The share of packets that each viewer loses on its way.")
    var loss = 0.0

    @Option(help: "The share of viewers that get only half of what is sent to them.")
    var slowViewers = 0.0

    @Option(help: "The share of viewers that vanish without a word when measuring begins.")
    var deadViewers = 0.0

    @Option(help: "Viewers a second that leave while others are measured, each replaced by a new one.")
    var churn = 0.0

    @Option(help: "Viewers that join all at once while others are measured.")
    var herd = 0

    @Option(help: "Seconds in which the herd joins, evenly; 0 for all at once.")
    var herdSeconds = 0.0

    @Option(help: "A registered partner on whose site some of the viewers watch; with --relay.")
    var embedPartner: String?

    @Option(help: "The share of viewers that watch on the partner's site.")
    var embedViewers = 0.5

    func apply(to plan: inout LoadPlan) throws {
        try LoadLimits.check("embed-viewers", embedViewers, 0...1)
        plan.partner = embedPartner
        plan.embedShare = embedPartner == nil ? 0 : embedViewers
        try LoadLimits.check("flip-rate", flipRate, 0...1_000)
        try LoadLimits.check("loss", loss, 0...0.9)
        try LoadLimits.check("slow-viewers", slowViewers, 0...1)
        try LoadLimits.check("dead-viewers", deadViewers, 0...1)
        try LoadLimits.check("churn", churn, 0...1_000)
        try LoadLimits.check("herd", herd, 0...100_000)
        try LoadLimits.check("herd-seconds", herdSeconds, 0...3_600)
        plan.flipsPerSecond = flipRate
        plan.loss = loss
        plan.slowShare = slowViewers
        plan.deadShare = deadViewers
        plan.churnPerSecond = churn
        plan.herd = herd
        plan.herdSeconds = herdSeconds
    }
}
