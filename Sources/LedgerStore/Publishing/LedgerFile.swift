import GRDB

/// The ledger's database, opened beside the process that writes it.
enum LedgerFile {
    static let name = "ledger.sqlite"

    /// How long a read waits for the moment in which somebody else holds the file.
    private static let busySeconds = 1.0

    /// A connection that cannot write; the writer's lock does not keep it out.
    static func openForReading(_ path: String) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(busySeconds)
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA trusted_schema = OFF") }
        return try DatabaseQueue(path: path, configuration: configuration)
    }
}
