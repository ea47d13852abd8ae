import ArgumentParser
import Foundation
import LedgerStore
import TransparencyLogs

/// `tally ledger verify`: says whether a published log is what its key has signed, and grows as it should.
struct LedgerVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract:
            "Verify a ledger: its signature, every tile, every entry, and its rows where there are any.",
        discussion: """
            Takes a relay's data directory, a copy of a published log (a directory with the file checkpoint), or \
            the URL of one. In a data directory the database's rows are compared with the leaves too, also \
            while the relay is running. Keep the checkpoint file of a verification and give it as --since to \
            the next: then nothing can have been changed in between.

            Without --key the key comes from the log itself, which proves that the log holds together and not \
            whose it is.

            Exit codes: 0 everything holds; 1 something does not, and the last line says what; 66 something \
            cannot be read; 78 there is no usable key.
            """
    )

    @Argument(
        help: """
            A data directory, a directory with a published log, or its http(s) URL; without it the configuration's \
            data.directory.
            """
    )
    var ledger: String?
    @OptionGroup var place: LedgerCommand.Place

    @Option(name: .long, help: "The log's verifier key: NAME+ID+KEY, as the relay prints it.")
    var key: String?

    @Option(name: .long, help: "An older checkpoint file of this log, which it has to extend.")
    var since: String?

    func run() async throws {
        let ledger = try place.directory(ledger)
        guard ledger.hasPrefix("http://") || ledger.hasPrefix("https://") else {
            try LedgerCommand.requireDirectory(ledger)
            let isData = LedgerReader.isDataDirectory(ledger)
            let folder = LogFolder(path: isData ? ledger + "/log" : ledger)
            try await verify(folder, rows: isData ? try reader(ledger) : nil)
            return
        }
        let log = LogOverHTTP(base: ledger)
        let result: Result<Void, any Error>
        do {
            result = .success(try await verify(log, rows: nil))
        } catch {
            result = .failure(error)
        }
        await log.shutDown()
        try result.get()
    }

    private func verify(_ source: some LogSource, rows: LedgerReader?) async throws {
        let older = try since.map(olderCheckpoint)
        do {
            let verifier = try await verifierKey(source)
            let report = try await LedgerAudit.verify(source, key: verifier, older: older, rows: rows)
            for line in lines(report, verifier) { print(line) }
        } catch let failure as LedgerAudit.Failure {
            LedgerCommand.complain("FAILED: \(failure)")
            throw ExitCode.failure
        } catch LedgerError.unusable(let text) {
            LedgerCommand.complain("FAILED: \(text)")
            throw ExitCode.failure
        } catch let exit as ExitCode {
            throw exit
        } catch {
            LedgerCommand.complain(
                "cannot be verified: \((error as? LedgerError).map(LedgerCommand.text) ?? "\(error)")"
            )
            throw ExitCode(LedgerCommand.unreadable)
        }
    }

    private func verifierKey(_ source: some LogSource) async throws -> VerifierKey {
        if let key {
            guard let verifier = VerifierKey(text: key) else {
                LedgerCommand.complain("--key: '\(key)' is no verifier key (NAME+ID+KEY, Ed25519)")
                throw ExitCode(LedgerCommand.unusableKey)
            }
            return verifier
        }
        let line = try await source.read(.verifierKey).map { String(decoding: $0, as: UTF8.self) }
        guard let verifier = line.flatMap({ VerifierKey(text: $0.split(separator: "\n").first ?? "") }) else {
            LedgerCommand.complain("the log names no key of its own: give one as --key")
            throw ExitCode(LedgerCommand.unusableKey)
        }
        return verifier
    }

    private func reader(_ directory: String) throws -> LedgerReader {
        do throws(LedgerError) {
            return try LedgerReader(directory: directory)
        } catch {
            LedgerCommand.complain("FAILED: \(LedgerCommand.text(error))")
            throw ExitCode.failure
        }
    }

    private func olderCheckpoint(_ path: String) throws -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            LedgerCommand.complain("--since: \(path) cannot be read")
            throw ExitCode(LedgerCommand.unreadable)
        }
        return [UInt8](data)
    }

    private func lines(_ report: LedgerAudit.Report, _ verifier: VerifierKey) -> [String] {
        let checkpoint = report.checkpoint
        var lines = [
            "log         \(checkpoint.origin), \(checkpoint.size) leaves, root \(Base64Text.encode(checkpoint.root.bytes))",
            "signature   holds: \(verifier.text)"
                + (key == nil ? " (the key came from the log itself: --key says whose it should be)" : ""),
            "files       \(report.tiles) tiles and \(report.bundles) bundles of entries lead to the root",
        ]
        if let size = report.extends {
            lines.append("extends     the older checkpoint of \(size) leaves")
        }
        if let rows = report.rows {
            lines.append(
                "rows        of \(rows.leaves) leaves say the same; \(rows.erased) of erased participants, "
                    + "\(rows.unpublished) not published yet"
            )
        }
        return lines + ["OK"]
    }
}
