import Primitives
import Testing

@testable import LoadTesting

@Suite struct LeakLedgerTests {
    private func time(_ nanoseconds: Int64) -> WallClockTime {
        WallClockTime(nanosecondsSince1970: nanoseconds)
    }

    @Test func countsOnlyPacketsAfterTheEffectAndBeforeTheNextGrant() {
        let ledger = LeakLedger(viewerCount: 2)
        ledger.note(viewer: 0, isVideo: true, receivedAt: 100)
        ledger.withheld(from: time(100))
        ledger.note(viewer: 0, isVideo: true, receivedAt: 99)
        #expect(ledger.leakCount == 0, "not later than effective_at")
        ledger.note(viewer: 1, isVideo: false, receivedAt: 101)
        #expect(ledger.leakCount == 1, "one nanosecond later is a leak")
        #expect(ledger.leaks.first?.viewer == 1)
        #expect(ledger.leaks.first?.kind == "audio")
        #expect(ledger.leaks.first?.nanosecondsAfterEffect == 1)
        ledger.grantIsSent(at: time(200))
        ledger.note(viewer: 0, isVideo: true, receivedAt: 200)
        #expect(ledger.leakCount == 1, "from the grant's request on packets are welcome")
        ledger.note(viewer: 0, isVideo: true, receivedAt: 199)
        #expect(ledger.leakCount == 2, "read late, received before the request")
    }

    @Test func judgesWhatWasReceivedBeforeTheAcknowledgementWasKnown() {
        let ledger = LeakLedger(viewerCount: 1)
        for receivedAt in [90, 110, 120] as [Int64] {
            ledger.note(viewer: 0, isVideo: true, receivedAt: receivedAt)
        }
        ledger.withheld(from: time(100))
        #expect(ledger.leakCount == 2)
    }

    @Test func saysWhenEachViewerSawTheBroadcasterAgain() {
        let ledger = LeakLedger(viewerCount: 3)
        ledger.withheld(from: time(100))
        ledger.grantIsSent(at: time(1_000))
        ledger.note(viewer: 0, isVideo: false, receivedAt: 1_100)
        ledger.note(viewer: 0, isVideo: true, receivedAt: 1_500)
        ledger.note(viewer: 0, isVideo: true, receivedAt: 1_600)
        ledger.note(viewer: 2, isVideo: true, receivedAt: 1_150)
        #expect(ledger.resumptions(since: time(1_200)) == [300, nil, -50])
        ledger.grantIsSent(at: time(2_000))
        #expect(ledger.resumptions(since: time(2_000)) == [nil, nil, nil])
    }
}
