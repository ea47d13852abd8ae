/// A stream of server-sent events with some memory, for one session or one participant; owned by one actor.
struct EventFeed {
    /// Events remembered for those who reconnect with `Last-Event-ID`.
    static let memory = 256
    /// Events that may wait for a slow reader; the oldest are dropped, and every reconnection starts whole.
    static let readerBuffer = 256

    /// Starts at random, so that an identifier of an earlier feed of the same name matches nothing.
    private var sequence = UInt64.random(in: 1...(1 << 48))
    private var recent: [RelayEvent] = []
    private var readers: [Int: AsyncStream<RelayEvent>.Continuation] = [:]
    private var nextReader = 0

    var hasReaders: Bool { !readers.isEmpty }

    /// Notes that something happened that nobody was told: whoever reconnects needs the whole state.
    mutating func skip() {
        sequence += 1
        recent = []
    }

    /// Sends an event to every reader and remembers it.
    mutating func send(_ name: String, json: String) {
        sequence += 1
        let event = RelayEvent(sequence: sequence, name: name, json: json)
        recent.append(event)
        if recent.count > Self.memory { recent.removeFirst(recent.count - Self.memory) }
        for reader in readers.values { reader.yield(event) }
    }

    /// A new reader: what it missed if that is all remembered, else (and at first) `snapshot`.
    ///
    /// `ended` is called, from anywhere, when the reader goes, with its number for `remove`.
    mutating func open(
        after last: UInt64?,
        snapshot: [(name: String, json: String)],
        ended: @escaping @Sendable (Int) -> Void
    ) -> AsyncStream<RelayEvent> {
        let number = nextReader
        nextReader += 1
        let (stream, continuation) = AsyncStream.makeStream(
            of: RelayEvent.self,
            bufferingPolicy: .bufferingNewest(Self.readerBuffer)
        )
        continuation.onTermination = { _ in ended(number) }
        if let last, last <= sequence, last >= (recent.first?.sequence ?? sequence + 1) - 1 {
            for event in recent where event.sequence > last { continuation.yield(event) }
        } else {
            for (name, json) in snapshot {
                sequence += 1
                continuation.yield(RelayEvent(sequence: sequence, name: name, json: json))
            }
            recent = []
        }
        readers[number] = continuation
        return stream
    }

    mutating func remove(_ reader: Int) {
        readers[reader] = nil
    }

    /// Ends the stream for every reader, for good.
    consuming func close() {
        for reader in readers.values { reader.finish() }
    }

    /// Ends the stream for every reader.
    mutating func finish() {
        for reader in readers.values { reader.finish() }
        readers = [:]
    }
}
