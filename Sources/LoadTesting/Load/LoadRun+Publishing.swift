import MediaCodecs
import Primitives
import RTPPackets
import RelayRuntime
import SessionDescriptions
import Synchronization

extension LoadRun {
    /// What publishers play: the first of a room that withdraws has a recording of its own, by whose payloads its
    /// packets are told from the others'.
    struct Recordings: Sendable {
        var video: PacketRecording?
        var audio: PacketRecording?
        var flippersVideo: PacketRecording?
        var flippersAudio: PacketRecording?
    }

    func record() throws -> Recordings {
        var recordings = Recordings()
        let needsOwn = plan.flippingRooms > 0
        if let recorded = plan.recorded {
            recordings.video = PacketRecording(recorded, payloadBytes: plan.payloadBytes)
            recordings.flippersVideo = recordings.video
        } else if var video = plan.video {
            note("encoding \(plan.recordedSeconds) s of \(video.codec) at \(video.kilobitsPerSecond) kbit/s")
            recordings.video = try recorded(video)
            if needsOwn {
                video.name += " flips"
                video.hue += 120
                recordings.flippersVideo = try recorded(video)
            }
        }
        if plan.hasAudio {
            recordings.audio = try .tone(440, seconds: plan.recordedSeconds)
            if needsOwn { recordings.flippersAudio = try .tone(587, seconds: plan.recordedSeconds) }
        }
        return recordings
    }

    private func recorded(_ video: SyntheticVideoSettings) throws -> PacketRecording {
        let recording = try RecordedVideo.encodeAtRate(
            video,
            seconds: plan.recordedSeconds,
            keyframeSeconds: plan.keyframeSeconds
        )
        if recording.kilobitsPerSecond < video.kilobitsPerSecond * 8 / 10 {
            note("the encoder makes \(recording.kilobitsPerSecond) kbit/s of a picture of this size at most")
        }
        return PacketRecording(recording, payloadBytes: plan.payloadBytes)
    }

    // MARK: Publishers

    /// Brings all publishers on air; one that cannot be ends the run, since what is measured would be another load.
    func startPublishers(_ recordings: Recordings) async throws {
        note("\(plan.allPublishers) publishers start")
        let places = (0..<plan.rooms).flatMap { room in (0..<plan.publishers).map { (room, $0) } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, place) in places.enumerated() {
                if index >= Self.concurrentStarts { try await group.next() }
                group.addTask { try await self.startPublisher(room: place.0, number: place.1, recordings) }
            }
            try await group.waitForAll()
        }
        if plan.relay != nil {
            // The relay learns of a stream with its first packets.
            try await Task.sleep(for: .milliseconds(500))
            for publisher in crowd.withLock({ $0.publishers }) { try await grant(publisher) }
        }
    }

    private func startPublisher(room: Int, number: Int, _ recordings: Recordings) async throws {
        let name = plan.publisherName(room: room, number: number)
        let isFlipper = number == 0 && room < plan.flippingRooms
        let video = isFlipper ? recordings.flippersVideo : recordings.video
        let audio = isFlipper ? recordings.flippersAudio : recordings.audio
        let stampNumber = plan.stampNumber(room: room, number: number)
        let token = try await desk.publisherToken(room: plan.roomName(room), publisher: name)
        let ready = try await patiently {
            try await WHIPPublisher(loop: self.publishing, client: self.client, identity: self.identity)
                .negotiate(
                    url: self.plan.whip.expand(room: self.plan.roomName(room), publisher: name),
                    token: token,
                    video: video?.codec,
                    hasAudio: audio != nil
                )
        }
        let (events, feed) = AsyncStream<SessionEvent>.makeStream()
        let origin = StampOrigin(run: run, publisher: stampNumber)
        let (peer, media) = try await publishing.run { peers in
            let media = try RecordedBroadcast(
                ready.negotiated,
                video: video,
                audio: audio,
                cname: ready.cname,
                origin: origin
            ) { event in
                feed.yield(event)
                if case .ended = event { feed.finish() }
            }
            return (try peers.add(ready.parameters, media: media), LoopBound(media))
        }
        crowd.withLock {
            $0.publishers.append(
                RunningPublisher(
                    room: room,
                    number: number,
                    name: name,
                    token: token,
                    session: ready.session,
                    peer: peer,
                    media: media
                )
            )
        }
        try await awaitEstablished(events)
        if isFlipper {
            // What others of the room play too tells nothing of whose it is; then stamps alone do.
            let isAlone = plan.publishers == 1
            let flipped = [video, audio].compactMap { $0 }.filter { isAlone || $0 !== recordings.video }
            let viewers = plan.viewers
            for receiver in receivers {
                try await receiver.run { fleet, _ in
                    fleet.rooms[room].flipper = stampNumber
                    fleet.rooms[room].flipped = flipped
                    fleet.rooms[room].ledger = LeakLedger(viewerCount: viewers)
                }
            }
        }
    }

    /// Grants the room's viewers what a publisher sends.
    private func grant(_ publisher: RunningPublisher) async throws {
        guard let relay = plan.relay, let token = publisher.token else { return }
        _ = try await patiently {
            try await relay.change(
                .grant,
                and: self.plan.partners,
                room: self.plan.roomName(publisher.room),
                participant: publisher.name,
                token: token
            )
        }
    }
}
