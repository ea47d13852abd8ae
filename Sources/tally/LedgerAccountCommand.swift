import ArgumentParser
import Foundation
import LedgerStore
import Primitives

/// `tally ledger account`: what was disclosed of one participant, from a relay's data directory.
struct LedgerAccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account",
        abstract: "Print what was disclosed of a participant: when, to whom, what, for what.",
        discussion: """
            Reads the database beside a running relay. This look is not in the ledger, as it needs the data \
            directory itself; the relay's own interface records every look.

            Exit codes: 0 printed, also if nothing was disclosed; 66 the ledger cannot be read.
            """
    )

    @Argument(help: "The relay's data directory; without it the configuration's data.directory.")
    var directory: String?
    @OptionGroup var place: LedgerCommand.Place
    @Option(name: .long, help: "The participant's identifier.") var participant: String
    @Flag(name: .long, help: "Print a page as JSON, with salts and proofs (C2SP tlog-proof).")
    var json = false
    @Option(name: .long, help: "With --json: begin behind this row, the next of an earlier page.")
    var after = 0 as Int64
    @Option(name: .long, help: "With --json: most disclosures of the page.")
    var limit = SQLiteLedgerStore.longestPage

    func validate() throws {
        guard (1...SQLiteLedgerStore.longestPage).contains(limit) else {
            throw ValidationError("--limit is 1 to \(SQLiteLedgerStore.longestPage), got \(limit)")
        }
    }

    func run() async throws {
        guard let id = ParticipantID(participant) else {
            throw ValidationError("--participant: '\(participant)' is no participant's identifier")
        }
        let directory = try place.directory(directory)
        try LedgerCommand.requireDirectory(directory)
        do throws(LedgerError) {
            let reader = try LedgerReader(directory: directory)
            guard !json else {
                let page = try reader.accountingDocument(of: id, after: after, limit: limit)
                print(Self.text(page))
                return
            }
            try printTable(reader, id)
        } catch {
            LedgerCommand.complain(LedgerCommand.text(error))
            throw ExitCode(LedgerCommand.unreadable)
        }
    }

    private func printTable(_ reader: LedgerReader, _ id: ParticipantID) throws(LedgerError) {
        var count = 0
        var next = 0 as Int64?
        while let after = next {
            let page = try reader.accountingDocument(of: id, after: after)
            for disclosure in page.disclosures { print(Self.line(disclosure)) }
            for read in page.operatorReads {
                print("\(read.time)  operator's read as \(read.role): \(read.scope)  \(read.reason ?? "")")
            }
            count += page.disclosures.count
            next = page.next
        }
        print(count == 1 ? "1 disclosure" : "\(count) disclosures")
    }

    private static func line(_ disclosure: AccountingDocument.Disclosure) -> String {
        let recipient =
            disclosure.recipient.map { "\(disclosure.recipientClass) \($0)" } ?? disclosure.recipientClass
        let media = disclosure.media.joined(separator: "+")
        let ground = disclosure.basis == "legal-demand" ? ", compelled by law" : ""
        let what = "\(disclosure.purpose) to \(recipient) (session \(disclosure.session))\(ground)"
        let how =
            switch disclosure.outcome {
            case "refused": "refused: \(disclosure.reason ?? "")"
            case "interrupted":
                "at least \(disclosure.packets) packets, \(disclosure.bytes) bytes, ended at the latest \(disclosure.until)"
            case "open":
                "open, \(disclosure.packets) packets, \(disclosure.bytes) bytes at \(disclosure.until)"
            default: "\(disclosure.packets) packets, \(disclosure.bytes) bytes until \(disclosure.until)"
            }
        return "\(disclosure.from)  \(what)  \(media) of \(disclosure.room)/\(disclosure.stream)  \(how)"
    }

    private static func text(_ page: AccountingDocument) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let data = (try? encoder.encode(page)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}
