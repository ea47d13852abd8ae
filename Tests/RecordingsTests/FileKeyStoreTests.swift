import Crypto
import Foundation
import Recordings
import Testing

/// Keys lie apart from the data, are the owner's only, and end when they are destroyed.
@Suite struct FileKeyStoreTests {
    private let fixture: RecordingFixture
    private let dataKey = SymmetricKey(size: .bits256)

    init() throws { fixture = try RecordingFixture() }

    private func keyError(_ body: () throws -> Void) -> RecordingKeyError? {
        do {
            try body()
            return nil
        } catch {
            return error as? RecordingKeyError
        }
    }

    private func mode(_ path: String) throws -> Int? {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return (attributes[.posixPermissions] as? NSNumber)?.intValue
    }

    @Test func whatItWrapsOnlyTheSameKeyUnwraps() throws {
        let (ada, bob) = (try fixture.name(), try fixture.name("bob"))
        try fixture.store.create(ada)
        try fixture.store.create(bob)
        let wrapped = try fixture.store.wrap(dataKey, under: ada)
        #expect(try fixture.store.unwrap(wrapped, under: ada) == dataKey)
        #expect(keyError { _ = try fixture.store.unwrap(wrapped, under: bob) } == .destroyed(bob))
        for place in wrapped.indices {
            var altered = wrapped
            altered[place] ^= 1
            #expect(keyError { _ = try fixture.store.unwrap(altered, under: ada) } != nil, "\(place)")
        }
        #expect(keyError { _ = try fixture.store.unwrap([], under: ada) } == .wrongKey(ada))
        // A nonce of its own each time.
        #expect(try fixture.store.wrap(dataKey, under: ada) != wrapped)
        let again = try FileKeyStore(directory: fixture.root + "/keys", apartFrom: fixture.folder.path)
        #expect(try again.unwrap(wrapped, under: ada) == dataKey)
    }

    @Test func aDestroyedKeyIsGoneAndItsNameCanBeUsedAgain() throws {
        let ada = try fixture.name()
        #expect(try !fixture.store.exists(ada))
        #expect(keyError { _ = try fixture.store.wrap(dataKey, under: ada) } == .destroyed(ada))
        try fixture.store.create(ada)
        let path = fixture.root + "/keys/\(ada).key"
        let file = try fixture.bytes(path)
        // Opened before, so that it shows what is left of the file that was removed.
        let opened = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        let wrapped = try fixture.store.wrap(dataKey, under: ada)
        try fixture.store.create(ada)
        #expect(try fixture.store.unwrap(wrapped, under: ada) == dataKey)
        try fixture.store.destroy(ada)
        try fixture.store.destroy(ada)
        #expect(try !fixture.store.exists(ada))
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(try opened.readToEnd() == Data(repeating: 0, count: file.count))
        #expect(keyError { _ = try fixture.store.unwrap(wrapped, under: ada) } == .destroyed(ada))
        try fixture.store.create(ada)
        #expect(keyError { _ = try fixture.store.unwrap(wrapped, under: ada) } == .destroyed(ada))
    }

    @Test func aDestructionThatWasInterruptedCounts() throws {
        let ada = try fixture.name()
        try fixture.store.create(ada)
        let wrapped = try fixture.store.wrap(dataKey, under: ada)
        let path = fixture.root + "/keys/\(ada).key"
        let length = try fixture.bytes(path).count
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.write(contentsOf: Data(repeating: 0, count: length))
        #expect(try !fixture.store.exists(ada))
        #expect(keyError { _ = try fixture.store.unwrap(wrapped, under: ada) } == .destroyed(ada))
        try fixture.store.create(ada)
        #expect(try fixture.store.exists(ada))
    }

    @Test func aDamagedKeyIsNotTakenForADestroyedOne() throws {
        let ada = try fixture.name()
        try fixture.store.create(ada)
        let path = fixture.root + "/keys/\(ada).key"
        var bytes = try fixture.bytes(path)
        bytes[20] ^= 1
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        try file.write(contentsOf: bytes)
        #expect(keyError { _ = try fixture.store.exists(ada) } == .unusable("\(path) is damaged"))
    }

    @Test func anotherStoreIsToldFromADestroyedKey() throws {
        try fixture.record(1)
        let other = try FileKeyStore(directory: fixture.root + "/other", apartFrom: fixture.folder.path)
        let name = try fixture.name()
        let read = thrown { _ = try RecordingReader(path: fixture.path, keys: other) }
        #expect(read == .wrongKey(name))
        try other.create(name)
        #expect(thrown { _ = try RecordingReader(path: fixture.path, keys: other) } == .wrongKey(name))
    }

    @Test func everythingIsTheOwnersOnly() throws {
        let keys = fixture.root + "/keys"
        try fixture.store.create(try fixture.name())
        #expect(try mode(keys) == 0o700)
        for file in try FileManager.default.contentsOfDirectory(atPath: keys) {
            #expect(try mode("\(keys)/\(file)") == 0o600, "\(file)")
        }
        let path = keys + "/\(try fixture.name()).key"
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(keyError { _ = try fixture.store.exists(try fixture.name()) } != nil)
        try FileManager.default.setAttributes([.posixPermissions: 0o750], ofItemAtPath: keys)
        #expect(
            keyError { _ = try FileKeyStore(directory: keys, apartFrom: fixture.folder.path) } != nil
        )
    }

    @Test func keysDoNotLieWithTheDataHoweverThatIsSpelled() throws {
        let root = fixture.root
        let files = FileManager.default
        try files.createDirectory(atPath: root + "/data/in", withIntermediateDirectories: true)
        try files.createSymbolicLink(atPath: root + "/link", withDestinationPath: root + "/data/in")
        try files.createSymbolicLink(
            atPath: root + "/nowhere",
            withDestinationPath: root + "/data/made-later"
        )
        func isRefused(_ keys: String, _ data: String) -> Bool {
            keyError { _ = try FileKeyStore(directory: root + keys, apartFrom: root + data) } != nil
        }
        for (keys, data) in [
            ("/data", "/data"), ("/data/in", "/data"), ("", "/data"), ("/link", "/data"),
            ("/data/new", "/data"),
            ("/data/in/../new", "/data"), ("/link/new/keys", "/data"), ("/nowhere", "/data"),
            ("/new", "/new"),
            ("/new/keys", "/new"), ("/new", "/new/data"), ("/data/", "//data"), ("/keys/..", "/data"),
        ] {
            #expect(isRefused(keys, data), "\(keys) \(data)")
        }
        #expect(!isRefused("/data-keys", "/data"))
        #expect(!isRefused("/some/keys", "/other/data"))
        #expect(!isRefused("/some/keys", "/some/data"))
    }

    @Test func namesAreOpaqueAndAlwaysTheSame() throws {
        let names = try RecordingKeyNames(path: fixture.root + "/keys/\(FileKeyStore.namesFile)")
        #expect(try fixture.name() == fixture.name())
        var seen: Set<RecordingKeyName> = []
        for participant in ["ada", "bob", "a"] {
            for purpose in [RecordingKeyPurpose.ordinary, .restricted] {
                seen.insert(try fixture.name(participant, purpose))
            }
        }
        #expect(seen.count == 6)
        try fixture.record(1)
        let again = RecordingKeyName(try fixture.name().description)
        #expect(again == (try fixture.name()))
        _ = names
        #expect(try RecordingFixture.files(below: fixture.root, holding: Array("ada".utf8)) == [])
        let other = try RecordingFixture()
        #expect(try other.name() != fixture.name())
    }

    @Test func creatingAndDestroyingFromManySidesLeavesOneStateOrTheOther() async throws {
        let store = fixture.store
        let name = try fixture.name()
        let key = dataKey
        await withTaskGroup { group in
            for index in 0..<40 {
                group.addTask {
                    if index % 4 == 0 {
                        try? store.destroy(name)
                    } else {
                        try? store.create(name)
                        guard let wrapped = try? store.wrap(key, under: name) else { return }
                        // Whoever gets an answer gets the right one.
                        if let unwrapped = try? store.unwrap(wrapped, under: name) {
                            #expect(unwrapped == key)
                        }
                    }
                }
            }
        }
        try store.create(name)
        #expect(try store.exists(name))
        let left = try FileManager.default.contentsOfDirectory(atPath: fixture.root + "/keys")
        #expect(left.filter { $0.hasSuffix(".new") } == [])
    }
}
