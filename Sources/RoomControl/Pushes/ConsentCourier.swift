import Partners
import Primitives
import RelayRuntime
import Webhooks

/// Tells a destination what of consents it has to carry along with one session, and wants each word acknowledged.
///
/// One word is under way at a time; of those that come meanwhile the newest is told next, as only the present state
/// counts. Without an acknowledgement in time `onSilence` is called, once.
final class ConsentCourier: Sendable {
    /// The pause before a word that did not arrive is sent again, doubled each time.
    private static let firstPauseMilliseconds: Int64 = 200
    private static let maximumAnswerBytes = 16 << 10

    private let words: AsyncStream<WebhookEvent>.Continuation

    /// `atEnd` is called when the last word has been told, or never will be.
    init(
        _ webhook: Destination.Webhook,
        secret: SigningSecret,
        requests: GuardedRequests,
        onSilence: @escaping @Sendable () async -> Void,
        atEnd: @escaping @Sendable () async -> Void
    ) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: WebhookEvent.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        words = continuation
        let teller = Teller(webhook: webhook, secret: secret, requests: requests, onSilence: onSilence)
        Task {
            for await word in stream { await teller.tell(word) }
            await atEnd()
        }
    }

    /// Leaves the present state to be told; never waits.
    func tell(_ word: WebhookEvent) { words.yield(word) }

    /// Nothing more is left to be told.
    func finish() { words.finish() }

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

        func tell(_ word: WebhookEvent) async {
            told += 1
            let number = told
            let limit = Int64(webhook.acknowledgementSeconds) * 1_000
            // Beside the request: what the resolver or the network takes their time for counts as well.
            let alarm = Task {
                try await Task.sleep(for: .milliseconds(limit))
                await self.expect(number)
            }
            let deadline = SystemClock.monotonic.advanced(byMilliseconds: limit)
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
