import ArgumentParser
import ConsentReceipts
import Foundation

/// `tally receipt`: what a participant was given in hand, checked without the relay.
struct ReceiptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "receipt",
        abstract: "Check consent receipts.",
        subcommands: [Verify.self]
    )

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether a receipt is genuine, and what it says; needs no network.",
            discussion: """
                Takes a receipt in any of its forms: the signed consent record (JWS), DPV JSON-LD, Kantara 1.1 \
                (JWT) or vCon. A genuine receipt says what stood when it was made; a later withdrawal has a \
                receipt of its own.

                Exit codes: 0 genuine; 1 altered, or contradicting itself; 2 signed with another key; 3 no \
                receipt: malformed, truncated or too large; 4 signed by an algorithm that does not count; \
                66 a file cannot be read; 78 the key file holds no usable key.
                """
        )

        @Argument(help: "The receipt; - reads standard input.") var file: String
        @Option(name: .long, help: "The relay's published keys: a JWK Set, or one JWK.") var key: String
        @Flag(name: .long, help: "Answer as one line of JSON.") var json = false

        func run() async throws {
            let keys = try publishedKeys()
            // One byte more than a receipt may have tells that there are too many, without reading them all.
            let bytes = try Self.read(file, upTo: ReceiptKeys.maximumReceiptBytes + 1)
            do throws(ReceiptRefusal) {
                report(try keys.verify(bytes))
            } catch {
                report(error)
                throw ExitCode(error.exitCode)
            }
        }

        private func publishedKeys() throws -> PublishedReceiptKeys {
            let bytes = try Self.read(key, upTo: PublishedReceiptKeys.maximumDocumentBytes + 1)
            do throws(ReceiptKeyError) {
                return try PublishedReceiptKeys(document: bytes)
            } catch {
                Self.complain("\(key) cannot serve as the published key: \(error)")
                throw ExitCode(Self.unusableKey)
            }
        }

        private func report(_ verified: VerifiedReceipt) {
            guard json else {
                print("Genuine: \(verified.form.title), signed with the key \(verified.keyID)")
                for line in verified.receipt.plainLines { print(line) }
                return
            }
            print(verified.json)
        }

        private func report(_ refusal: ReceiptRefusal) {
            if json {
                print(refusal.json)
            } else {
                Self.complain("Not genuine (\(refusal.code)): \(refusal)")
            }
        }

        /// `EX_NOINPUT` and `EX_CONFIG` of sysexits.h.
        private static let unreadableFile: Int32 = 66
        private static let unusableKey: Int32 = 78

        private static func read(_ path: String, upTo limit: Int) throws -> [UInt8] {
            var isDirectory: ObjCBool = false
            if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue
            {
                complain("\(path) is a directory")
                throw ExitCode(unreadableFile)
            }
            do {
                let file =
                    path == "-"
                    ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(filePath: path))
                return Array(try file.read(upToCount: limit) ?? Data())
            } catch {
                complain("\(path) cannot be read: \(error.localizedDescription)")
                throw ExitCode(unreadableFile)
            }
        }

        private static func complain(_ text: String) {
            FileHandle.standardError.write(Data((text + "\n").utf8))
        }
    }
}

extension ReceiptRefusal {
    /// What `tally receipt verify` ends with.
    fileprivate var exitCode: Int32 {
        switch self {
        case .altered, .contradictory: 1
        case .otherKey: 2
        case .malformed, .truncated, .tooLarge: 3
        case .algorithm: 4
        }
    }
}
