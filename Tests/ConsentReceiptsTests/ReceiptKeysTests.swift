import Crypto
import Dispatch
import Foundation
import Synchronization
import Testing

@testable import ConsentReceipts

/// The key file, and the document that is published.
@Suite struct ReceiptKeysTests {
    private let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func path(_ name: String = "receipts.jwks") -> String {
        directory.appending(path: name).path(percentEncoded: false)
    }

    private func mode(_ path: String) throws -> Int? {
        (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue
    }

    private func write(_ text: String, mode: Int = 0o600) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path()))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path())
        return path()
    }

    private func failure(_ path: String) throws -> String {
        try #require(throws: ReceiptKeyError.self) { try ReceiptKeys.loadOrCreate(path: path) }.description
    }

    @Test func makesAKeyThatOnlyItsOwnerReadsAndFindsItAgain() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let made = try ReceiptKeys.loadOrCreate(path: path("new/receipts.jwks"))
        #expect(try mode(path("new/receipts.jwks")) == 0o600)
        #expect(try mode(path("new")) == 0o700)
        #expect(try ReceiptKeys.loadOrCreate(path: path("new/receipts.jwks")).keyID == made.keyID)
        #expect(try FileManager.default.contentsOfDirectory(atPath: path("new")) == ["receipts.jwks"])
    }

    /// In many rounds and on threads of their own, as the window between looking and naming is short.
    @Test func manyThatStartAtATimeUseOneKey() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        for round in 0..<40 {
            let path = path("round-\(round).jwks")
            let identifiers = Mutex<Set<String>>([])
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                let id = (try? ReceiptKeys.loadOrCreate(path: path).keyID) ?? "none"
                identifiers.withLock { _ = $0.insert(id) }
            }
            #expect(identifiers.withLock { $0.count } == 1)
            #expect(identifiers.withLock { !$0.contains("none") })
        }
        let left = try FileManager.default.contentsOfDirectory(
            atPath: directory.path(percentEncoded: false)
        )
        #expect(left.count == 40)
    }

    @Test(arguments: [0o644, 0o640, 0o620, 0o604, 0o660])
    func refusesAFileThatOthersMayReadOrWrite(_ mode: Int) throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let text = String(decoding: try ReceiptFixtures.keys().keyFile, as: UTF8.self)
        #expect(try failure(try write(text, mode: mode)).contains("chmod 600"))
    }

    @Test func refusesADirectoryAndAnEmptyFile() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        #expect(try failure(directory.path(percentEncoded: false)).contains("it is not a file"))
        #expect(try failure(try write("")).contains("it is not JSON"))
    }

    @Test func refusesAKeyThatDoesNotBelongToItsPublicPart() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let mine = try JSONReader.read(try ReceiptFixtures.keys(1).keyFile)
        let other = try JSONReader.read(try ReceiptFixtures.keys(2).keyFile)
        let secret = try #require(other["keys"]?.elements?.first?["d"])
        let key = try #require(mine["keys"]?.elements?.first).adding(["d": secret])
        let text = String(decoding: key.canonicalBytes, as: UTF8.self)
        #expect(try failure(try write(text)).contains("not of one key"))
    }

    @Test(arguments: [
        ("{\"keys\":[]}", "no key with a d"), ("[]", "not a JWK Set"), ("{\"keys\":[1]}", "not a list"),
        ("{\"kty\":\"RSA\",\"n\":\"AQ\"}", "not Ed25519"),
        ("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQ\"}", "whose x"),
    ])
    func saysWhatIsWrongWithAKeyFile(_ text: String, _ reason: String) throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let failure = try failure(try write(text))
        #expect(failure.contains(reason), "\(failure)")
    }

    @Test func neverPublishesThePrivatePart() throws {
        let keys = try ReceiptFixtures.keys()
        let secret = Base64URLText.encode(keys.signing.rawRepresentation)
        let document = String(decoding: keys.published.document, as: UTF8.self)
        #expect(!document.contains(secret))
        #expect(!document.contains("\"d\""))
        #expect(document.contains("\"kid\":\"\(keys.keyID)\""))
        var dumped = ""
        dump(keys, to: &dumped)
        for shown in ["\(keys)", String(reflecting: keys), dumped] {
            #expect(shown.contains(keys.keyID))
            #expect(!shown.contains(secret))
            // The key is 32 times the byte 7, so any way to print it repeats something.
            #expect(!shown.contains("7, 7, 7") && !shown.contains("0707"))
        }
        let error = try #require(throws: ReceiptKeyError.self) {
            try PublishedReceiptKeys(document: keys.keyFile)
        }
        #expect(error.description.contains("private key"))
    }

    @Test func passesOverKeysOfOtherKindsAndRefusesFalseNames() throws {
        let ours = try #require(
            try JSONReader.read(try ReceiptFixtures.keys().published.document)["keys"]?.elements?.first
        )
        let mixed: JSONValue = ["keys": [["kty": "EC", "crv": "P-256"], ours]]
        #expect(try PublishedReceiptKeys(document: mixed.canonicalBytes).keyIDs.count == 1)
        let renamed: JSONValue = ["keys": [ours.adding(["kid": "main"])]]
        #expect(throws: ReceiptKeyError.self) { try PublishedReceiptKeys(document: renamed.canonicalBytes) }
        let foreign: JSONValue = ["keys": [["kty": "EC", "crv": "P-256"]]]
        #expect(throws: ReceiptKeyError.self) { try PublishedReceiptKeys(document: foreign.canonicalBytes) }
    }
}
