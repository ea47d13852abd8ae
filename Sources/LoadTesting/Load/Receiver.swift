/// A receiving thread, and what its viewers have in common.
struct Receiver: Sendable {
    let loop: ClientLoop
    private let fleet: LoopBound<ViewerFleet>

    /// Starts the thread.
    ///
    /// Throws `LoopError`.
    init(name: String, run: UInt32, plan: LoadPlan) throws(LoopError) {
        loop = try ClientLoop(name: name)
        fleet = LoopBound(ViewerFleet(run: run, share: plan.share, rooms: plan.rooms))
    }

    /// Does something with the fleet on its thread.
    ///
    /// Throws `LoopError.stopped`, and what `body` does.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (ViewerFleet, LoopPeers) throws -> Value
    ) async throws -> Value {
        try await loop.run { [fleet] peers in try body(fleet.value(on: peers), peers) }
    }
}
