import ConsentAuthority
import Disclosures
import Foundation
import Partners
import PeerTransports
import Primitives
import RTPPackets
import RelayEngine
import SessionDescriptions
import Testing

@testable import RoomControl

/// A relay over a real ledger, with somebody who would be on air, and a destination that is a real server.
///
/// What the media loops would tell is told by hand: there is no media here.
struct PushFixture {
    let relay: RelayFixture
    let control: RelayControl
    let partners: PartnerRegistry
    let server: WHIPServer

    var room: RoomName { relay.room }
    var ada: ParticipantID { relay.ada }

    static func run(
        acknowledgementSeconds: Int = 5,
        hasWebhook: Bool = true,
        _ body: (PushFixture) async throws -> Void
    ) async throws {
        let relay = try RelayFixture()
        try FileManager.default.createDirectory(
            atPath: relay.directory,
            withIntermediateDirectories: true
        )
        let partners = try PartnerRegistry(directory: relay.directory)
        let terms = Partner.Terms(
            legalName: "Example Ltd",
            contact: "privacy@site.example",
            purposes: [.rebroadcast]
        )
        _ = try await partners.add("site", terms)
        try await WHIPServer.run { server in
            _ = try await partners.destinations.add(
                "b",
                Destination.Terms(
                    partner: "site",
                    url: try server.url(),
                    webhook: hasWebhook
                        ? Destination.Webhook(
                            url: try server.url("/hook"),
                            secret: HiddenText(WHIPServer.secret),
                            acknowledgementSeconds: acknowledgementSeconds
                        ) : nil
                )
            )
            try await relay.run(partners: partners) { control, _ in
                try await body(
                    PushFixture(relay: relay, control: control, partners: partners, server: server)
                )
                // Which says good-bye to servers too.
                await control.drain()
            }
        }
    }

    func until(_ condition: () async throws -> Bool) async throws { try await relay.until(condition) }

    /// Has a participant publish, as far as the room can tell.
    func publish(_ participant: ParticipantID? = nil) async throws {
        let participant = participant ?? ada
        let offer = OfferBuilder.publisherOffer(
            local: LocalTransport(
                iceUfrag: "user",
                icePassword: String(repeating: "p", count: 24),
                fingerprintSHA256: [UInt8](repeating: 7, count: 32),
                candidates: [],
                isLite: false,
                cname: "test",
                originID: 1
            ),
            audio: OutgoingStream(ssrc: 1, streamID: "s", trackID: "a"),
            video: OutgoingStream(ssrc: 2, rtxSSRC: 3, streamID: "s", trackID: "v")
        )
        _ = try await control.publish(
            PublishRequest(
                room: room,
                participant: participant,
                displayName: "Ada",
                offer: offer.text,
                replacesLiveSession: true,
                grants: []
            )
        )
        let live = try #require(await control.rooms[room])
        await live.pretendOnAir(participant, video: .vp9)
    }

    func choose(
        _ choice: ConsentChange.Choice,
        _ purposes: Purpose...,
        by participant: ParticipantID? = nil,
        media: Set<MediaType> = []
    ) async throws {
        _ = try await control.changeConsents(
            room,
            participant ?? ada,
            purposes.map { purpose in
                ConsentChange(purpose: purpose, recipient: "site", choice: choice, media: media)
            },
            by: .participantByAPI,
            sendsPrivacyControl: false,
            ifEpoch: nil
        )
    }

    func start() async throws -> PushStatus {
        try await control.startPush(room, to: "b", stream: nil)
    }

    func status() async -> PushStatus? { await control.pushes(of: room).first }

    func state() async -> PushState? { await status()?.state }

    /// Waits until the server has made a session, and lets the room believe that media can flow.
    func connect() async throws {
        try await until { await isJoining() }
        let live = try #require(await control.rooms[room])
        await live.pretendConnected()
        #expect(await state() == .live)
    }

    private func isJoining() async -> Bool {
        guard let live = await control.rooms[room] else { return false }
        return await live.viewings.values.contains { $0.push != nil }
    }
}

extension LiveRoom {
    func pretendOnAir(_ participant: ParticipantID, video: MediaCodec) {
        guard let publication = publications[participant] else { return }
        take(.connected(publication.peer, iceMilliseconds: 1, dtlsMilliseconds: 1))
        for track in publication.tracks {
            take(.trackStarted(publication.peer, track.id, track.type == .audio ? .opus : video))
        }
    }

    func pretendConnected() {
        for viewing in viewings.values where viewing.push != nil {
            take(.connected(viewing.peer, iceMilliseconds: 1, dtlsMilliseconds: 1))
        }
    }

    func pretendLost() {
        for viewing in viewings.values where viewing.push != nil { take(.ended(viewing.peer, .pathLost)) }
    }
}
