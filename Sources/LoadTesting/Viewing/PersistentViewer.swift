import Primitives
import RelayRuntime

/// Keeps a viewer in a room and reports each second, until its time is over or the task is cancelled.
package struct PersistentViewer: Sendable {
    private static let firstPauseMilliseconds: Int64 = 500
    private static let longestPauseMilliseconds: Int64 = 10_000

    /// What a viewer tells its user.
    package enum Message: Sendable {
        case session(String)
        /// Milliseconds from the POST.
        case established(Int)
        case firstPicture(Int)
        case event(ServerSentEvent)
        /// Seconds since the session began, and what the slots show.
        case report(second: Int, [SlotReport])
        case trouble(String)
        case ended(PeerEnd)
    }

    private let viewer: WHEPViewer
    private let settings: ViewerSettings
    private let seconds: Int?
    private let tell: @Sendable (Message) -> Void

    /// `seconds` of viewing, or for ever.
    package init(
        viewer: WHEPViewer,
        settings: ViewerSettings,
        seconds: Int?,
        tell: @escaping @Sendable (Message) -> Void
    ) {
        self.viewer = viewer
        self.settings = settings
        self.seconds = seconds
        self.tell = tell
    }

    /// Throws only what no repetition can heal.
    package func run() async throws {
        let start = SystemClock.monotonic
        var pause = Self.firstPauseMilliseconds
        while !Task.isCancelled, !isOver(since: start) {
            var wait = pause
            do {
                let viewing = try await viewer.start(settings)
                tell(.session(viewing.session.url))
                if await follow(viewing, start: start) { pause = Self.firstPauseMilliseconds }
                wait = pause
            } catch let error as SignalingError {
                guard !Task.isCancelled else { return }
                guard error.isTemporary else { throw error }
                wait = max(pause, Int64(error.retryAfterSeconds ?? 0) * 1_000)
                tell(.trouble("\(error); trying again in \(Double(wait) / 1_000) s"))
            }
            guard !Task.isCancelled, !isOver(since: start) else { return }
            try? await Task.sleep(for: .milliseconds(wait))
            pause = min(pause * 2, Self.longestPauseMilliseconds)
        }
    }

    private func isOver(since start: MonotonicTime) -> Bool {
        seconds.map { SystemClock.monotonic.milliseconds(since: start) >= Int64($0) * 1_000 } ?? false
    }

    /// Stays with a session until it ends, its time is over or the task is cancelled; answers whether it stood.
    private func follow(_ viewing: Viewing, start: MonotonicTime) async -> Bool {
        let requestedAt = viewing.session.requestedAt
        let token = (try? settings.token.read()) ?? nil
        let stood = await withTaskGroup(of: Bool?.self) { group in
            group.addTask {
                var stood = false
                for await event in viewing.events {
                    switch event {
                    case .established(let time):
                        stood = true
                        tell(.established(Int(time.milliseconds(since: requestedAt))))
                    case .firstPicture(let time):
                        tell(.firstPicture(Int(time.milliseconds(since: requestedAt))))
                    case .ended(let end):
                        tell(.ended(end))
                    }
                }
                return stood
            }
            group.addTask {
                await report(viewing, start: start)
                return nil
            }
            let (reconnects, reconnect) = AsyncStream<Void>.makeStream()
            let events = Task {
                try? await viewer.client.followEvents(
                    of: viewing.session,
                    token: token,
                    names: WHEPViewer.eventNames
                ) { event in
                    tell(.event(event))
                    if event.name == "reconnect" { reconnect.yield() }
                }
            }
            group.addTask {
                // The server asks us to come again: at once, and elsewhere if it has said so.
                for await _ in reconnects { break }
                return nil
            }
            var stood = false
            for await result in group {
                // Whichever is over first, the session's life or the time to report, ends the other.
                group.cancelAll()
                if let result { stood = result }
            }
            events.cancel()
            return stood
        }
        // A cancelled task cannot make a request of its own.
        let (client, source) = (viewer, settings.token)
        await Task.detached { await client.stop(viewing, token: source) }.value
        return stood
    }

    private func report(_ viewing: Viewing, start: MonotonicTime) async {
        var second = 0
        while !Task.isCancelled, !isOver(since: start) {
            try? await Task.sleep(for: .seconds(1))
            second += 1
            guard !Task.isCancelled, let slots = try? await viewer.report(of: viewing) else { return }
            tell(.report(second: second, slots))
        }
    }
}
