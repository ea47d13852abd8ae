import Disclosures
import Primitives
import RTPPackets
import SRTPProtection

extension Forwarder {
    /// Shows the relay's own slate and silence on the lines of an audience whose gate is closed.
    mutating func withhold(
        feed: Int,
        audience: Int,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) -> Bool {
        while lineCursor < feeds[feed].audiences[audience].lines.count {
            let line = feeds[feed].audiences[audience].lines[lineCursor]
            if lines[line].account >= 0,
                feeds[feed].audiences[audience].gate.hasEnded(lines[line].admittedOpening)
            {
                endAdmission(line)
            }
            // For the next slate; and to close the account, once the gate is and not only its lease.
            if lines[line].parameters.showsSlates || lines[line].account >= 0 {
                feeds[feed].needsSweep = true
            }
            guard viewers[lines[line].viewer].isReady else {
                lineCursor += 1
                continue
            }
            if lines[line].state != .withheld {
                beginSlates(line, now: now)
                set(line, .withheld)
            }
            guard slateWhenDue(line, now: now, into: &slab) else { return false }
            lineCursor += 1
        }
        return true
    }

    /// A permitted line that has had nothing to show for a while is sent the slate as well.
    mutating func blankWhenDue(_ line: Int, now: MonotonicTime, into slab: inout SendSlab) -> Bool {
        guard lines[line].parameters.kind == .video,
            now.milliseconds(since: lines[line].joiningSince) >= Self.blankMilliseconds
        else { return true }
        return slateWhenDue(line, now: now, into: &slab)
    }

    /// Sends the next slate frame or silence if its time has come; `false` if the slab is full.
    mutating func slateWhenDue(_ line: Int, now: MonotonicTime, into slab: inout SendSlab) -> Bool {
        guard lines[line].nextSlate <= now else { return true }
        guard let slate = slate(for: line) else { return true }
        let frame = lines[line].slateCount % 2 == 0 ? slate.frames.0 : slate.frames.1
        guard slab.hasRoom(for: frame.payloads.count) else { return false }
        lines[line].slateCount &+= 1
        lines[line].slateStreak &+= 1
        for payload in frame.payloads.indices {
            sendSlate(line, slate.codec, frame, payload, now: now, into: &slab)
        }
        let interval = slateInterval(line)
        // Silence keeps its cadence over a late tick; after a long pause it starts afresh.
        let due = lines[line].nextSlate.advanced(byMilliseconds: interval)
        lines[line].nextSlate =
            now.milliseconds(since: due) > 100 ? now.advanced(byMilliseconds: interval) : due
        return true
    }

    /// Has the first slate sent now.
    mutating func beginSlates(_ line: Int, now: MonotonicTime) {
        lines[line].nextSlate = now
        lines[line].slateStreak = 0
    }

    private func slateInterval(_ line: Int) -> Int64 {
        if lines[line].parameters.kind == .audio { return Self.silenceIntervalMilliseconds }
        return lines[line].slateStreak < Self.firstSlates
            ? Self.firstSlatesIntervalMilliseconds : Self.slateIntervalMilliseconds
    }

    /// Asks for a slate frame at once: a viewer's PLI while withheld (at most five a second).
    mutating func hastenSlate(_ line: Int, now: MonotonicTime) {
        lines[line].nextSlate = min(lines[line].nextSlate, now.advanced(byMilliseconds: 200))
        if lines[line].feed >= 0 { requestSweep(lines[line].feed) }
    }

    /// The slate in the line's codec, else in the first of the viewer's codecs that has one.
    private func slate(for line: Int) -> SlateFrames? {
        guard lines[line].parameters.showsSlates else { return nil }
        if let codec = lines[line].codec,
            let slate = slates.first(where: { $0.codec == codec && fits($0, line) })
        {
            return slate
        }
        return slates.first { $0.codec.kind == lines[line].parameters.kind && fits($0, line) }
    }

    private func fits(_ slate: SlateFrames, _ line: Int) -> Bool {
        lines[line].parameters.payloadTypes.payloadType(slate.codec) != nil
            && (slate.codec != .h264 || slate.level <= lines[line].parameters.slateLevel)
    }

    private mutating func sendSlate(
        _ line: Int,
        _ codec: MediaCodec,
        _ frame: SlateFrames.Frame,
        _ number: Int,
        now: MonotonicTime,
        into slab: inout SendSlab
    ) {
        let viewer = lines[line].viewer
        guard let payloadType = lines[line].parameters.payloadTypes.payloadType(codec),
            let remote = viewers[viewer].remote, let local = viewers[viewer].local
        else { return }
        let isFirst = number == 0
        let isLast = number == frame.payloads.count - 1
        let sequence = lines[line].lastSequence + 1
        let timestamp = isFirst ? lines[line].continuedTimestamp(at: now) : lines[line].lastTimestamp
        let space = slab.space
        var writer = RTPHeaderWriter(
            into: space,
            allowsTwoByteForm: lines[line].parameters.allowsTwoByteExtensions
        )
        writer.writeFixed(
            marker: isLast && codec != .opus,
            payloadType: payloadType,
            sequenceNumber: UInt16(truncatingIfNeeded: sequence),
            timestamp: timestamp,
            ssrc: lines[line].parameters.ssrc
        )
        appendMid(line, to: &writer)
        if lines[line].parameters.absoluteSendTimeExtension != 0 {
            _ = writer.appendExtension(
                id: lines[line].parameters.absoluteSendTimeExtension,
                value: AbsoluteSendTime(now).rawValue,
                byteCount: AbsoluteSendTime.byteCount
            )
        }
        let headerLength = writer.finish()
        let payload = frame.payloads[number]
        let place = UnsafeMutableRawBufferPointer(
            rebasing: space[headerLength..<(headerLength + payload.count)]
        )
        payload.withUnsafeBytes { place.copyMemory(from: $0) }
        var index = frame.indexes[number]
        if index.hasPictureID || index.hasTL0PicIdx {
            if isFirst, lines[line].hasSentPicture {
                index.pictureID = lines[line].lastPicture.pictureID &+ 1
                index.tl0PicIdx = lines[line].lastPicture.tl0PicIdx &+ 1
            } else if !isFirst {
                index.pictureID = lines[line].lastPicture.pictureID
                index.tl0PicIdx = lines[line].lastPicture.tl0PicIdx
            }
            index.rewrite(in: place, pictureID: index.pictureID, tl0PicIdx: index.tl0PicIdx)
            lines[line].lastPicture = index
            lines[line].hasSentPicture = true
        }
        let encrypted = seal(
            viewer: viewer,
            headerLength: headerLength,
            payload: UnsafeRawBufferPointer(place),
            sequence: sequence,
            ssrc: lines[line].parameters.ssrc,
            into: space
        )
        guard encrypted.length > 0 else { return }
        slab.commit(encrypted, to: remote, from: local, notAfter: .distantFuture)
        account(line, sequence, timestamp, payloadLength: payload.count)
        lines[line].lastTimestampAt = now
        lines[line].codec = codec
        counters.slatePackets += 1
    }
}
