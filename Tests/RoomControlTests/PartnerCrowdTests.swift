import Disclosures
import Primitives
import Testing

@testable import RoomControl

@Suite struct PartnerCrowdTests {
    private func admission(_ partner: String, inAll: Int, inARoom: Int) -> PartnerAdmission {
        PartnerAdmission(
            partner: partner,
            keyNumber: 1,
            origins: [],
            media: [.audio, .video],
            expiresAt: WallClockTime(nanosecondsSince1970: 1),
            maximumViewers: inAll,
            maximumViewersPerRoom: inARoom
        )
    }

    /// How many of `count` who come at once find a place.
    private func admitted(
        _ count: Int,
        _ admission: PartnerAdmission,
        to room: RoomName,
        _ crowd: inout PartnerCrowd
    ) -> Int {
        var found = 0
        for _ in 0..<count where crowd.admit(admission, to: room) { found += 1 }
        return found
    }

    @Test func aPartnerHasSoManyViewersInARoomAndSoManyInAll() throws {
        let (demo, other) = (try #require(RoomName("demo")), try #require(RoomName("other")))
        let site = admission("site", inAll: 3, inARoom: 2)
        let neighbour = admission("neighbour", inAll: 3, inARoom: 2)
        var crowd = PartnerCrowd()
        let inDemo = admitted(3, site, to: demo, &crowd)
        #expect(inDemo == 2)
        // Its own crowd is nobody else's.
        let ofNeighbour = admitted(3, neighbour, to: demo, &crowd)
        #expect(ofNeighbour == 2)
        let elsewhere = admitted(2, site, to: other, &crowd)
        #expect(elsewhere == 1)
        crowd.dismiss("site", from: demo)
        let afterOneLeft = admitted(2, site, to: other, &crowd)
        #expect(afterOneLeft == 1)
        crowd.dismiss("site", from: other)
        let back = admitted(2, site, to: demo, &crowd)
        #expect(back == 1)
    }

    @Test func whoWasNeverAdmittedTakesNoPlaceWithThem() throws {
        let demo = try #require(RoomName("demo"))
        var crowd = PartnerCrowd()
        crowd.dismiss("site", from: demo)
        let found = admitted(2, admission("site", inAll: 1, inARoom: 9), to: demo, &crowd)
        #expect(found == 1)
    }
}
