import HTTPTypes
import NIOCore

/// Answers by the keys of the requests that got them, bounded in number, bytes and age.
struct IdempotencyTable {
    /// A key within what it means something for: one sender and one method and path.
    struct Name: Hashable, Sendable {
        var principal: String
        var route: String
        var key: String
    }

    enum Admission {
        /// Nobody has sent this; `finish` must follow.
        case first
        /// The same request was answered with this.
        case again(JSONAnswer)
        /// The same request has no answer yet.
        case inFlight
        /// The key stands for another request.
        case reused
    }

    private struct Entry {
        let fingerprint: [UInt8]
        let sequence: UInt64
        let startedAt: ContinuousClock.Instant
        /// `nil` while the request is in flight.
        var answer: JSONAnswer?

        var bytes: Int { answer.map { $0.body.readableBytes + Table.entryBytes } ?? 0 }
    }

    private typealias Table = IdempotencyTable

    /// A client repeats within minutes; a day is what common services promise.
    static let lifetime = Duration.seconds(24 * 3600)
    /// Some hours of a busy relay's changes.
    static let maximumEntries = 16_384
    /// So that one sender cannot push out everybody's.
    static let maximumPerPrincipal = 256
    /// Bodies and an estimate of everything around them.
    static let maximumBytes = 32 << 20
    /// Larger than any answer of a room with a hundred audiences; what is larger is not kept.
    static let maximumAnswerBytes = 64 << 10
    /// Names, header fields and the tables' own overhead.
    static let entryBytes = 1024

    private var entries: [Name: Entry] = [:]
    /// All answered entries by age; what is gone from `entries` is skipped.
    private var order: [UInt64: Name] = [:]
    private var oldest = 0 as UInt64
    private var next = 0 as UInt64
    private var byPrincipal: [String: [UInt64]] = [:]
    private(set) var bytes = 0

    var count: Int { entries.count }

    /// Begins a request, or says what became of it before.
    mutating func begin(_ name: Name, fingerprint: [UInt8], now: ContinuousClock.Instant) -> Admission {
        dropExpired(now: now)
        if let entry = entries[name] {
            guard entry.fingerprint == fingerprint else { return .reused }
            return entry.answer.map { .again($0) } ?? .inFlight
        }
        entries[name] = Entry(fingerprint: fingerprint, sequence: next, startedAt: now)
        order[next] = name
        byPrincipal[name.principal, default: []].append(next)
        next += 1
        trim(name.principal)
        return .first
    }

    /// Keeps the answer of a request that `begin` admitted; `nil` forgets the request.
    mutating func finish(_ name: Name, _ answer: JSONAnswer?) {
        guard var entry = entries[name], entry.answer == nil else { return }
        guard let answer, answer.body.readableBytes <= Self.maximumAnswerBytes else {
            remove(entry.sequence)
            return
        }
        entry.answer = answer
        entries[name] = entry
        bytes += entry.bytes
        trim(name.principal)
    }

    /// Forgets every request that has `text` in its sender, its path or its answer.
    mutating func forget(_ text: String) {
        let bytes = Array(text.utf8)
        for (name, entry) in entries
        where name.principal.contains(text) || name.route.contains(text)
            || entry.answer?.holds(bytes) == true
        {
            remove(entry.sequence)
        }
    }

    private mutating func dropExpired(now: ContinuousClock.Instant) {
        while let sequence = oldestAnswered(), let name = order[sequence], let entry = entries[name],
            entry.startedAt.advanced(by: Self.lifetime) <= now
        { remove(sequence) }
    }

    /// Lets go of the oldest answers; what is in flight stays, and connections bound how much that is.
    private mutating func trim(_ principal: String) {
        if let own = byPrincipal[principal], own.count > Self.maximumPerPrincipal,
            let sequence = own.first(where: { isAnswered($0) })
        {
            remove(sequence)
        }
        while entries.count > Self.maximumEntries || bytes > Self.maximumBytes,
            let sequence = oldestAnswered()
        { remove(sequence) }
    }

    private func isAnswered(_ sequence: UInt64) -> Bool {
        order[sequence].flatMap { entries[$0]?.answer } != nil
    }

    private mutating func oldestAnswered() -> UInt64? {
        while oldest < next, order[oldest] == nil { oldest += 1 }
        return (oldest..<next).first { isAnswered($0) }
    }

    private mutating func remove(_ sequence: UInt64) {
        guard let name = order.removeValue(forKey: sequence),
            let entry = entries.removeValue(forKey: name)
        else { return }
        bytes -= entry.bytes
        byPrincipal[name.principal]?.removeAll { $0 == sequence }
        if byPrincipal[name.principal]?.isEmpty == true { byPrincipal[name.principal] = nil }
    }
}

extension JSONAnswer {
    fileprivate func holds(_ bytes: [UInt8]) -> Bool {
        body.readableBytesView.firstRange(of: bytes) != nil
            || headers.contains { $0.value.utf8.firstRange(of: bytes) != nil }
    }
}
