import Primitives
import RTPPackets
import Testing

private struct Status: Equatable {
    let sequenceNumber: UInt16
    let arrivalTicks: Int64?
}

/// The statuses of a datagram's feedback packets; `nil` if one is malformed.
private func statuses(_ datagram: [UInt8]) -> [Status]? {
    var reader = RTCPReader(datagram.span.bytes)
    var found: [Status] = []
    while let packet = reader.next() {
        guard var feedback = packet.transportFeedback else { return nil }
        while let status = feedback.next() {
            found.append(Status(sequenceNumber: status.sequenceNumber, arrivalTicks: status.arrivalTicks))
        }
    }
    return reader.isMalformed ? nil : found
}

private func header(_ datagram: [UInt8]) -> [Int]? {
    var reader = RTCPReader(datagram.span.bytes)
    guard let packet = reader.next(), let feedback = packet.transportFeedback else { return nil }
    return [
        Int(feedback.baseSequence), feedback.statusCount, Int(feedback.referenceTime),
        Int(feedback.feedbackCount),
    ]
}

private func time(ticks: Int64) -> MonotonicTime {
    MonotonicTime(nanoseconds: ticks * TransportFeedback.tickNanoseconds)
}

private func ticks(_ time: MonotonicTime) -> Int64 { time.nanoseconds / TransportFeedback.tickNanoseconds }

/// Writes `arrivals` in as many packets as it takes and reads them back.
private func roundTrip(_ arrivals: [MonotonicTime?], base: UInt16) -> [Status]? {
    var rest = arrivals[...]
    var base = base
    var count: UInt8 = 250
    var found: [Status] = []
    while !rest.isEmpty {
        var writer = RTCPWriter()
        let covered = writer.appendTransportFeedback(
            senderSSRC: 1,
            mediaSSRC: 2,
            baseSequence: base,
            feedbackCount: count,
            arrivals: rest
        )
        guard covered > 0, writer.byteCount <= RTCPWriter.maximumByteCount else { return nil }
        if !writer.isEmpty {
            guard let part = statuses(writer.bytes), part.count == covered else { return nil }
            found += part
        } else {
            found += (0..<covered).map {
                Status(sequenceNumber: base &+ UInt16($0), arrivalTicks: nil)
            }
        }
        rest = rest.dropFirst(covered)
        base &+= UInt16(covered)
        count &+= 1
    }
    return found
}

private func expected(_ arrivals: [MonotonicTime?], base: UInt16) -> [Status] {
    arrivals.enumerated().map { index, arrival in
        Status(sequenceNumber: base &+ UInt16(truncatingIfNeeded: index), arrivalTicks: arrival.map(ticks))
    }
}

@Suite struct TransportFeedbackTests {
    /// By hand: base 5, 7 packets from 2 * 64 ms on; a one-bit vector, deltas of 1, 2 and 255 ticks.
    @Test func readsAOneBitVector() {
        let datagram = bytes("8FCD0006 00000001 00000002 00050007 00000209 B0040102 FF000000")
        #expect(header(datagram) == [5, 7, 2, 9])
        // 10 110000 0000 0100: symbols 1, 1, 0, 0, 0, 0, 0 within the count.
        #expect(
            statuses(datagram)?.map(\.arrivalTicks) == [513, 515, nil, nil, nil, nil, nil]
        )
    }

    /// By hand: two-bit vector 11 01 10 00 01 00 00 00 of three packets; a delta of -4 ticks.
    @Test func readsATwoBitVector() {
        let datagram = bytes("8FCD0006 00000001 00000002 FFFF0004 FFFFFF00 D84003FF FC020000")
        #expect(header(datagram) == [65535, 4, -1, 0])
        #expect(
            statuses(datagram) == [
                Status(sequenceNumber: 65535, arrivalTicks: -253),
                Status(sequenceNumber: 0, arrivalTicks: -257), Status(sequenceNumber: 1, arrivalTicks: nil),
                Status(sequenceNumber: 2, arrivalTicks: -255),
            ]
        )
    }

    /// By hand: a run of 3 not received, then one of 2 small deltas.
    @Test func readsRuns() {
        let datagram = bytes("8FCD0006 00000001 00000002 00000005 00000000 00032002 0A0B0000")
        #expect(statuses(datagram)?.map(\.arrivalTicks) == [nil, nil, nil, 10, 21])
    }

    @Test(arguments: [
        "8FCD0005 00000001 00000002 00000005 00000000 00030000",  // two statuses missing
        "8FCD0005 00000001 00000002 00000001 00000000 60010000",  // reserved symbol
        "8FCD0005 00000001 00000002 00000003 00000000 20030102",  // a delta missing
        "8FCD0004 00000001 00000002 00000001 00000000",  // no chunk
    ])
    func refusesMalformedFeedback(text: String) {
        #expect(statuses(bytes(text)) == nil)
    }

    @Test func writesARunWithPadding() {
        var writer = RTCPWriter()
        let arrivals = [513, 514, 516].map(time(ticks:))
        let covered = writer.appendTransportFeedback(
            senderSSRC: 1,
            mediaSSRC: 2,
            baseSequence: 5,
            feedbackCount: 9,
            arrivals: arrivals
        )
        #expect(covered == 3)
        #expect(
            writer.bytes == bytes("AFCD0006 00000001 00000002 00050003 00000209 20030101 02000003")
        )
    }

    @Test func writesVectors() {
        var writer = RTCPWriter()
        let arrivals = [time(ticks: 513), nil, time(ticks: 514), nil]
        _ = writer.appendTransportFeedback(
            senderSSRC: 1,
            mediaSSRC: 2,
            baseSequence: 5,
            feedbackCount: 9,
            arrivals: arrivals
        )
        #expect(writer.bytes == bytes("8FCD0005 00000001 00000002 00050004 00000209 A8000101"))
    }

    @Test func writesNothingWithoutArrivals() {
        var writer = RTCPWriter()
        let covered = writer.appendTransportFeedback(
            senderSSRC: 1,
            mediaSSRC: 2,
            baseSequence: 5,
            feedbackCount: 9,
            arrivals: [nil, nil]
        )
        #expect(covered == 2)
        #expect(writer.isEmpty)
    }

    @Test func splitsWhereADeltaOverflows() {
        let arrivals = [0, 32767, 32767 + 32768, 100_000, 100_000 - 32768, 0].map(time(ticks:))
        var writer = RTCPWriter()
        let covered = writer.appendTransportFeedback(
            senderSSRC: 1,
            mediaSSRC: 2,
            baseSequence: 0,
            feedbackCount: 0,
            arrivals: arrivals
        )
        #expect(covered == 2)
        #expect(roundTrip(arrivals, base: 0) == expected(arrivals, base: 0))
    }

    @Test func readsBackRandomArrivals() {
        var random = SeededRandom(seed: 5)
        for round in 0..<1000 {
            let lossInTen = Int.random(in: 0...10, using: &random)
            let spread = [300, 2000, 40_000].randomElement(using: &random) ?? 300 as Int64
            let burst = Int.random(in: 1...40, using: &random)
            var now: Int64 = 1_000_000
            var arrives = true
            let arrivals: [MonotonicTime?] = (0..<Int.random(in: 1...900, using: &random)).map { _ in
                if Int.random(in: 0..<burst, using: &random) == 0 {
                    arrives = Int.random(in: 0..<10, using: &random) >= lossInTen
                }
                now = max(0, now + Int64.random(in: -20...spread, using: &random))
                return arrives ? time(ticks: now) : nil
            }
            let base = UInt16.random(in: 0...65535, using: &random)
            #expect(roundTrip(arrivals, base: base) == expected(arrivals, base: base), "round \(round)")
        }
    }

    @Test func comparesArrivalsAcrossTheWrapOfTheReference() {
        // The reference time counts to 2^23 - 1 and goes on at -2^23.
        let earlier: Int64 = (1 << 31) - 10
        let later: Int64 = -(1 << 31) + 30
        #expect(TransportFeedback.nanoseconds(from: earlier, to: later) == 40 * 250_000)
    }
}

@Suite struct TransportFeedbackRecorderTests {
    private func drain(_ recorder: inout TransportFeedbackRecorder) -> [Status] {
        var found: [Status] = []
        while recorder.hasPending {
            var writer = RTCPWriter()
            guard recorder.appendFeedback(to: &writer, senderSSRC: 1, mediaSSRC: 2) else { continue }
            found += statuses(writer.bytes) ?? []
        }
        return found
    }

    @Test func reportsEachIntervalOnce() {
        var recorder = TransportFeedbackRecorder()
        #expect(!recorder.hasPending)
        recorder.record(sequenceNumber: 65535, arrival: time(ticks: 100))
        recorder.record(sequenceNumber: 1, arrival: time(ticks: 120))
        #expect(
            drain(&recorder) == [
                Status(sequenceNumber: 65535, arrivalTicks: 100),
                Status(sequenceNumber: 0, arrivalTicks: nil),
                Status(sequenceNumber: 1, arrivalTicks: 120),
            ]
        )
        #expect(!recorder.hasPending)
        recorder.record(sequenceNumber: 3, arrival: time(ticks: 140))
        #expect(drain(&recorder).map(\.sequenceNumber) == [2, 3])
    }

    @Test func reportsLatePacketsAgain() {
        var recorder = TransportFeedbackRecorder()
        for sequence in [10, 12] as [UInt16] {
            recorder.record(sequenceNumber: sequence, arrival: time(ticks: Int64(sequence)))
        }
        _ = drain(&recorder)
        recorder.record(sequenceNumber: 11, arrival: time(ticks: 50))
        #expect(
            drain(&recorder) == [
                Status(sequenceNumber: 11, arrivalTicks: 50), Status(sequenceNumber: 12, arrivalTicks: 12),
            ]
        )
    }

    @Test func forgetsWhatIsOlderThanItsWindow() {
        var recorder = TransportFeedbackRecorder()
        for sequence in 0..<10_000 {
            recorder.record(sequenceNumber: UInt16(sequence), arrival: time(ticks: Int64(sequence)))
        }
        let found = drain(&recorder)
        #expect(found.count == TransportFeedbackRecorder.windowCount)
        #expect(found.first?.sequenceNumber == UInt16(10_000 - TransportFeedbackRecorder.windowCount))
        recorder.record(sequenceNumber: 5, arrival: time(ticks: 1))
        #expect(!recorder.hasPending)
    }

    @Test func takesNothingForArrivedThatWasJumpedOver() {
        var recorder = TransportFeedbackRecorder()
        for sequence in 0..<1024 {
            recorder.record(sequenceNumber: UInt16(sequence), arrival: time(ticks: Int64(sequence)))
        }
        _ = drain(&recorder)
        recorder.record(sequenceNumber: 1500, arrival: time(ticks: 2000))
        let found = drain(&recorder)
        #expect(found.filter { $0.arrivalTicks != nil }.map(\.sequenceNumber) == [1500])
        #expect(found.last?.sequenceNumber == 1500)
    }
}
