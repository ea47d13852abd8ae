import Foundation
import MediaCodecs
import Primitives
import RelayRuntime

extension SmokeRun {
    private struct Granted: Decodable {
        var grant: String
    }

    /// A partner's site: its page, the grants that it hands out, who is seen by them, and that each is for one session.
    func checkPartner(_ site: SmokeSettings.PartnerSite, operatorToken: String) async throws {
        let page = try await toolkit.client.request("GET", site.url)
        checks.check(
            "the partner's site serves its page",
            page.status == 200 && page.body.contains("<tally-room "),
            "\(page.status)"
        )
        let answer = try await toolkit.client.request("POST", site.grantURL)
        guard let granted = try? JSONDecoder().decode(Granted.self, from: Data(answer.body.utf8)) else {
            checks.check("the partner's site hands out a grant", false, "\(answer.status)")
            return
        }
        let viewing = try await toolkit.viewer.start(viewer(granted.grant, slots: settings.slots))
        var watched = WatchedParticipant(viewing: viewing, loop: toolkit.loop, name: settings.name)
        if checks.check(
            "\(settings.name) is seen on the partner's site",
            try await watched.find(seconds: 5)
        ) {
            let others = try await sources(in: viewing).filter { $0 != watched.source }
            checks.check("nobody else is seen there", others.isEmpty, "\(others.count) others")
            try await checkPartnerWithdrawal(site.partner, watched, operatorToken: operatorToken)
        }
        let replayed = await refusal(room: settings.room, token: granted.grant)
        checks.check("a grant that was used opens nothing", replayed?.status == 401, Self.text(replayed))
        await toolkit.viewer.stop(viewing, token: .text(granted.grant))
    }

    /// The pictures that a viewer is shown now, by their stamps.
    private func sources(in viewing: Viewing) async throws -> Set<UInt16> {
        let media = viewing.media
        return try await toolkit.loop.run { peers in
            Set(media.value(on: peers).peek(now: SystemClock.monotonic).compactMap(\.source))
        }
    }

    private func checkPartnerWithdrawal(
        _ partner: String,
        _ watched: WatchedParticipant,
        operatorToken: String
    ) async throws {
        let token = try await api.publishToken(
            room: settings.room,
            participant: settings.participant,
            name: settings.name,
            operatorToken: operatorToken
        )
        func change(_ choice: RelayAPI.Choice) async throws -> RelayAPI.Acknowledgement {
            try await api.change(
                choice,
                for: .partner(partner),
                room: settings.room,
                participant: settings.participant,
                token: token
            )
        }
        let answer = try await change(.withdraw)
        let slate = try await watched.await(milliseconds: Self.slateMilliseconds) {
            $0.video?.showing == .unstamped
        }
        checks.check(
            "what \(settings.name) takes back from the partner is gone there",
            slate != nil,
            "acknowledged after \(Self.rounded(answer.milliseconds)) ms"
        )
        _ = try await change(.grant)
        let resumed = try await watched.await(milliseconds: Self.resumptionMilliseconds) {
            $0.video?.showing == .stamped
        }
        checks.check("and back with the next grant", resumed != nil)
    }
}
