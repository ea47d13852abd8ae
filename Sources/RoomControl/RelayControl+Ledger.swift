import LedgerStore
import Logging
import TransparencyLogs

/// The disclosure ledger, as far as everybody or the operator may see it.
package protocol LedgerService: Sendable {
    /// The key that verifies the ledger's checkpoints; its name is the ledger's.
    var ledgerKey: VerifierKey { get }

    /// A file of the published log; `nil` if there is none. Codes: `ledger-unavailable` 503.
    func ledgerFile(_ resource: LogResource) async throws(RelayProblem) -> [UInt8]?

    /// How the ledger does now. Codes: `ledger-unavailable` 503.
    func ledgerHealth() async throws(RelayProblem) -> LedgerHealth
}

extension RelayControl: LedgerService {
    package nonisolated var ledgerKey: VerifierKey { environment.ledger.verifierKey }

    package nonisolated func ledgerFile(
        _ resource: LogResource
    ) async throws(RelayProblem) -> [UInt8]? {
        do {
            return try environment.ledger.publishedLog.read(resource)
        } catch {
            logger.error("a file of the published ledger cannot be read", metadata: ["error": "\(error)"])
            throw .ledgerUnavailable
        }
    }

    package nonisolated func ledgerHealth() async throws(RelayProblem) -> LedgerHealth {
        do {
            return try await environment.ledger.health()
        } catch {
            logger.error("the ledger does not say how it does", metadata: ["error": "\(error)"])
            throw .ledgerUnavailable
        }
    }
}

extension RelayProblem {
    /// What is published cannot be read at the moment.
    fileprivate static let ledgerUnavailable = RelayProblem(
        "ledger-unavailable",
        status: 503,
        detail: "the disclosure ledger cannot be read at the moment; try again",
        retryAfterSeconds: RoomTiming.retrySeconds
    )
}
