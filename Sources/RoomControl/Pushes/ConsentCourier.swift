import Partners
import Primitives
import RelayRuntime
import Synchronization
import Webhooks

/// Tells a destination what of consents it has to carry along with one session, and wants each word acknowledged.
///
/// One word is under way at a time; of those that come meanwhile the newest is told next, as only the present state
/// counts. Without an acknowledgement in time `onSilence` is called, once.
final class ConsentCourier: Sendable {
    /// The pause before a word that did not arrive is sent again, doubled each time.
    private static let firstPauseMilliseconds: Int64 = 200
    private static let maximumAnswerBytes = 16 << 10

    /// What is to be told next, and since when something has been.
    private struct Pending {
        var word: WebhookEvent
        let since: MonotonicTime
    }

    private final class Waiting: Sendable {
        let pending = Mutex<Pending?>(nil)

        func take() -> Pending? {
            pending.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
        }
    }

    private let waiting = Waiting()
    private let signal: AsyncStream<Void>.Continuation

    /// `atEnd` is called when the last word has been told, or never will be.
    init(
        _ webhook: Destination.Webhook,
        secret: SigningSecret,
        requests: GuardedRequests,
        onSilence: @escaping @Sendable () async -> Void,
        atEnd: @escaping @Sendable () async -> Void
    ) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Void.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        signal = continuation
        let teller = Teller(webhook: webhook, secret: secret, requests: requests, onSilence: onSilence)
        Task { [waiting] in
            for await _ in stream {
                if let next = waiting.take() { await teller.tell(next.word, since: next.since) }
            }
            await atEnd()
        }
    }

    /// Leaves the present state to be told; never waits.
    ///
    /// The time to acknowledge it begins now, whatever else is still under way.
    func tell(_ word: WebhookEvent) {
        let now = SystemClock.monotonic
        waiting.pending.withLock { $0 = Pending(word: word, since: $0?.since ?? now) }
        signal.yield()
    }

    /// Nothing more is left to be told.
    func finish() { signal.finish() }

    private actor Teller {
        let webhook: Destination.Webhook
        let secret: SigningSecret
        let requests: GuardedRequests
        let onSilence: @Sendable () async -> Void
        private var told = 0
        private var acknowledged = 0
        private var isSilent = false

        init(
            webhook: Destination.Webhook,
            secret: SigningSecret,
            requests: GuardedRequests,
            onSilence: @escaping @Sendable () async -> Void
        ) {
            self.webhook = webhook
            self.secret = secret
            self.requests = requests
            self.onSilence = onSilence
        }

        func tell(_ word: WebhookEvent, since: MonotonicTime) async {
            told += 1
            let number = told
            let deadline = since.advanced(byMilliseconds: Int64(webhook.acknowledgementSeconds) * 1_000)
            let limit = max(0, deadline.milliseconds(since: SystemClock.monotonic))
            // Beside the request: what the resolver or the network takes their time for counts as well.
            let alarm = Task {
                try await Task.sleep(for: .milliseconds(limit))
                await self.expect(number)
            }
            var pause = ConsentCourier.firstPauseMilliseconds
            while true {
                let left = deadline.milliseconds(since: SystemClock.monotonic)
                guard left > 0 else { break }
                if await send(word, within: left) {
                    acknowledged = number
                    break
                }
                // Whoever has been cut off is told once more, for what it is worth.
                guard !isSilent, deadline.milliseconds(since: SystemClock.monotonic) > pause else { break }
                try? await Task.sleep(for: .milliseconds(pause))
                pause *= 2
            }
            if acknowledged == number || isSilent {
                alarm.cancel()
            } else {
                _ = await alarm.result
            }
        }

        private func expect(_ number: Int) async {
            guard acknowledged < number, !isSilent else { return }
            isSilent = true
            await onSilence()
        }

        private func send(_ word: WebhookEvent, within milliseconds: Int64) async -> Bool {
            let seconds = SystemClock.wall.nanosecondsSince1970 / 1_000_000_000
            let answer = await requests.send(
                "POST",
                to: GuardedRequests.Target(
                    url: webhook.url.text,
                    host: webhook.url.host,
                    isPlaintext: webhook.url.isPlaintext
                ),
                fields: [
                    ("content-type", "application/json"),
                    ("webhook-id", word.id),
                    ("webhook-timestamp", String(seconds)),
                    (
                        "webhook-signature",
                        secret.signature(id: word.id, timestamp: seconds, body: word.body)
                    ),
                ],
                body: word.body,
                maximumAnswerBytes: ConsentCourier.maximumAnswerBytes,
                milliseconds: milliseconds
            )
            guard case .success(let received) = answer else { return false }
            return (200...299).contains(received.status)
        }
    }
}
