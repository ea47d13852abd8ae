import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One server-sent event.
package struct ServerSentEvent: Sendable, Equatable {
    package var name: String
    package var data: String
    package var id: String?
}

/// Reads `text/event-stream` piece by piece (HTML standard, 9.2.6).
struct ServerSentEventParser {
    /// A line longer than this ends the stream's use: events here are short.
    static let maximumLineBytes = 1 << 20

    private var line: [UInt8] = []
    private var name = ""
    private var data: [String] = []
    private var id: String?
    private var endedInReturn = false

    /// The events that `bytes` complete.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for byte in bytes {
            let afterReturn = endedInReturn
            endedInReturn = byte == 0x0D
            switch byte {
            case 0x0A where afterReturn: continue
            case 0x0A, 0x0D:
                if let event = takeLine() { events.append(event) }
            default:
                if line.count < Self.maximumLineBytes { line.append(byte) }
            }
        }
        return events
    }

    private mutating func takeLine() -> ServerSentEvent? {
        let text = String(decoding: line, as: UTF8.self)
        line.removeAll(keepingCapacity: true)
        guard !text.isEmpty else {
            defer {
                name = ""
                data = []
            }
            guard !data.isEmpty else { return nil }
            return ServerSentEvent(
                name: name.isEmpty ? "message" : name,
                data: data.joined(separator: "\n"),
                id: id
            )
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var value = parts.count > 1 ? parts[1] : ""
        if value.first == " " { value = value.dropFirst() }
        switch parts[0] {
        case "event": name = String(value)
        case "data": data.append(String(value))
        case "id": id = String(value)
        default: break
        }
        return nil
    }
}

extension SignalingClient {
    /// Subscribes to a WHEP session's events and hands each on, until the stream ends or the task is cancelled.
    ///
    /// The subscription names no types, which asks for all that the server has.
    package func followEvents(
        of session: SignalingSession,
        token: String?,
        names: [String],
        handle: @Sendable (ServerSentEvent) -> Void
    ) async throws(SignalingError) {
        guard let events = session.eventsURL else { return }
        let list = "[" + names.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        let created = try await request("POST", events, token: token, type: "application/json", body: list)
        guard created.status == 201 || created.status == 200 else { throw created.refusal }
        let stream = try created.field("location").map { location throws(SignalingError) in
            try Self.resolve(location, against: events)
        }
        try await follow(stream ?? events, token: token, handle: handle)
    }

    /// Reads the event stream at `url` to its end.
    package func follow(
        _ url: String,
        token: String?,
        handle: @Sendable (ServerSentEvent) -> Void
    ) async throws(SignalingError) {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "Accept", value: "text/event-stream")
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        do {
            // The stream has no end of its own; a day is longer than any run here.
            let response = try await client.execute(request, timeout: .hours(24))
            guard response.status.code == 200 else {
                throw SignalingError.refused(
                    status: Int(response.status.code),
                    detail: "no event stream",
                    retryAfterSeconds: nil
                )
            }
            var parser = ServerSentEventParser()
            for try await buffer in response.body {
                for event in parser.append(buffer.readableBytesView) { handle(event) }
            }
        } catch let error as SignalingError {
            throw error
        } catch {
            throw .unreachable("\(url): \(error)")
        }
    }
}
