import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Primitives

/// Requests to servers that an operator named: to an address that was judged, within a time, and no further than the
/// first answer.
///
/// The address that was judged is the one that is connected to: a name that is looked up again may say something
/// else. Redirections are answers here; whoever follows one has the next URL judged as well.
package actor GuardedRequests {
    /// Where a request goes.
    package struct Target: Sendable {
        let url: String
        /// The host in `url`, without brackets.
        let host: String
        let isPlaintext: Bool

        package init(url: String, host: String, isPlaintext: Bool) {
            self.url = url
            self.host = host
            self.isPlaintext = isPlaintext
        }
    }

    package struct Answer: Sendable {
        package let status: Int
        /// Names in lower case, in order.
        package let fields: [(name: String, value: String)]
        package let body: [UInt8]

        /// The first field called `name` (lower case).
        package func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }

        /// `Retry-After` in seconds from `now` (RFC 9110 10.2.3).
        package func retryAfterSeconds(now: WallClockTime) -> Int? {
            WebhookSender.retryAfter(field("retry-after"), now: now)
        }
    }

    package enum Failure: Error, Sendable, Equatable {
        case fault(DeliveryFault)
        /// The answer's body is longer than what was to be read.
        case tooLarge
    }

    private struct Place: Hashable {
        let host: String
        let address: Primitives.SocketAddress
    }

    private struct Entry {
        let client: HTTPClient
        var uses: Int
    }

    /// Clients kept for their connections; one more puts those aside that nobody uses.
    private static let mostIdleClients = 32

    private var clients: [Place: Entry] = [:]

    package init() {}

    deinit {
        // Clients have to be ended by name, and nobody else knows them.
        let left = Array(clients.values)
        guard !left.isEmpty else { return }
        Task { for entry in left { try? await entry.client.shutdown() } }
    }

    /// Sends one request and reads the whole answer, within `milliseconds`.
    package func send(
        _ method: String,
        to target: Target,
        fields: [(name: String, value: String)],
        body: [UInt8]?,
        maximumAnswerBytes: Int,
        milliseconds: Int64
    ) async -> Result<Answer, Failure> {
        await withTaskGroup(of: Result<Answer, Failure>.self) { group in
            group.addTask {
                await self.attempt(method, target, fields, body, maximumAnswerBytes, milliseconds)
            }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(milliseconds))
                return .failure(.fault(.timeout))
            }
            let first = await group.next() ?? .failure(.fault(.timeout))
            group.cancelAll()
            return first
        }
    }

    private func attempt(
        _ method: String,
        _ target: Target,
        _ fields: [(name: String, value: String)],
        _ body: [UInt8]?,
        _ maximumAnswerBytes: Int,
        _ milliseconds: Int64
    ) async -> Result<Answer, Failure> {
        let found = await NameLookup.addresses(of: target.host)
        guard !found.isEmpty else { return .failure(.fault(.unresolvable)) }
        let allowed = found.first {
            AddressPolicy.allows($0, plaintext: target.isPlaintext, linkLocal: false)
        }
        guard let allowed else { return .failure(.fault(.refusedAddress)) }
        guard !Task.isCancelled else { return .failure(.fault(.timeout)) }
        var request = HTTPClientRequest(url: target.url)
        request.method = HTTPMethod(rawValue: method)
        request.headers.add(name: "user-agent", value: "tally")
        for (name, value) in fields { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        let place = Place(host: target.host, address: allowed.with(port: 0))
        let client = take(place, milliseconds)
        let result = await Self.execute(request, client, maximumAnswerBytes, milliseconds)
        await giveBack(place)
        return result
    }

    private static func execute(
        _ request: HTTPClientRequest,
        _ client: HTTPClient,
        _ maximumAnswerBytes: Int,
        _ milliseconds: Int64
    ) async -> Result<Answer, Failure> {
        do {
            let answer = try await client.execute(request, timeout: .milliseconds(milliseconds))
            var body: [UInt8] = []
            for try await part in answer.body {
                guard body.count + part.readableBytes <= maximumAnswerBytes else {
                    return .failure(.tooLarge)
                }
                body += part.readableBytesView
            }
            return .success(
                Answer(
                    status: Int(answer.status.code),
                    fields: answer.headers.map { ($0.name.lowercased(), $0.value) },
                    body: body
                )
            )
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout {
            return .failure(.fault(.timeout))
        } catch is CancellationError {
            return .failure(.fault(.timeout))
        } catch {
            return .failure(.fault(.unreachable))
        }
    }

    // MARK: Clients

    private func take(_ place: Place, _ milliseconds: Int64) -> HTTPClient {
        if let present = clients[place] {
            clients[place]?.uses += 1
            return present.client
        }
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .milliseconds(max(1, milliseconds / 2)))
        )
        configuration.httpVersion = .http1Only
        // Whoever asks decides whether to try again, and is told at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.dnsOverride = [place.host: place.address.host]
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        clients[place] = Entry(client: client, uses: 1)
        return client
    }

    private func giveBack(_ place: Place) async {
        clients[place]?.uses -= 1
        guard clients.count > Self.mostIdleClients else { return }
        let idle = clients.filter { $0.value.uses == 0 }
        for place in idle.keys { clients[place] = nil }
        for entry in idle.values { try? await entry.client.shutdown() }
    }

    /// Ends all connections.
    package func close() async {
        let all = clients
        clients = [:]
        for entry in all.values { try? await entry.client.shutdown() }
    }
}
