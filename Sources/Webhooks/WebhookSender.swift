import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Primitives

/// Makes one attempt: looks the endpoint up, goes to that very address, signs, posts, and reads no more of the
/// answer than its status and `Retry-After`.
actor WebhookSender {
    /// A client that connects one endpoint to one address.
    ///
    /// The address that was judged is the one that is connected to: a name that is looked up again may say
    /// something else.
    private struct Pinned {
        let address: Primitives.SocketAddress
        let client: HTTPClient
        var uses = 0
    }

    /// Read to keep the connection for the next delivery; receivers answer with next to nothing.
    private static let maximumAnswerBytes = 16 << 10

    private let limits: DeliveryLimits
    private var pinned: [String: Pinned] = [:]
    private var retired: [Pinned] = []

    init(limits: DeliveryLimits) {
        self.limits = limits
    }

    /// The outcome of one attempt, within `requestMilliseconds`.
    func send(
        _ message: WebhookStore.Message,
        to endpoint: WebhookEndpoint,
        at time: WallClockTime
    ) async -> DeliveryOutcome {
        let limit = Duration.milliseconds(limits.requestMilliseconds)
        return await withTaskGroup(of: DeliveryOutcome.self) { group in
            group.addTask { await self.attempt(message, endpoint, time) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .failed(.timeout)
            }
            let first = await group.next() ?? .failed(.timeout)
            group.cancelAll()
            return first
        }
    }

    private func attempt(
        _ message: WebhookStore.Message,
        _ endpoint: WebhookEndpoint,
        _ time: WallClockTime
    ) async -> DeliveryOutcome {
        let found = await NameLookup.addresses(of: endpoint.host)
        guard !found.isEmpty else { return .failed(.unresolvable) }
        let allowed = found.first { address in
            AddressPolicy.allows(
                address,
                plaintext: endpoint.isPlaintext,
                linkLocal: endpoint.allowsLinkLocal
            )
        }
        guard let allowed else { return .failed(.refusedAddress) }
        guard !Task.isCancelled else { return .failed(.timeout) }
        let client = take(endpoint, allowed)
        let outcome = await Self.post(message, endpoint, time, client, limits)
        await giveBack(endpoint, client)
        return outcome
    }

    private static func post(
        _ message: WebhookStore.Message,
        _ endpoint: WebhookEndpoint,
        _ time: WallClockTime,
        _ client: HTTPClient,
        _ limits: DeliveryLimits
    ) async -> DeliveryOutcome {
        let seconds = time.nanosecondsSince1970 / 1_000_000_000
        var request = HTTPClientRequest(url: endpoint.url)
        request.method = .POST
        request.headers = [
            "content-type": "application/json",
            "user-agent": "tally",
            "webhook-id": message.id,
            "webhook-timestamp": String(seconds),
            "webhook-signature": endpoint.secrets.map { secret in
                secret.signature(id: message.id, timestamp: seconds, body: message.body)
            }.joined(separator: " "),
        ]
        request.body = .bytes(ByteBuffer(bytes: message.body))
        do {
            let answer = try await client.execute(
                request,
                timeout: .milliseconds(Int64(limits.requestMilliseconds))
            )
            var bytes = 0
            do {
                for try await part in answer.body {
                    bytes += part.readableBytes
                    if bytes > maximumAnswerBytes { break }
                }
            } catch {
                // The status says what the receiver made of it; how its body ends changes nothing.
            }
            return .answered(
                status: Int(answer.status.code),
                retryAfterSeconds: retryAfter(answer.headers.first(name: "retry-after"), now: time)
            )
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout {
            return .failed(.timeout)
        } catch is CancellationError {
            return .failed(.timeout)
        } catch {
            return .failed(.unreachable)
        }
    }

    /// `Retry-After` in seconds (RFC 9110 10.2.3); a date counts from now.
    static func retryAfter(_ field: String?, now: WallClockTime) -> Int? {
        guard let field else { return nil }
        if let seconds = Int(field) { return max(0, seconds) }
        guard let date = HTTPDate.seconds(field) else { return nil }
        return max(0, date - Int(now.nanosecondsSince1970 / 1_000_000_000))
    }

    // MARK: - Clients

    private func take(_ endpoint: WebhookEndpoint, _ address: Primitives.SocketAddress) -> HTTPClient {
        if let present = pinned[endpoint.name], present.address == address {
            pinned[endpoint.name]?.uses += 1
            return present.client
        }
        if let former = pinned.removeValue(forKey: endpoint.name) { retired.append(former) }
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .milliseconds(Int64(limits.requestMilliseconds / 2)))
        )
        configuration.httpVersion = .http1Only
        configuration.dnsOverride = [endpoint.host: address.host]
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        pinned[endpoint.name] = Pinned(address: address, client: client, uses: 1)
        return client
    }

    private func giveBack(_ endpoint: WebhookEndpoint, _ client: HTTPClient) async {
        if pinned[endpoint.name]?.client === client {
            pinned[endpoint.name]?.uses -= 1
        } else if let index = retired.firstIndex(where: { $0.client === client }) {
            retired[index].uses -= 1
        }
        // Former addresses' clients go once nobody uses them.
        let idle = retired.filter { $0.uses == 0 }
        retired.removeAll { $0.uses == 0 }
        for former in idle { try? await former.client.shutdown() }
    }

    /// Ends all connections.
    func close() async {
        let all = Array(pinned.values) + retired
        pinned = [:]
        retired = []
        for client in all { try? await client.client.shutdown() }
    }
}
