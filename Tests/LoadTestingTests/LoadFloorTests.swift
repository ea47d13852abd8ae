import Testing

@testable import LoadTesting

@Suite struct LoadFloorTests {
    private func result(
        _ mode: String,
        _ nanoseconds: Double,
        kind: FloorResult.Kind = .load,
        received: Double = 1
    ) -> FloorResult {
        FloorResult(
            mode: mode,
            kind: kind,
            packets: 1_000,
            nanosecondsOfPacket: nanoseconds,
            received: received
        )
    }

    @Test func everyWayOfSendingArrives() throws {
        var shape = FloorShape()
        shape.viewers = 3
        shape.seconds = 0.4
        let results = try LoadFloor(shape).measure()
        #expect(results.count == 3)
        for result in results {
            #expect(result.packets > 30 && result.nanosecondsOfPacket > 0)
            #expect(result.received > 0.99, "\(result.mode)")
            // Six pictures and ten packets of sound for each of three viewers, in the second half of the time.
            let ages = (result.latencyVideo?.count ?? 0, result.latencyAudio?.count ?? 0)
            if result.kind == .fixed { #expect(ages == (0, 0)) } else { #expect(ages == (18, 30)) }
            #expect(result.latencyVideo?.min ?? 1 > 0 && result.latencyVideo?.max ?? 0 < 1_000)
        }
        #expect(results[0].packets == results[1].packets, "the same load in both ways")
    }

    @Test func aRunOnABusyMachineSaysNothing() {
        let shape = FloorShape()
        let good = FloorReport(
            shape: shape,
            results: [result("a", 900), result("b", 600), result("c", 500, kind: .fixed)],
            server: nil
        )
        #expect(good.best?.mode == "b")
        #expect(good.isValid)
        let lossy = FloorReport(
            shape: shape,
            results: [result("a", 900, received: 0.5), result("c", 500, kind: .fixed)],
            server: nil
        )
        #expect(!lossy.isValid)
        let busy = FloorReport(
            shape: shape,
            results: [result("a", 900), result("c", 5_000, kind: .fixed)],
            server: nil
        )
        #expect(busy.isValid == !MachineFacts().hasWideVectors)
    }

    @Test func sendsTheRunsThatTheRelayHad() throws {
        var shape = FloorShape()
        shape.viewers = 2
        shape.seconds = 1
        shape.hasAudio = false
        shape.packetsOfFrame = 6
        shape.runs = [FloorRun(packets: 1, share: 0.5), FloorRun(packets: 3, share: 0.5)]
        let results = try LoadFloor(shape).measure()
        #expect(results.map(\.kind) == [.load, .load, .wholePictures, .fixed])
        // Fifteen pictures in half a second, each of three batches of two packets in the mean.
        for result in results.dropLast() {
            #expect(abs(result.packets - 2 * 15 * 6) <= 2 * 3, "\(result.mode)")
        }
    }

    @Test func drawsEvenly() {
        var draw = EvenDraw([0.5, 0.25, 0.25])
        let drawn = (0..<400).map { _ in draw.next() }
        #expect((0..<3).map { place in drawn.count { $0 == place } } == [200, 100, 100])
        #expect(drawn[..<8].count { $0 == 0 } == 4)
    }

    @Test func leavesSoundOutOfTheRunsOfAReport() {
        var report = LoadReport(
            startedAt: "",
            machine: MachineFacts(),
            options: ["fps": "30", "audio": "opus"]
        )
        report.numbers = [
            "viewers": .init(10, .count), "frames": .init(300, .count), "packets": .init(2_300, .count),
            "packets.audio": .init(500, .count), "packets.video.mean_size": .init(1_200, .bytes),
            "packets.audio.mean_size": .init(128, .bytes),
        ]
        var runs = ValueHistogram()
        // Counted for twice as long as the packets.
        runs.record(1, count: 1_600)
        runs.record(5, count: 600)
        report.distributions["server.run"] = Distribution(runs, unit: .count, unitsOfOne: 1)
        var shape = FloorShape()
        shape.follow(report)
        #expect(shape.packetsOfFrame == 6)
        #expect(shape.runs == [FloorRun(packets: 1, share: 0.5), FloorRun(packets: 5, share: 0.5)])
        #expect((shape.payloadBytes, shape.soundBytes) == (1_172, 100))
    }

    @Test func readsTheRelaysRunsFromItsMetrics() throws {
        func metrics(_ one: Double, _ two: Double, _ six: Double) -> [String: Double] {
            let counts = ["1.0": one, "2.0": two, "6.0": six, "+Inf": six]
            var metrics = ["tally_send_calls_total": 9.0]
            for (bound, count) in counts { metrics["tally_send_run_packets_bucket{le=\"\(bound)\"}"] = count }
            return metrics
        }
        let before = try #require(SentRuns(metrics(10, 10, 10)))
        let after = try #require(SentRuns(metrics(15, 15, 18)))
        let sent = before.sent(until: after)
        #expect(sent.steps.map { [$0.value, Int64($0.count)] } == [[1, 5], [4, 3]])
        #expect(SentRuns(["tally_send_calls_total": 9]) == nil)
    }

    @Test func followsTheLoadOfAReport() {
        var report = LoadReport(
            startedAt: "",
            machine: MachineFacts(),
            options: ["fps": "30", "audio": "opus"]
        )
        report.numbers = [
            "viewers": .init(200, .count), "frames": .init(30, .count), "packets": .init(200, .count),
            "server.cpu_per_packet": .init(1.2, .microseconds),
        ]
        var shape = FloorShape()
        shape.follow(report)
        #expect(shape.viewers == 200)
        #expect(shape.packetsOfFrame == 5)
        #expect(shape.hasAudio)
        let text = FloorReport(
            shape: shape,
            results: [result("a", 600), result("c", 500, kind: .fixed)],
            server: report
        )
        .text
        #expect(text.contains("2 times the floor"))
    }
}
