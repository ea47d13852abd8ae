import Primitives

/// What a run has found, before it is put into a report.
struct LoadFindings: Sendable {
    /// What was seen of one viewer.
    struct Viewer: Sendable {
        var phases: [(name: String, nanoseconds: Int64)]
        var isLate: Bool
        var measured: ViewerCounts?
        var isWhole: Bool
        var end: PeerEnd?
    }

    /// What the viewers' loop knows.
    struct Seen: Sendable {
        var videoLatency = ValueHistogram()
        var audioLatency = ValueHistogram()
        var freezes = ValueHistogram()
        var viewers: [Viewer] = []
        var counters = PeerCounters()
        var leakCount = 0
        var leaks: [Leak] = []
        var flippersPackets = 0

        static func += (left: inout Seen, right: Seen) {
            left.videoLatency.merge(right.videoLatency)
            left.audioLatency.merge(right.audioLatency)
            left.freezes.merge(right.freezes)
            left.viewers += right.viewers
            left.counters += right.counters
            left.leakCount += right.leakCount
            left.leaks = Array((left.leaks + right.leaks).prefix(LeakLedger.keptLeaks))
            left.flippersPackets += right.flippersPackets
        }
    }

    /// From here on the generator counts as what was measured.
    private static let busyThread = 0.85
    /// A publisher that sends later than this makes its own jitter.
    private static let lateNanoseconds: Int64 = 20_000_000

    var startedAt = WallClockTime(nanosecondsSince1970: 0)
    private let crowd: LoadRun.Crowd
    private let seen: Seen
    private let before: LoadRun.Marks
    private let after: LoadRun.Marks
    private let meter: SecondMeter
    private let total: ViewerCounts

    init(
        crowd: LoadRun.Crowd,
        seen: Seen,
        before: LoadRun.Marks,
        after: LoadRun.Marks,
        meter: SecondMeter
    ) {
        self.crowd = crowd
        self.seen = seen
        self.before = before
        self.after = after
        self.meter = meter
        total = seen.viewers.reduce(into: ViewerCounts()) { sum, viewer in
            if let measured = viewer.measured { sum += measured }
        }
    }

    private var elapsed: Double { Double(max(1, after.at.nanoseconds(since: before.at))) / 1e9 }

    func report(of plan: LoadPlan) -> LoadReport {
        var report = LoadReport(
            startedAt: startedAt.rfc3339,
            machine: MachineFacts(),
            options: plan.options,
            seconds: meter.seconds,
            leaks: seen.leaks,
            refusals: crowd.refusals
        )
        addLatency(&report)
        addJoins(&report)
        addPackets(&report, plan)
        addFlips(&report, plan)
        addServer(&report)
        addGenerator(&report)
        return report
    }

    private func addLatency(_ report: inout LoadReport) {
        var all = seen.videoLatency
        all.merge(seen.audioLatency)
        report.distributions["latency"] = .times(all)
        report.distributions["latency.video"] = .times(seen.videoLatency)
        report.distributions["latency.audio"] = .times(seen.audioLatency)
        report.distributions["freeze"] = .times(seen.freezes)
    }

    private func addJoins(_ report: inout LoadReport) {
        var phases: [String: ValueHistogram] = [:]
        var viewers = 0
        var late = 0
        for viewer in seen.viewers {
            if viewer.isLate { late += 1 } else { viewers += 1 }
            for (name, nanoseconds) in viewer.phases {
                phases[viewer.isLate ? "late_" + name : name, default: ValueHistogram()].record(nanoseconds)
            }
        }
        for (name, histogram) in phases { report.distributions[name] = .times(histogram) }
        report.numbers["viewers"] = .init(Double(viewers), .count)
        report.numbers["viewers.late"] = .init(Double(late), .count)
        report.numbers["viewers.lost"] = .init(Double(seen.viewers.count { $0.end != nil }), .count)
        report.numbers["publishers"] = .init(Double(crowd.publishers.count), .count)
        report.numbers["joins.failed"] = .init(Double(crowd.failedJoins), .count)
        report.numbers["joins.refused"] = .init(
            Double(crowd.refusals.filter { !$0.key.hasPrefix("gave up") }.values.reduce(0, +)),
            .count
        )
    }

    private func addPackets(_ report: inout LoadReport, _ plan: LoadPlan) {
        let sent = after.sent.packetsSent - before.sent.packetsSent
        report.numbers["packets"] = .init(Double(total.packets), .count)
        report.numbers["packets.rate"] = .init(Double(total.packets) / elapsed, .perSecond)
        report.numbers["packets.sent"] = .init(Double(sent), .count)
        report.numbers["packets.mean_size"] = .init(
            Double(total.bytes) / Double(max(1, total.packets)),
            .bytes
        )
        report.numbers["packets.audio"] = .init(Double(total.soundPackets), .count)
        report.numbers["packets.audio.mean_size"] = .init(
            Double(total.soundBytes) / Double(max(1, total.soundPackets)),
            .bytes
        )
        report.numbers["packets.video.mean_size"] = .init(
            Double(total.bytes - total.soundBytes) / Double(max(1, total.packets - total.soundPackets)),
            .bytes
        )
        report.numbers["bitrate.sent"] = .init(
            Double(after.sent.payloadBytesSent - before.sent.payloadBytesSent) * 8 / elapsed,
            .bitsPerSecond
        )
        report.numbers["lost"] = .init(Double(total.lost), .count)
        report.numbers["recovered"] = .init(Double(total.recovered), .count)
        report.numbers["reordered"] = .init(Double(total.late), .count)
        report.numbers["freezes"] = .init(Double(total.freezes), .count)
        report.numbers["frames"] = .init(Double(total.frames), .count)
        report.numbers["examined"] = .init(
            Double(total.examined) / Double(max(1, total.packets)),
            .share
        )
        report.numbers["undecryptable"] = .init(Double(seen.counters.undecryptable), .count)
        var losses = ValueHistogram()
        var reorderings = ValueHistogram()
        var bitrates = ValueHistogram()
        var packets = ValueHistogram()
        for viewer in seen.viewers where viewer.isWhole {
            guard let counts = viewer.measured else { continue }
            let expected = Double(counts.packets) + Double(max(0, counts.lost))
            losses.record(Int64(Double(max(0, counts.lost)) / max(1, expected) * 1e6))
            reorderings.record(Int64(Double(counts.late) / max(1, expected) * 1e6))
            bitrates.record(Int64(Double(counts.bytes) * 8 / elapsed))
            packets.record(Int64(counts.packets))
        }
        report.distributions["loss"] = .shares(losses)
        report.distributions["reordering"] = .shares(reorderings)
        report.distributions["bitrate"] = Distribution(bitrates, unit: .bitsPerSecond, unitsOfOne: 1)
        report.distributions["packets_per_viewer"] = Distribution(packets, unit: .count, unitsOfOne: 1)
    }

    private func addFlips(_ report: inout LoadReport, _ plan: LoadPlan) {
        guard plan.flippingRooms > 0 else { return }
        report.numbers["leaks"] = .init(Double(seen.leakCount), .count)
        report.numbers["flips"] = .init(Double(crowd.flips.count), .count)
        report.numbers["flips.packets"] = .init(Double(seen.flippersPackets), .count)
        report.distributions["withdrawal"] = .times(crowd.flips.withdrawals)
        report.distributions["grant"] = .times(crowd.flips.grants)
        report.distributions["resumption"] = .times(crowd.flips.resumptions)
        if crowd.flips.withdrawals.isEmpty {
            report.warnings.append("no withdrawal was acknowledged while measuring: 0 leaks say nothing")
        }
    }

    private func addServer(_ report: inout LoadReport) {
        if let first = before.runs, let last = after.runs {
            report.distributions["server.run"] = Distribution(
                first.sent(until: last),
                unit: .count,
                unitsOfOne: 1
            )
        }
        guard let first = before.server, let last = after.server else { return }
        let cpu = Double(last.cpuNanoseconds - first.cpuNanoseconds)
        report.numbers["server.cores"] = .init(cpu / 1e9 / elapsed, .count)
        if total.packets > 0 {
            report.numbers["server.cpu_per_packet"] = .init(cpu / 1e3 / Double(total.packets), .microseconds)
        }
        report.numbers["server.resident"] = .init(Double(last.residentBytes), .bytes)
        let watching = seen.viewers.count { !$0.isLate && $0.end == nil }
        if let start = meter.serverBefore, watching > 0 {
            report.numbers["server.resident_per_viewer"] = .init(
                Double(last.residentBytes - start.residentBytes) / Double(watching),
                .bytes
            )
        }
        report.numbers["server.switches.voluntary"] = .init(
            Double(last.voluntarySwitches - first.voluntarySwitches) / elapsed,
            .perSecond
        )
        report.numbers["server.switches.involuntary"] = .init(
            Double(last.involuntarySwitches - first.involuntarySwitches) / elapsed,
            .perSecond
        )
    }

    private func addGenerator(_ report: inout LoadReport) {
        let threads = zip(before.viewersThreads, after.viewersThreads).map { Double($1 - $0) }
        let viewersThread = threads.reduce(0, +)
        let receiver = (threads.max() ?? 0) / 1e9 / elapsed
        let sender = Double(after.publishersThread - before.publishersThread) / 1e9 / elapsed
        let drops = after.socketDrops - before.socketDrops
        report.numbers["generator.receiver"] = .init(receiver, .share)
        report.numbers["generator.receiver.busiest"] = .init(meter.busiestReceiver, .share)
        report.numbers["generator.sender"] = .init(sender, .share)
        report.numbers["generator.socket_drops"] = .init(Double(drops), .count)
        report.numbers["generator.frames_skipped"] = .init(
            Double(after.sent.framesSkipped - before.sent.framesSkipped),
            .count
        )
        if total.packets > 0 {
            report.numbers["generator.cpu_per_packet"] = .init(
                viewersThread / 1e3 / Double(total.packets),
                .microseconds
            )
        }
        if let first = before.own, let last = after.own {
            report.numbers["generator.cores"] = .init(
                Double(last.cpuNanoseconds - first.cpuNanoseconds) / 1e9 / elapsed,
                .count
            )
        }
        report.distributions["generator.send_lag"] = .times(after.sent.lag)
        report.distributions["generator.send_time"] = .times(after.sent.sending)
        report.distributions["generator.join_lag"] = .times(crowd.joinLag)
        if receiver > Self.busyThread || meter.busiestReceiver > 0.98 {
            report.warnings.append(
                "the generator was the bottleneck: its receiving thread was busy "
                    + "\(Measure.share.text(receiver)) of the time, \(Measure.share.text(meter.busiestReceiver)) "
                    + "in its busiest second. Latency and loss are partly its own"
            )
        }
        if drops > 0 {
            report.warnings.append(
                "the generator's sockets overflowed: \(drops) packets are counted as lost that the server had sent"
            )
        }
        if after.sent.lag.percentile(99) > Self.lateNanoseconds {
            report.warnings.append(
                "the generator sent late: 1 % of the frames left "
                    + "\(Measure.milliseconds.text(Double(after.sent.lag.percentile(99)) / 1e6)) or more "
                    + "after they were due"
            )
        }
        if total.packets == 0 { report.warnings.append("no packet arrived while measuring") }
    }
}
