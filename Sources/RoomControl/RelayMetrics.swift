import Disclosures
import LedgerStore
import RelayEngine
import RelayRuntime
import Rooms

/// Prometheus text of the data plane (exposition format 0.0.4); no label names a room or a participant.
enum RelayMetrics {
    static func text(
        loops: [LoopStatistics],
        joins: JoinStatistics.Phases,
        rooms: Int,
        sessions: Int
    ) -> String {
        var page = Page()
        page.gauge("tally_rooms", "Rooms that exist now.", rooms)
        page.gauge("tally_sessions", "Publishing and viewing sessions now.", sessions)
        page.gauge(
            "tally_peers",
            "Peer connections of the media loops now.",
            loops.reduce(0) { $0 + $1.peers }
        )
        func sum(_ value: (LoopStatistics) -> UInt64) -> UInt64 { loops.reduce(0) { $0 &+ value($1) } }
        page.type("tally_packets_total", "counter", "Datagrams by direction.")
        page.line("tally_packets_total", ["direction": "in"], sum(\.engine.packetsIn))
        page.line("tally_packets_total", ["direction": "out"], sum(\.datagramsOut))
        page.type("tally_bytes_total", "counter", "Bytes of datagrams by direction.")
        page.line("tally_bytes_total", ["direction": "in"], sum(\.engine.bytesIn))
        page.line("tally_bytes_total", ["direction": "out"], sum(\.bytesOut))
        page.counter("tally_published_packets_total", "Packets put into rings.", sum(\.engine.published))
        page.counter(
            "tally_forwarded_packets_total",
            "Media packets sent to viewers.",
            sum(\.forwarding.packets)
        )
        page.counter(
            "tally_slate_packets_total",
            "Packets of slate and silence sent to viewers.",
            sum(\.forwarding.slatePackets)
        )
        page.type("tally_drops_total", "counter", "Packets that went no further, by reason.")
        for reason in DropReason.allCases {
            page.line(
                "tally_drops_total",
                ["reason": reason.name],
                sum { $0.engine.drops[Int(reason.rawValue)] }
            )
        }
        page.line("tally_drops_total", ["reason": "sendBufferFull"], sum(\.sendDropped))
        page.line("tally_drops_total", ["reason": "leaseEnded"], sum(\.leaseDropped))
        page.line("tally_drops_total", ["reason": "lapped"], sum(\.forwarding.lapped))
        page.line("tally_drops_total", ["reason": "thinned"], sum(\.forwarding.thinned))
        page.counter(
            "tally_passes_minted_total",
            "Passes lent to read a batch.",
            sum(\.forwarding.passesMinted)
        )
        page.type("tally_passes_denied_total", "counter", "Batches for which the gate was closed, by reason.")
        for (index, reason) in DenyReason.allCases.enumerated() {
            page.line(
                "tally_passes_denied_total",
                ["reason": reason.rawValue],
                sum { $0.forwarding.passesDenied[index] }
            )
        }
        page.type("tally_nacks_total", "counter", "Sequence numbers asked for again, by direction.")
        page.line("tally_nacks_total", ["direction": "received"], sum(\.engine.nacksReceived))
        page.line("tally_nacks_total", ["direction": "sent"], sum(\.engine.nacksSent))
        page.counter(
            "tally_retransmissions_total",
            "Packets sent again to viewers.",
            sum(\.forwarding.retransmissions)
        )
        page.counter(
            "tally_retransmissions_refused_total",
            "Retransmissions beyond a viewer's budget.",
            sum(\.forwarding.retransmissionsRefused)
        )
        page.type("tally_keyframe_requests_total", "counter", "PLI and FIR, by direction.")
        page.line(
            "tally_keyframe_requests_total",
            ["direction": "received"],
            sum(\.engine.keyframeRequestsReceived)
        )
        page.line("tally_keyframe_requests_total", ["direction": "sent"], sum(\.engine.keyframeRequestsSent))
        page.counter("tally_send_calls_total", "System calls made to send.", sum(\.sendCalls))
        page.counter(
            "tally_send_messages_total",
            "Messages of those calls: a run of datagrams that the kernel segments is one.",
            sum(\.messagesOut)
        )
        addRuns(loops, to: &page)
        page.gauge(
            "tally_gso_enabled",
            "Media loops that send with UDP_SEGMENT.",
            loops.count { $0.segmentationRefusal == 0 }
        )
        page.gauge(
            "tally_gro_enabled",
            "Media loops that receive with UDP_GRO.",
            loops.count { $0.coalescingRefusal == 0 }
        )
        page.type(
            "tally_offload_refused",
            "gauge",
            "Media loops to which the kernel refused an offload, by errno."
        )
        for (offload, refusal) in [
            (KernelOffload.segmentation, \LoopStatistics.segmentationRefusal),
            (.coalescing, \LoopStatistics.coalescingRefusal),
        ] {
            for (errno, refused) in Dictionary(grouping: loops, by: { $0[keyPath: refusal] }) where errno != 0
            {
                page.line(
                    "tally_offload_refused",
                    ["offload": offload.rawValue, "errno": "\(errno)"],
                    UInt64(refused.count)
                )
            }
        }
        var counts = [UInt64](repeating: 0, count: LoopStatistics.latencyBoundsMicroseconds.count + 1)
        for loop in loops {
            for index in counts.indices { counts[index] += loop.latencyCounts[index] }
        }
        page.histogram(
            "tally_forwarding_latency_seconds",
            "From the receipt of a batch to the return of its last send call.",
            [:],
            bounds: LoopStatistics.latencyBoundsMicroseconds.map { Double($0) / 1e6 },
            counts: counts,
            sum: Double(sum(\.latencySumMicroseconds)) / 1e6
        )
        page.type("tally_join_seconds", "histogram", "Phases of joins, from the answer on.")
        for (phase, histogram) in [("ice", joins.ice), ("dtls", joins.dtls), ("first_line", joins.firstLine)]
        {
            page.buckets(
                "tally_join_seconds",
                ["phase": phase],
                bounds: JoinStatistics.boundsMilliseconds.map { Double($0) / 1e3 },
                counts: histogram.counts,
                sum: Double(histogram.sumMilliseconds) / 1e3
            )
        }
        return page.text
    }

    /// Upper bounds of packets in one message; none has more than the last.
    private static let runBounds = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, SendSlab.runSegmentLimit]

    private static func addRuns(_ loops: [LoopStatistics], to page: inout Page) {
        var counts = [UInt64](repeating: 0, count: runBounds.count + 1)
        var packets: UInt64 = 0
        var place = 0
        for length in 1...SendSlab.runSegmentLimit {
            if length > runBounds[place] { place += 1 }
            let messages = loops.reduce(0) { $0 &+ $1.runCounts[length] }
            counts[place] &+= messages
            packets &+= messages &* UInt64(length)
        }
        page.histogram(
            "tally_send_run_packets",
            "Packets of media in each message handed to the kernel, which cuts it (UDP_SEGMENT).",
            [:],
            bounds: runBounds.map { Double($0) },
            counts: counts,
            sum: Double(packets)
        )
    }

    /// Gates that are closed now, by the reason that the ledger would name.
    static func denied(_ counts: [String: Int]) -> String {
        var page = Page()
        page.type(
            "tally_gates_denied",
            "gauge",
            "Gates between a track and an audience closed now, by reason."
        )
        for (reason, count) in counts.sorted(by: { $0.key < $1.key }) {
            page.line("tally_gates_denied", ["reason": reason], UInt64(count))
        }
        return page.text
    }

    /// How much the disclosure ledger holds, how much of it is published, and whether that works.
    static func ledger(_ health: LedgerHealth) -> String {
        var page = Page()
        page.gauge("tally_ledger_leaves", "Leaves in the disclosure ledger.", Int(clamping: health.leaves))
        page.gauge(
            "tally_ledger_published_leaves",
            "Leaves under the published checkpoint.",
            Int(clamping: health.published?.size ?? 0)
        )
        page.gauge(
            "tally_ledger_open_intervals",
            "Intervals of disclosure that have not ended.",
            health.openIntervals
        )
        page.counter(
            "tally_ledger_publication_failures_total",
            "Publications of the ledger that failed.",
            health.publicationFailures
        )
        page.gauge(
            "tally_ledger_publication_failing",
            "Whether the last publication of the ledger failed.",
            health.failure == nil ? 0 : 1
        )
        return page.text
    }

    private struct Page {
        var text = ""

        mutating func type(_ name: String, _ type: String, _ help: String) {
            text += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n"
        }

        mutating func line(_ name: String, _ labels: [String: String], _ value: some CustomStringConvertible)
        {
            text += "\(name)\(Self.braces(labels)) \(value)\n"
        }

        mutating func counter(_ name: String, _ help: String, _ value: UInt64) {
            type(name, "counter", help)
            line(name, [:], value)
        }

        mutating func gauge(_ name: String, _ help: String, _ value: Int) {
            type(name, "gauge", help)
            line(name, [:], value)
        }

        mutating func histogram(
            _ name: String,
            _ help: String,
            _ labels: [String: String],
            bounds: [Double],
            counts: [UInt64],
            sum: Double
        ) {
            type(name, "histogram", help)
            buckets(name, labels, bounds: bounds, counts: counts, sum: sum)
        }

        mutating func buckets(
            _ name: String,
            _ labels: [String: String],
            bounds: [Double],
            counts: [UInt64],
            sum: Double
        ) {
            var total: UInt64 = 0
            for (index, bound) in bounds.enumerated() {
                total += counts[index]
                line(name + "_bucket", labels.merging(["le": "\(bound)"]) { $1 }, total)
            }
            total += counts[bounds.count]
            line(name + "_bucket", labels.merging(["le": "+Inf"]) { $1 }, total)
            line(name + "_sum", labels, sum)
            line(name + "_count", labels, total)
        }

        private static func braces(_ labels: [String: String]) -> String {
            guard !labels.isEmpty else { return "" }
            let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }
            return "{" + pairs.joined(separator: ",") + "}"
        }
    }
}
