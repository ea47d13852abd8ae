import Dispatch

/// Runs an actor on a queue of its own, so that waiting for the disk never occupies a shared thread.
final class LedgerExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "tally.ledger", qos: .userInitiated)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }
}
