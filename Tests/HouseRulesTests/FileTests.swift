import Testing

/// How files are named, how long they are, and what they must say.
@Suite struct FileTests {
    @Test func filesAreNamedAfterWhatTheyHold() throws {
        let violations = try SourceTree.swiftSources("Sources", "Tests").flatMap(FileRules.nameViolations)
        #expect(violations == [])
    }

    @Test func filesAreShort() throws {
        let violations = try FileRules.lengthViolations(SourceTree.swiftSources("Sources", "Tests"))
        #expect(violations == [])
    }

    @Test func pointersStandInFilesThatSaySo() throws {
        let violations = try SourceTree.swiftSources("Sources").flatMap(FileRules.pointerViolations)
        #expect(violations == [])
    }

    @Test func promisesToTheCompilerAreReasoned() throws {
        let violations = try SourceTree.swiftSources("Sources", "Tests").flatMap(FileRules.reasonViolations)
        #expect(violations == [])
    }

    @Test func theWayOfAPacketIsNumberedFromOneToSix() throws {
        let violations = try FileRules.hotPathViolations(SourceTree.swiftSources("Sources"))
        #expect(violations == [])
    }

    @Test(arguments: [
        "Utils.swift", "RTPHelpers.swift", "Common.swift", "SessionManager.swift", "Base.swift", "Core.swift",
        "Types.swift", "Rooms.swift", "Rooms+Unsafe.swift", "Forwarder2.swift", "Forwarder+Helpers.swift",
        "Inner/Inner.swift", "Inner/Rooms.swift",
    ])
    func aVagueNameIsFound(_ name: String) {
        #expect(FileRules.nameViolations(.sample("Rooms", name, "")).count >= 1)
    }

    @Test(arguments: [
        "Forwarder.swift", "H264Payload.swift", "CRC32.swift", "Room.swift", "I420Picture+Unsafe.swift",
    ])
    func aNameOfTheFieldIsFine(_ name: String) {
        #expect(FileRules.nameViolations(.sample("Rooms", name, "")) == [])
    }

    @Test func aLongFileIsFound() {
        func file(_ lines: Int) -> SwiftSource {
            .sample("Rooms", String(repeating: "\n", count: lines))
        }
        #expect(FileRules.lengthViolations([file(FileRules.longestFile)]).isEmpty)
        #expect(FileRules.lengthViolations([file(FileRules.longestFile + 1)]).count == 1)
        let many = (0...FileRules.longerFilesLimit).map { _ in file(FileRules.usualLength + 1) }
        #expect(FileRules.lengthViolations(many).count == 1)
        #expect(FileRules.lengthViolations(Array(many.dropLast())).isEmpty)
    }

    @Test(arguments: ["let p: UnsafeRawPointer", "func f(_ b: UnsafeMutableBufferPointer<UInt8>)"])
    func aPointerIsFound(_ code: String) {
        #expect(FileRules.pointerViolations(.sample("Rooms", code)).count == 1)
        #expect(FileRules.pointerViolations(.sample("Rooms", "Slab+Unsafe.swift", code)).isEmpty)
        #expect(FileRules.pointerViolations(.sample("RelayRuntime", code)).isEmpty)
        #expect(FileRules.pointerViolations(.sample("Rooms", "// \(code)")).isEmpty)
    }

    @Test(arguments: [
        "final class A: @unchecked Sendable {}", "nonisolated(unsafe) var a = 1",
        "let b = unsafeBitCast(a, to: B.self)",
        "final class A: @unchecked\n    Sendable {}",
    ])
    func aPromiseWithoutAReasonIsFound(_ code: String) {
        #expect(FileRules.reasonViolations(.sample("Rooms", code)).count == 1)
        #expect(FileRules.reasonViolations(.sample("Rooms", "/// Safe because it is.\n\(code)")).isEmpty)
        let far = "// Safe because it is.\n" + String(repeating: "let a = 1\n", count: 20) + code
        #expect(FileRules.reasonViolations(.sample("Rooms", far)).count == 1)
        let said = "let a = \"Safe because\"\n" + code
        #expect(FileRules.reasonViolations(.sample("Rooms", said)).count == 1)
    }

    @Test func aLostDoubledOrMisplacedTagIsFound() {
        let good = FileRules.hotPath.enumerated().map { index, place in
            SwiftSource(path: "Sources/\(place).swift", text: "// Hot path \(index + 1)/6: what it does\n")
        }
        #expect(FileRules.hotPathViolations(good) == [])
        #expect(FileRules.hotPathViolations(Array(good.dropLast())).count == 1)
        #expect(FileRules.hotPathViolations(good + good.suffix(1)).count == 1)
        let moved = SwiftSource(path: "Sources/Rooms/SendLoop.swift", text: "// Hot path 6/6\n")
        #expect(FileRules.hotPathViolations(good.dropLast() + [moved]).count == 1)
        let second = SwiftSource(
            path: "Sources/Rooms/Other.swift",
            text: "import Primitives\n// Hot path 5/6\n"
        )
        #expect(FileRules.hotPathViolations(good + [second]).count == 1)
    }
}
