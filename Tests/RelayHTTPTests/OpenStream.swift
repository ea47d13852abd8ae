import NIOCore
import NIOPosix

/// A connection that sends bytes by hand and reads what comes, for answers that do not end and requests that
/// no client library would send.
struct OpenStream {
    private var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private(set) var received = ""

    /// Opens a connection, sends a request, and closes the connection when `body` returns.
    static func send<Value>(
        _ request: String,
        port: Int,
        _ body: (inout OpenStream) async throws -> Value
    ) async throws -> Value {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "localhost", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var stream = OpenStream(iterator: inbound.makeAsyncIterator())
            return try await body(&stream)
        }
    }

    /// The text of a GET with a bearer token.
    static func get(_ path: String, token: String) -> String {
        "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n\r\n"
    }

    /// Reads until the text so far contains `mark`; false if the other end closes before.
    @discardableResult
    mutating func read(until mark: String) async throws -> Bool {
        // By bytes: as characters, CR LF would be one that no LF matches.
        while !received.utf8.contains(mark.utf8) {
            guard let buffer = try await iterator.next() else { return false }
            received += String(buffer: buffer)
        }
        return true
    }

    /// Reads until the other end closes, in order or not.
    mutating func readToEnd() async {
        while let buffer = try? await iterator.next() { received += String(buffer: buffer) }
    }
}
