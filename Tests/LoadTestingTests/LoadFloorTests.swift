import Testing

@testable import LoadTesting

@Suite struct LoadFloorTests {
    private func result(_ mode: String, _ nanoseconds: Double, received: Double = 1) -> FloorResult {
        FloorResult(mode: mode, packets: 1_000, nanosecondsOfPacket: nanoseconds, received: received)
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
        }
        #expect(results[0].packets == results[1].packets, "the same load in both ways")
    }

    @Test func aRunOnABusyMachineSaysNothing() {
        let shape = FloorShape()
        let good = FloorReport(
            shape: shape,
            results: [result("a", 900), result("b", 600), result("c", 500)],
            server: nil
        )
        #expect(good.best?.mode == "b")
        #expect(good.isValid)
        let lossy = FloorReport(
            shape: shape,
            results: [result("a", 900, received: 0.5), result("c", 500)],
            server: nil
        )
        #expect(!lossy.isValid)
        let busy = FloorReport(shape: shape, results: [result("a", 900), result("c", 5_000)], server: nil)
        #expect(busy.isValid == !MachineFacts().hasWideVectors)
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
        let text = FloorReport(shape: shape, results: [result("a", 600), result("c", 500)], server: report)
            .text
        #expect(text.contains("2 times the floor"))
    }
}
