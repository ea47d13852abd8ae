import Crypto
import Foundation
import Recordings
import Testing

/// Keys that a command keeps, and commands that do not behave.
@Suite struct CommandKeyStoreTests {
    private let fixture: RecordingFixture

    init() throws { fixture = try RecordingFixture() }

    /// A key store in a script, as one would write it around a module's tool.
    private static let script = """
        #!/bin/sh
        set -eu
        verb=$1 file=$KEYS/$2.pass
        echo "$@" >>"$KEYS/arguments"
        echo "this goes nowhere" >&2
        case $verb in
            create) [ -e "$file" ] || head -c 24 /dev/urandom | base64 >"$file" ;;
            exists) [ -e "$file" ] || exit 1 ;;
            destroy) rm -f "$file" ;;
            wrap)
                [ -e "$file" ] || exit 1
                openssl enc -aes-256-cbc -pbkdf2 -iter 10 -salt -pass "file:$file" ;;
            unwrap)
                [ -e "$file" ] || exit 1
                openssl enc -d -aes-256-cbc -pbkdf2 -iter 10 -pass "file:$file" || exit 2 ;;
        esac
        """

    private func store(_ script: String, seconds: Double = 10) throws -> CommandKeyStore {
        let path = "\(fixture.root)/command-\(UUID())"
        try Data(script.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        let keys = fixture.root + "/keys"
        return try CommandKeyStore(command: ["/usr/bin/env", "KEYS=\(keys)", path], seconds: seconds)
    }

    @Test func aRecordingIsReadAndErasedByACommandsKeys() throws {
        let store = try store(Self.script)
        let name = try fixture.name()
        #expect(try !store.exists(name))
        let file = try RecordingFile(path: fixture.path, id: fixture.id, keys: store)
        try file.begin(fixture.epoch())
        let segment = RecordingSegment(
            kind: .media,
            startNanoseconds: 0,
            endNanoseconds: 1,
            startsWithKeyframe: true,
            media: .video,
            content: [1, 2, 3]
        )
        try file.append(segment)
        try file.seal()
        #expect(try store.exists(name))
        let reader = try RecordingReader(path: fixture.path, keys: store)
        #expect(try content(of: reader) == [segment])
        try store.destroy(name)
        #expect(try !store.exists(name))
        #expect(thrown { _ = try RecordingReader(path: fixture.path, keys: store) } == .keyDestroyed(name))
        try store.create(name)
        #expect(thrown { _ = try RecordingReader(path: fixture.path, keys: store) } == .wrongKey(name))
    }

    @Test func aHardwareModuleKeepsTheKeys() throws {
        let root = fixture.root
        try FileManager.default.createDirectory(atPath: root + "/tokens", withIntermediateDirectories: true)
        try Data("directories.tokendir = \(root)/tokens\n".utf8).write(
            to: URL(fileURLWithPath: root + "/softhsm2.conf")
        )
        try Data("4711\n".utf8).write(to: URL(fileURLWithPath: root + "/pin"))
        let environment = [
            "/usr/bin/env", "SOFTHSM2_CONF=\(root)/softhsm2.conf", "PKCS11_TOKEN=tally",
            "PKCS11_MODULE=/usr/lib/softhsm/libsofthsm2.so", "PKCS11_PIN_FILE=\(root)/pin",
        ]
        let token = Process()
        token.executableURL = URL(fileURLWithPath: environment[0])
        token.arguments =
            environment.dropFirst() + [
                "softhsm2-util", "--init-token", "--free", "--label", "tally", "--so-pin", "4711",
                "--pin", "4711",
            ]
        token.standardOutput = FileHandle.nullDevice
        try token.run()
        token.waitUntilExit()
        try #require(token.terminationStatus == 0, "SoftHSM makes no token")
        let checkout = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let command = checkout.appending(path: "deploy/pkcs11-keys").path
        let store = try CommandKeyStore(command: environment + [command], seconds: 60)

        let (ada, bob) = (try fixture.name(), try fixture.name("bob"))
        let key = SymmetricKey(size: .bits256)
        #expect(throws: RecordingKeyError.destroyed(ada)) { try store.wrap(key, under: ada) }
        for name in [ada, bob] {
            try store.create(name)
            try store.create(name)
        }
        let wrapped = try store.wrap(key, under: ada)
        #expect(try store.unwrap(wrapped, under: ada) == key)
        #expect(throws: RecordingKeyError.wrongKey(bob)) { try store.unwrap(wrapped, under: bob) }
        for place in [0, 16, 63, 64, 95] {
            var altered = wrapped
            altered[place] ^= 1
            #expect(throws: RecordingKeyError.wrongKey(ada)) { try store.unwrap(altered, under: ada) }
        }
        try store.destroy(ada)
        try store.destroy(ada)
        #expect(try !store.exists(ada))
        #expect(try store.exists(bob))
        #expect(throws: RecordingKeyError.destroyed(ada)) { try store.unwrap(wrapped, under: ada) }
        try store.create(ada)
        #expect(throws: RecordingKeyError.wrongKey(ada)) { try store.unwrap(wrapped, under: ada) }
        try Data("4712\n".utf8).write(to: URL(fileURLWithPath: root + "/pin"))
        #expect(throws: RecordingKeyError.self) { try store.exists(ada) }
    }

    @Test func noSecretIsAnArgument() throws {
        let store = try store(Self.script)
        let name = try fixture.name()
        let key = SymmetricKey(size: .bits256)
        try store.create(name)
        let wrapped = try store.wrap(key, under: name)
        #expect(try store.unwrap(wrapped, under: name) == key)
        let arguments = try String(contentsOfFile: fixture.root + "/keys/arguments", encoding: .utf8)
        #expect(arguments == "create \(name)\nwrap \(name)\nunwrap \(name)\n")
    }

    /// What each call throws by a command that does `script`.
    private func errors(_ script: String, seconds: Double = 10) throws -> [RecordingKeyError] {
        let store = try store("#!/bin/sh\n" + script, seconds: seconds)
        let name = try fixture.name()
        let key = SymmetricKey(size: .bits256)
        let calls: [() throws -> Void] = [
            { try store.create(name) },
            { _ = try store.wrap(key, under: name) },
            { _ = try store.unwrap([1, 2, 3], under: name) },
            { try store.destroy(name) },
            { _ = try store.exists(name) },
        ]
        return calls.compactMap { call in
            do {
                try call()
                return nil
            } catch {
                return error as? RecordingKeyError
            }
        }
    }

    private func areUnavailable(_ errors: [RecordingKeyError]) -> Bool {
        errors.allSatisfy { error in
            if case .unavailable = error { return true }
            return false
        }
    }

    @Test func aCommandThatFailsIsNotAvailable() throws {
        for script in ["exit 3", "kill -9 $$", "nonsense-that-is-no-command"] {
            let errors = try errors(script)
            #expect(errors.count == 5 && areUnavailable(errors), "\(script): \(errors)")
        }
        let missing = try CommandKeyStore(command: [fixture.root + "/no-such-command"])
        #expect(throws: RecordingKeyError.self) { try missing.exists(fixture.name()) }
        #expect(throws: RecordingKeyError.self) { try CommandKeyStore(command: ["relative"]) }
        #expect(throws: RecordingKeyError.self) { try CommandKeyStore(command: []) }
    }

    @Test func statusesSayWhatTheyMean() throws {
        let name = try fixture.name()
        // Creating has no such answer; destroying and asking take it for one.
        let gone = try errors("exit 1")
        #expect(gone.count == 3 && gone[1] == .destroyed(name) && gone[2] == .destroyed(name))
        let wrong = try errors("exit 2")
        #expect(wrong.count == 5 && wrong[2] == .wrongKey(name))
        // An answer that is no key, or none at all.
        let odd = try errors("echo odd")
        #expect(odd.count == 4 && areUnavailable(odd))
    }

    @Test func aCommandThatHangsIsEndedWithAllThatItStarted() throws {
        let began = ContinuousClock.now
        let marker = "\(fixture.root)/children"
        let store = try store("#!/bin/sh\nsleep 1000 & echo $! >>'\(marker)'; echo x; sleep 1000", seconds: 2)
        #expect(throws: RecordingKeyError.self) {
            try store.wrap(SymmetricKey(size: .bits256), under: fixture.name())
        }
        #expect(ContinuousClock.now - began < .seconds(60))
        let children = try String(contentsOfFile: marker, encoding: .utf8).split(separator: "\n")
            .compactMap { pid_t($0) }
        #expect(children.count == 1)
        // They were told to end; that takes them a moment.
        for child in children {
            while isRunning(child) {
                try #require(ContinuousClock.now - began < .seconds(60), "\(child)")
                usleep(1000)
            }
        }
    }

    /// A process that was killed may wait for its parent to ask after it.
    private func isRunning(_ process: pid_t) -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let state = status.split(separator: ")").last?.split(separator: " ").first
        else { return false }
        return state != "Z" && state != "X"
    }

    @Test func aCommandThatNeverStopsTalkingIsEnded() throws {
        let errors = try errors("cat /dev/zero")
        #expect(errors.count == 5 && areUnavailable(errors))
    }

    @Test func aCommandGetsNeitherSettingsNorOpenFiles() throws {
        setenv("TALLY_SECRET_OF_A_TEST", "x", 1)
        defer { unsetenv("TALLY_SECRET_OF_A_TEST") }
        let opened = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/null"))
        // Without its flag, as a library might open one.
        _ = fcntl(opened.fileDescriptor, F_SETFD, 0)
        let store = try store(
            """
            #!/bin/sh
            env >'\(fixture.root)/environment'
            ls -l /proc/self/fd >'\(fixture.root)/files'
            """
        )
        #expect(try store.exists(try fixture.name()))
        let environment = try String(contentsOfFile: fixture.root + "/environment", encoding: .utf8)
        #expect(environment.contains("PATH="))
        #expect(!environment.contains("TALLY_SECRET"))
        let files = try String(contentsOfFile: fixture.root + "/files", encoding: .utf8)
        #expect(files.contains(" 1 -> "))
        #expect(!files.contains(" \(opened.fileDescriptor) -> /dev/null"))
    }
}
