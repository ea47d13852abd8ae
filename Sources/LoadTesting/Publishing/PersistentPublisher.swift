import Primitives

/// Keeps a publication on air: starts it again whenever it ends, with growing pauses.
package struct PersistentPublisher: Sendable {
    private static let firstPauseMilliseconds: Int64 = 500
    private static let longestPauseMilliseconds: Int64 = 10_000
    /// How often a line says what was sent.
    private static let progressSeconds: Int64 = 10

    private let publisher: WHIPPublisher
    private let settings: PublisherSettings
    private let say: @Sendable (String) -> Void

    /// `say` gets plain lines about progress.
    package init(
        publisher: WHIPPublisher,
        settings: PublisherSettings,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.publisher = publisher
        self.settings = settings
        self.say = say
    }

    /// Runs until the task is cancelled, then ends the session at the server.
    ///
    /// Throws only what no repetition can heal: a refused token, a codec that does not work.
    package func run() async throws {
        var pause = Self.firstPauseMilliseconds
        while !Task.isCancelled {
            var wait = pause
            do {
                let publication = try await publisher.start(settings)
                say("session \(publication.session.url)")
                if await follow(publication) { pause = Self.firstPauseMilliseconds }
                wait = pause
            } catch let error as SignalingError {
                guard !Task.isCancelled else { return }
                guard error.isTemporary else { throw error }
                wait = max(pause, Int64(error.retryAfterSeconds ?? 0) * 1_000)
                say("\(error); trying again in \(Double(wait) / 1_000) s")
            }
            guard !Task.isCancelled else { return }
            try? await Task.sleep(for: .milliseconds(wait + Int64.random(in: 0...(wait / 4 + 1))))
            pause = min(pause * 2, Self.longestPauseMilliseconds)
        }
    }

    /// Stays with a publication until it ends or the task is cancelled; answers whether it ever was on air.
    private func follow(_ publication: Publication) async -> Bool {
        let wasOnAir = await withTaskGroup(of: Bool?.self) { group in
            group.addTask {
                var wasOnAir = false
                for await event in publication.events {
                    switch event {
                    case .established:
                        wasOnAir = true
                        say("on air")
                    case .ended(let end):
                        say("off air: \(end)")
                    }
                }
                return wasOnAir
            }
            group.addTask {
                await reportProgress(publication)
                return nil
            }
            var wasOnAir = false
            for await result in group {
                if let result {
                    wasOnAir = result
                    group.cancelAll()
                }
            }
            return wasOnAir
        }
        // A cancelled task cannot make a request of its own.
        let (client, token) = (publisher, settings.token)
        await Task.detached { await client.stop(publication, token: token) }.value
        return wasOnAir
    }

    private func reportProgress(_ publication: Publication) async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(Self.progressSeconds))
            guard !Task.isCancelled, let now = try? await publisher.statistics(of: publication) else {
                return
            }
            let estimate = now.estimatedBitsPerSecond.map { ", relay estimates \($0 / 1_000) kbit/s" } ?? ""
            say(
                "sent \(now.framesSent) frames (\(now.keyframesSent) key), \(now.packetsSent) packets, "
                    + "\(now.packetsRepeated) repeated, \(now.keyframeRequests) keyframes asked for\(estimate)"
            )
        }
    }
}
