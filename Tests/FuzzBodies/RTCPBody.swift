import Primitives
import RTPPackets

/// A decrypted RTCP datagram: every list is walked, and what can be written is written and read again.
@discardableResult
package func fuzzRTCP(_ bytes: [UInt8]) throws(BrokenInvariant) -> Bool {
    var reader = RTCPReader(bytes.span.bytes)
    var count = 0
    while let packet = reader.next() {
        count += 1
        try checkReports(packet)
        try checkSources(packet)
        try checkFeedback(packet)
        try checkTransportFeedback(packet)
    }
    try demand(count * 4 <= bytes.count, "a packet has four bytes at least")
    try demand(count > 0 || reader.isMalformed, "a datagram holds a packet or is malformed")
    return !reader.isMalformed
}

private func checkReports(_ packet: borrowing RTCPPacketView) throws(BrokenInvariant) {
    var blocks: [ReportBlock] = []
    for index in 0..<packet.reportBlockCount {
        blocks.append(try demandValue(packet.reportBlock(at: index), "a block that is counted is there"))
    }
    try demand(packet.reportBlock(at: blocks.count) == nil, "no block past the last")
    var writer = RTCPWriter()
    if packet.kind == .senderReport {
        let report = try demandValue(packet.senderReport, "a sender report has a sender's part")
        writer.appendSenderReport(report, blocks: blocks)
    } else if packet.kind == .receiverReport {
        writer.appendReceiverReport(senderSSRC: packet.senderSSRC, blocks: blocks)
    } else {
        return
    }
    var again = RTCPReader(writer.bytes.span.bytes)
    guard let copy = again.next() else { throw BrokenInvariant("a report that was written can be read") }
    try demand(
        copy.kind == packet.kind && copy.senderSSRC == packet.senderSSRC
            && copy.senderReport == packet.senderReport && copy.reportBlockCount == blocks.count,
        "a report reads back as it was written"
    )
    for (index, block) in blocks.enumerated() {
        try demand(copy.reportBlock(at: index) == block, "a block reads back as it was written")
    }
}

private func checkSources(_ packet: borrowing RTCPPacketView) throws(BrokenInvariant) {
    for index in 0..<packet.byeSourceCount {
        try demand(packet.byeSource(at: index) != nil, "a source that is counted is there")
    }
    for range in [packet.canonicalName(), packet.canonicalName(of: packet.senderSSRC), packet.byeReason] {
        guard let range else { continue }
        try demand(
            range.lowerBound >= 4 && range.upperBound <= packet.span.byteCount,
            "a text lies in the packet"
        )
    }
}

private func checkFeedback(_ packet: borrowing RTCPPacketView) throws(BrokenInvariant) {
    for index in 0..<packet.fullIntraRequestCount {
        try demand(packet.fullIntraRequest(at: index) != nil, "a request that is counted is there")
    }
    for index in 0..<packet.estimatedSourceCount {
        try demand(packet.estimatedSource(at: index) != nil, "a stream that is counted is there")
    }
    if let rate = packet.estimatedBitsPerSecond, rate < .max {
        var writer = RTCPWriter()
        writer.appendReceiverEstimate(senderSSRC: 1, bitsPerSecond: rate, ssrcs: [2])
        var again = RTCPReader(writer.bytes.span.bytes)
        let copy = again.next()?.estimatedBitsPerSecond
        try demand(copy == rate, "a rate of 18 significant bits reads back as it was written")
    }
    var lost: Set<UInt16> = []
    var answered = 0
    var walk = packet.lostSequences
    while let number = walk.next() {
        lost.insert(number)
        answered += 1
    }
    // 17 numbers to every four bytes.
    try demand(answered <= packet.span.byteCount / 4 * 17, "a NACK names no more than it has bits for")
    guard !lost.isEmpty else { return }
    var writer = RTCPWriter()
    let taken = writer.appendNACK(senderSSRC: 1, mediaSSRC: 2, lost: lost.sorted())
    try demand(taken > 0 && writer.byteCount <= RTCPWriter.maximumByteCount, "a NACK fits a datagram")
    var again = RTCPReader(writer.bytes.span.bytes)
    guard let copy = again.next() else { throw BrokenInvariant("a NACK that was written can be read") }
    var found: [UInt16] = []
    var second = copy.lostSequences
    while let number = second.next() { found.append(number) }
    try demand(found == Array(lost.sorted().prefix(taken)), "a NACK reads back as it was written")
}

private func checkTransportFeedback(_ packet: borrowing RTCPPacketView) throws(BrokenInvariant) {
    guard var feedback = packet.transportFeedback else { return }
    let base = feedback.baseSequence
    let count = feedback.statusCount
    var ticks: [Int64?] = []
    while let status = feedback.next() {
        try demand(
            status.sequenceNumber == base &+ UInt16(truncatingIfNeeded: ticks.count),
            "statuses come in sequence"
        )
        ticks.append(status.arrivalTicks)
    }
    try demand(ticks.count == count, "as many statuses as the packet says")
    // The reference time wraps after 2^32 ticks; moved up by that, every time is positive.
    let arrivals = ticks.map { tick in
        tick.map { MonotonicTime(nanoseconds: ($0 + 1 << 32) * TransportFeedback.tickNanoseconds) }
    }
    guard arrivals.contains(where: { $0 != nil }) else { return }
    var writer = RTCPWriter()
    let covered = writer.appendTransportFeedback(
        senderSSRC: 1,
        mediaSSRC: 2,
        baseSequence: base,
        feedbackCount: 3,
        arrivals: arrivals
    )
    try demand(covered > 0 && writer.byteCount <= RTCPWriter.maximumByteCount, "feedback fits a datagram")
    var again = RTCPReader(writer.bytes.span.bytes)
    guard let copy = again.next(), var second = copy.transportFeedback else {
        throw BrokenInvariant("feedback that was written can be read")
    }
    try demand(second.statusCount == covered, "feedback covers what it says")
    var index = 0
    while let status = second.next() {
        switch (ticks[index], status.arrivalTicks) {
        case (nil, nil): break
        case (let mine?, let other?):
            try demand(
                TransportFeedback.nanoseconds(from: mine, to: other) == 0,
                "an arrival reads back as it was"
            )
        default: throw BrokenInvariant("arrived and lost read back as they were")
        }
        index += 1
    }
}
