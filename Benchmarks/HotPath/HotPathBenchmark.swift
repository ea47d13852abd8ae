import DTLSHandshakes
import Foundation

/// Measures the way of a packet through the engine, without sockets: `HotPath forward|allocations|packets N`.
@main
struct HotPathBenchmark {
    static func main() {
        do {
            let request = try Request(CommandLine.arguments.dropFirst())
            switch request.command {
            case .forward: try ForwardMeasurement.run(request)
            case .allocations: try AllocationBudget.run(request)
            case .packets(let count): try PacketRun.run(count, request)
            }
        } catch {
            FileHandle.standardError.write(Data("HotPath: \(error)\n".utf8))
            exit(error is UsageError ? 64 : 1)
        }
    }
}

/// What the command line asks for.
struct Request {
    enum Command {
        case forward
        case allocations
        case packets(Int)
    }

    static let usage = """
        usage: HotPath forward | allocations | packets N
          --shape S     only this shape: \(Shape.allCases.map(\.rawValue).joined(separator: ", "))
          --cipher C    only this one: gcm, cm
          --viewers N   of the one audience (200)
          --rounds N    of forward, without the first, which is thrown away (8)
          --packets N   of each round of forward, and of each stretch of allocations (100000)
          --trace N     of allocations: print the first N with their callers
        """

    let command: Command
    private(set) var shapes = Shape.allCases
    private(set) var ciphers = Cipher.allCases
    private var viewers = 200
    private(set) var rounds = 8
    private(set) var packets = 100_000
    private(set) var traces = 0

    init(_ words: some Sequence<String>) throws {
        var words = words.makeIterator()
        switch words.next() {
        case "forward": command = .forward
        case "allocations": command = .allocations
        case "packets": command = .packets(try Self.number(words.next(), "packets"))
        case let word?: throw UsageError("unknown command \(word)")
        case nil: throw UsageError("no command")
        }
        while let option = words.next() {
            let value = words.next()
            switch option {
            case "--shape":
                guard let shape = value.flatMap(Shape.init) else { throw UsageError("unknown shape") }
                shapes = [shape]
            case "--cipher":
                guard let cipher = value.flatMap(Cipher.init) else { throw UsageError("unknown cipher") }
                ciphers = [cipher]
            case "--viewers": viewers = try Self.number(value, option, 1...5_000)
            case "--rounds": rounds = try Self.number(value, option)
            case "--packets": packets = try Self.number(value, option)
            case "--trace": traces = try Self.number(value, option)
            default: throw UsageError("unknown option \(option)")
            }
        }
    }

    /// The shapes that are measured on one stage: that packets come in, one viewer has to see.
    var stages: [(viewers: Int, shapes: [Shape])] {
        [(viewers, shapes.filter { !$0.isIngest }), (1, shapes.filter(\.isIngest))].filter {
            !$0.shapes.isEmpty
        }
    }

    private static func number(
        _ word: String?,
        _ name: String,
        _ range: ClosedRange<Int> = 1...1_000_000_000
    ) throws -> Int {
        guard let number = word.flatMap({ Int($0) }), range.contains(number) else {
            throw UsageError(
                "\(name) wants a number from \(range.lowerBound) to \(range.upperBound), not '\(word ?? "")'"
            )
        }
        return number
    }
}

/// What the packets are protected with.
enum Cipher: String, CaseIterable {
    case gcm
    case cm

    var profile: DTLSSRTPProfile {
        switch self {
        case .gcm: .aeadAES128GCM
        case .cm: .aes128CMHMACSHA1Tag80
        }
    }
}

/// A command line that says nothing that can be done.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ what: String) { description = "\(what)\n\(Request.usage)" }
}
