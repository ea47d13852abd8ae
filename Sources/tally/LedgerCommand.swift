import ArgumentParser
import Foundation
import LedgerStore
import RelayHTTP

/// `tally ledger`: the account of disclosures, verified by anybody and read by whoever runs the relay.
struct LedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ledger",
        abstract: "Verify the disclosure ledger, or read what was disclosed of a participant.",
        subcommands: [LedgerVerifyCommand.self, LedgerAccountCommand.self]
    )

    /// A file that was named cannot be read (`EX_NOINPUT`).
    static let unreadable = 66 as Int32
    /// There is no usable key (`EX_CONFIG`).
    static let unusableKey = 78 as Int32

    /// Where the ledger is if nobody says: in the data directory of the relay's configuration.
    struct Place: ParsableArguments {
        @Option(name: .long, help: "The relay's configuration file (YAML), which names the data directory.")
        var config: String?

        func directory(_ given: String?) throws -> String {
            try given ?? TallyConfiguration.load(file: config).data.directory
        }
    }

    /// Refuses a directory that is not there.
    static func requireDirectory(_ path: String) throws {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue
        else {
            complain("\(path): there is no such directory")
            throw ExitCode(unreadable)
        }
    }

    static func complain(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// Where `LedgerError` is the reason that nothing can be said.
    static func text(_ error: LedgerError) -> String {
        switch error {
        case .unavailable(let text), .unusable(let text), .contradiction(let text): text
        case .conflict(let room, _, _): "the log of room \(room) has changed meanwhile"
        }
    }
}
