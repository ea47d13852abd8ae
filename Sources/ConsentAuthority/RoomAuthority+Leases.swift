import Disclosures
import Primitives

extension RoomAuthority {
    /// A heartbeat that was begun at `startedAt` is durable; heartbeats count from their beginning.
    package mutating func heartbeatCommitted(
        startedAt: MonotonicTime,
        now: ClockReading,
        effects: inout [ConsentEffect]
    ) {
        let wasFresh = heartbeatIsFresh(now.monotonic)
        if startedAt <= now.monotonic { newestHeartbeat = max(newestHeartbeat ?? startedAt, startedAt) }
        if !wasFresh, heartbeatIsFresh(now.monotonic) {
            renewalDue = now.monotonic.advanced(byMilliseconds: ConsentTiming.renewalMilliseconds)
            refreshAll(renewing: true, now: now, effects: &effects)
        }
        resume(effects: &effects)
    }

    /// Renews leases that are due and tells what time has changed; call it by `nextTick` at the latest.
    package mutating func tick(now: ClockReading, effects: inout [ConsentEffect]) {
        let isDue = renewalDue <= now.monotonic
        if isDue {
            renewalDue = now.monotonic.advanced(byMilliseconds: ConsentTiming.renewalMilliseconds)
        }
        refreshAll(renewing: isDue, now: now, effects: &effects)
    }

    /// When `tick` is due next.
    package var nextTick: MonotonicTime { renewalDue }
}
