import Primitives
import Testing

@testable import LoadTesting

@Suite struct LoadPlanTests {
    @Test func templatesAreFilledIn() throws {
        let template = try URLTemplate("http://h/{room}/{publisher}/whep?v={viewer}&r={room}")
        #expect(template.expand(room: "a", publisher: "p", viewer: "v") == "http://h/a/p/whep?v=v&r=a")
        #expect(template.uses(.viewer))
        let plain = try URLTemplate("http://h/whip")
        #expect(plain.expand(room: "a") == "http://h/whip")
        #expect(!plain.uses(.room))
    }

    @Test(arguments: ["http://h/{rom}", "http://h/{room", "http://h/room}", "{}", "{{room}}"])
    func aBadTemplateIsRefused(_ text: String) {
        #expect(throws: LoadPlanError.self) { try URLTemplate(text) }
    }

    @Test func readsPacesOfJoining() throws {
        #expect(try JoinPace("50") == .steady(perSecond: 50))
        #expect(try JoinPace("steady:2.5") == .steady(perSecond: 2.5))
        #expect(try JoinPace("ramp:100") == .ramp(toPerSecond: 100))
        #expect(try JoinPace("HERD") == .herd)
        for text in ["", "fast", "ramp", "herd:3", "steady:0", "-1", "nan", "inf", "ramp:1e9", "1:2:3"] {
            #expect(throws: LoadPlanError.self) { try JoinPace(text) }
        }
    }

    @Test func aSteadyPaceIsEven() {
        let pace = JoinPace.steady(perSecond: 50)
        #expect((0..<100).map { pace.offset(of: $0, count: 100) } == (0..<100).map { Int64($0) * 20_000_000 })
        #expect(JoinPace.herd.offset(of: 999, count: 1_000) == 0)
    }

    @Test func aRampEndsAtItsRate() {
        let pace = JoinPace.ramp(toPerSecond: 100)
        let offsets = (0..<1_000).map { pace.offset(of: $0, count: 1_000) }
        #expect(offsets == offsets.sorted())
        let gaps = zip(offsets, offsets.dropFirst()).map { $1 - $0 }
        #expect(abs(Double(gaps[998]) - 10_000_000) < 100_000, "the last ones come at 100 a second")
        #expect(gaps[1] > 20 * gaps[998])
        #expect(abs(Double(offsets[999]) / 1e9 - 20) < 0.1, "a thousand at 50 a second in the mean")
    }

    @Test func sharesOfViewersAreSpreadEvenly() {
        let chosen = (0..<1_000).filter { LoadRun.isAmong(0.05, number: $0) }
        #expect(chosen.count == 50)
        #expect(zip(chosen, chosen.dropFirst()).allSatisfy { $1 - $0 == 20 })
        #expect((0..<100).filter { LoadRun.isAmong(0, number: $0) }.isEmpty)
        #expect((0..<100).filter { LoadRun.isAmong(1, number: $0) }.count == 100)
    }

    @Test func timersComeInTheirOrderAndReplaceEachOther() {
        func time(_ milliseconds: Int64) -> MonotonicTime {
            MonotonicTime(nanoseconds: 1).advanced(byMilliseconds: milliseconds)
        }
        var queue = TimerQueue()
        for (number, due) in [5, 3, 9, 1, 7].enumerated() { queue.set(number, due: time(Int64(due))) }
        queue.set(3, due: time(8))
        queue.set(1, due: .distantFuture)
        var taken: [Int] = []
        while let number = queue.takeDue(now: time(8)) { taken.append(number) }
        #expect(taken == [0, 4, 3])
        #expect(queue.nextDue() == time(9))
        queue.set(2, due: time(2))
        #expect(queue.nextDue() == time(2))
        #expect(queue.takeDue(now: time(10)) == 2)
        #expect(queue.takeDue(now: time(10)) == nil, "the time that was replaced does not come up again")
        #expect(queue.nextDue() == .distantFuture)
    }
}

@Suite struct LoadAudienceTests {
    private func plan() throws -> LoadPlan {
        LoadPlan(
            whip: try URLTemplate("http://h/{room}/whip"),
            whep: try URLTemplate("http://h/{room}/whep"),
            tokens: .fixed(.none),
            relay: nil
        )
    }

    @Test func aShareOfViewersWatchesOnThePartnersSite() throws {
        var plan = try plan()
        #expect(plan.partners.isEmpty)
        #expect((0..<10).allSatisfy { plan.audience(ofViewer: $0) == .room })
        plan.partner = "site"
        plan.embedShare = 0.5
        #expect(plan.partners == [.partner("site")])
        #expect((0..<10).count { plan.audience(ofViewer: $0) == .partner("site") } == 5)
    }

    @Test func namesAndStampsOfPublishersAreTheirOwn() throws {
        var plan = try plan()
        (plan.rooms, plan.publishers) = (3, 4)
        let places = (0..<3).flatMap { room in (0..<4).map { (room, $0) } }
        #expect(Set(places.map { plan.publisherName(room: $0.0, number: $0.1) }).count == 12)
        #expect(Set(places.map { plan.stampNumber(room: $0.0, number: $0.1) }) == Set(1...12))
    }

    @Test func onlyARelayWithConsentsHasFlips() throws {
        var plan = try plan()
        plan.flipsPerSecond = 3
        #expect(plan.flippingRooms == 0)
    }

    @Test func tokensOfACommandAreAskedForOnce() async throws {
        let command = try URLTemplate("printf '%s\\n' {room}-{publisher}-{viewer}-$$")
        let desk = TokenDesk(.command(command), relay: nil)
        func token(_ viewer: String) async throws -> String? {
            try await desk.viewerToken(room: "a", publisher: "p", viewer: viewer, number: 0, audience: .room)
        }
        let first = try await token("v")
        #expect(first?.hasPrefix("a-p-v-") == true)
        #expect(try await token("v") == first)
        #expect(try await token("w") != first)
        let failing = TokenDesk(.command(try URLTemplate("exit 3")), relay: nil)
        await #expect(throws: LoadPlanError.self) {
            try await failing.publisherToken(room: "a", publisher: "p")
        }
    }
}
