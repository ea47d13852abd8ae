import Primitives
import Testing

@testable import SRTPProtection

struct ReplayTests {
    private func sent(_ sender: borrowing OutboundProtection, _ index: UInt64, source: UInt32 = 1) -> [UInt8]
    {
        sender.protect(PlainPacket(extendedSequence: index, source: source, payload: [1, 2, 3]))
    }

    @Test(arguments: Suite.all)
    func dropsReplayedPacket(suite: Suite) throws {
        let sender = try suite.outbound()
        var receiver = try suite.inbound()
        let packet = sent(sender, 10)
        let results = [receiver.unprotect(packet).result, receiver.unprotect(packet).result]
        #expect(results == [.plaintext(length: 15, extendedSequence: 10), .drop(.replayed)])
    }

    @Test(arguments: Suite.all)
    func rolloverCounterFollowsTheSequenceThroughManyWraps(suite: Suite) throws {
        let sender = try suite.outbound()
        var receiver = try suite.inbound()
        for index in stride(from: UInt64(100), to: 70_000 * 6, by: 997) {
            let (result, _) = receiver.unprotect(sent(sender, index))
            #expect(result == .plaintext(length: 15, extendedSequence: index))
        }
    }

    @Test(arguments: Suite.all)
    func acceptsPacketsReorderedAcrossTheWrap(suite: Suite) throws {
        let sender = try suite.outbound()
        var receiver = try suite.inbound()
        let order: [UInt64] = [65530, 65537, 65534, 65536, 65531, 65535, 65540, 65539, 65533]
        for index in order {
            let (result, _) = receiver.unprotect(sent(sender, index))
            #expect(result == .plaintext(length: 15, extendedSequence: index))
        }
        for index in order {
            let (result, _) = receiver.unprotect(sent(sender, index))
            #expect(result == .drop(.replayed))
        }
    }

    @Test(arguments: Suite.all)
    func dropsPacketBehindTheWindow(suite: Suite) throws {
        let sender = try suite.outbound()
        var receiver = try suite.inbound()
        let width = UInt64(InboundProtection.replayWindowWidth)
        let results = [5 + width, 6, 5, 5 + 2 * width, 6 + width].map {
            receiver.unprotect(sent(sender, $0)).result
        }
        #expect(
            results == [
                .plaintext(length: 15, extendedSequence: 5 + width),
                .plaintext(length: 15, extendedSequence: 6),
                .drop(.tooOld), .plaintext(length: 15, extendedSequence: 5 + 2 * width),
                .plaintext(length: 15, extendedSequence: 6 + width),
            ]
        )
    }

    @Test func dropsPacketFromBeforeTheFirstRollover() throws {
        let suite = Suite(profile: .aeadAES128GCM, backend: .best)
        let sender = try suite.outbound()
        var receiver = try suite.inbound()
        let results = [2, 65535].map { receiver.unprotect(sent(sender, $0)).result }
        #expect(results == [.plaintext(length: 15, extendedSequence: 2), .drop(.tooOld)])
    }

    @Test func forgedPacketMovesNoWindow() throws {
        for suite in Suite.all {
            let sender = try suite.outbound()
            let stranger = try suite.outbound(seed: 2)
            var receiver = try suite.inbound()
            #expect(
                receiver.unprotect(sent(sender, 100)).result == .plaintext(length: 15, extendedSequence: 100)
            )
            #expect(receiver.unprotect(sent(stranger, 30_000)).result == .drop(.authenticationFailed))
            #expect(
                receiver.unprotect(sent(sender, 101)).result == .plaintext(length: 15, extendedSequence: 101)
            )
            #expect(
                receiver.unprotect(sent(sender, 99)).result == .plaintext(length: 15, extendedSequence: 99)
            )
        }
    }

    @Test func sourcesCountOnlyOnceAuthenticatedAndAreBounded() throws {
        for suite in Suite.all {
            let sender = try suite.outbound()
            let stranger = try suite.outbound(seed: 2)
            var receiver = try suite.inbound(maximumSources: 3)
            for source in 10..<40 as Range<UInt32> {
                let (result, _) = receiver.unprotect(sent(stranger, 1, source: source))
                #expect(result == .drop(.authenticationFailed))
            }
            #expect(receiver.sourceCount == 0)
            let results = ([1, 2, 3, 4, 2] as [UInt32]).enumerated().map { step, source in
                receiver.unprotect(sent(sender, UInt64(step), source: source)).result
            }
            #expect(
                results == [
                    .plaintext(length: 15, extendedSequence: 0), .plaintext(length: 15, extendedSequence: 1),
                    .plaintext(length: 15, extendedSequence: 2), .drop(.tooManySources),
                    .plaintext(length: 15, extendedSequence: 4),
                ]
            )
            #expect(receiver.sourceCount == 3)
        }
    }

    @Test func aPeerThatMaySendNoMediaHasItsRTPRefused() throws {
        let suite = Suite(profile: .aeadAES128GCM, backend: .best)
        let sender = try suite.outbound()
        var receiver = try suite.inbound(maximumSources: 0)
        #expect(receiver.unprotect(sent(sender, 1)).result == .drop(.tooManySources))
    }

    @Test(arguments: Suite.all)
    func controlPacketsReplayReorderAndAge(suite: Suite) throws {
        var sender = try suite.outbound()
        var receiver = try suite.inbound()
        let width = InboundProtection.controlReplayWindowWidth
        let packets = (0...width).map { _ in sender.protectControl(controlPacket()) }
        let results = [1, 1, 3, 2, 2, width, 0, 4].map { receiver.unprotectControl(packets[$0]).result }
        let plain = InboundControlResult.plaintext(length: 32)
        #expect(
            results == [
                plain, .drop(.replayed), plain, plain, .drop(.replayed), plain, .drop(.tooOld), plain,
            ]
        )
    }

    @Test(arguments: Suite.all)
    func controlSourcesAreBounded(suite: Suite) throws {
        var sender = try suite.outbound()
        var receiver = try suite.inbound()
        for source in 0..<UInt32(InboundProtection.maximumControlSources) {
            let (result, _) = receiver.unprotectControl(sender.protectControl(controlPacket(source: source)))
            #expect(result == .plaintext(length: 32))
        }
        let (more, _) = receiver.unprotectControl(sender.protectControl(controlPacket(source: 1 << 20)))
        #expect(more == .drop(.tooManySources))
    }

    @Test(arguments: Suite.all)
    func controlStopsWhenItsIndicesAreUsedUp(suite: Suite) throws {
        var sender = try suite.outbound()
        sender.nextControlIndex = OutboundProtection.controlIndexLimit - 1
        let last = sender.protectControl(controlPacket())
        let beyond = sender.protectControl(controlPacket())
        #expect(last.count == 32 + suite.profile.rtcpOverhead)
        #expect(beyond.isEmpty)
        var receiver = try suite.inbound()
        #expect(receiver.unprotectControl(last).result == .plaintext(length: 32))
    }

    /// RFC 3711 appendix A, written down again with modular arithmetic of its own.
    @Test func guessesTheIndexNearestToTheHighest() {
        var random = SeededRandom(seed: 33)
        for _ in 0..<20_000 {
            let highest = random.next() >> 30
            let sequence = UInt16(truncatingIfNeeded: random.next())
            let found = InboundProtection.estimateIndex(sequence: sequence, highest: highest)
            let candidates = [-1, 0, 1].map { ((Int64(highest) >> 16) + $0) << 16 + Int64(sequence) }
            let nearest = candidates.map { abs($0 - Int64(highest)) }.min()
            if let found {
                #expect(abs(Int64(found) - Int64(highest)) == nearest)
                #expect(UInt16(truncatingIfNeeded: found) == sequence)
            } else {
                #expect(highest < 0x8000)
            }
        }
        #expect(InboundProtection.estimateIndex(sequence: 7, highest: nil) == 7)
        #expect(InboundProtection.estimateIndex(sequence: 0x8000, highest: 0) == 0x8000)
        #expect(InboundProtection.estimateIndex(sequence: 0x8001, highest: 0) == nil)
        #expect(InboundProtection.estimateIndex(sequence: 0, highest: 0x8000) == 0)
        #expect(InboundProtection.estimateIndex(sequence: 0, highest: 0x8001) == 0x1_0000)
        #expect(InboundProtection.estimateIndex(sequence: 0, highest: (1 << 48) - 1) == nil)
    }

    /// The window against a plain set of everything accepted.
    @Test func windowAgreesWithASet() {
        for seed in 0..<20 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var window = ReplayWindow<4>(first: 1000)
            var accepted: Set<UInt64> = [1000]
            var highest: UInt64 = 1000
            for _ in 0..<5000 {
                let reach = [3, 40, 300, 700][Int(random.next() % 4)] as UInt64
                let index = highest + 20 + random.next() % reach - min(random.next() % (reach + 20), highest)
                let verdict = window.verdict(on: index)
                if index + 256 <= highest {
                    #expect(verdict == .tooOld)
                } else {
                    #expect(verdict == (accepted.contains(index) ? .replayed : .fresh))
                }
                guard verdict == .fresh else { continue }
                window.accept(index)
                accepted.insert(index)
                highest = max(highest, index)
                #expect(window.highest == highest)
            }
        }
    }
}
