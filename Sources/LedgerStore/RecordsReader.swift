import GRDB

/// A connection of its own for what people and operators ask about the ledger: a long question keeps neither
/// consents nor heartbeats waiting.
actor RecordsReader {
    private let executor = LedgerExecutor()
    private let path: String
    private var database: DatabaseQueue?
    private var isClosed = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(path: String) {
        self.path = path
    }

    func close() {
        isClosed = true
        try? database?.close()
        database = nil
    }

    /// Reads within one transaction.
    func read<Value>(_ what: String, _ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        guard !isClosed else { throw .unavailable("the ledger \(path) is closed") }
        do {
            let database = try self.database ?? LedgerFile.openForReading(path)
            self.database = database
            return try database.read(body)
        } catch let error as LedgerError {
            throw error
        } catch {
            // A fresh connection may do where this one does not.
            try? database?.close()
            database = nil
            throw .unavailable("\(what) of \(path) failed: \(error)")
        }
    }
}
