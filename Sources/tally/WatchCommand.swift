import ArgumentParser
import Foundation
import LoadTesting

/// `tally watch`: a viewer that decodes and says what it sees.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "View a room over WHEP and print each second what is seen and heard."
    )

    @Option(help: "The WHEP endpoint, for example http://127.0.0.1:8080/v1/rooms/demo/whep.")
    var url: String

    @OptionGroup var token: TokenOptions

    @Option(help: "Ask for this stream.")
    var stream: String?

    @Option(help: "Video slots, and as many audio slots.")
    var slots = 1

    @Option(help: "Stop after this many seconds.")
    var seconds: Int?

    @Option(help: "Video codecs to offer, best first, separated by commas.")
    var codecs = "vp8,vp9,h264"

    @Option(help: "Names that pictures may be stamped with, separated by commas.")
    var names = ""

    @Flag(help: "Print one JSON object a line.")
    var json = false

    func validate() throws {
        guard (1...32).contains(slots) else { throw ValidationError("--slots is 1 to 32, got \(slots)") }
        do {
            _ = try VideoOptions.codecs(codecs)
        } catch {
            throw ValidationError("--codecs: \(error)")
        }
    }

    func run() async throws {
        var settings = ViewerSettings(url: try endpoint(), token: token.source)
        settings.videoSlots = slots
        settings.audioSlots = slots
        settings.videoCodecs = try VideoOptions.codecs(codecs)
        let known = SlotNames()
        for name in names.split(separator: ",") { known.learn(String(name)) }
        let toolkit = try ClientToolkit(name: "watch", acceptsAnyCertificate: token.insecure)
        let printer = WatchPrinter(names: known, isJSON: json)
        let viewer = PersistentViewer(
            viewer: toolkit.viewer,
            settings: settings,
            seconds: seconds,
            tell: printer.tell
        )
        let result = await Result.catching {
            try await Interruption.runUntilInterrupted { try await viewer.run() }
        }
        await toolkit.shutDown()
        try result.get()
    }

    private func endpoint() throws -> String {
        guard let stream else { return url }
        guard var parts = URLComponents(string: url) else { throw ValidationError("--url is no URL: \(url)") }
        parts.queryItems = (parts.queryItems ?? []) + [URLQueryItem(name: "stream", value: stream)]
        return parts.string ?? url
    }
}

/// Writes a viewer's messages as lines, plain or JSON.
struct WatchPrinter: Sendable {
    let names: SlotNames
    let isJSON: Bool

    private struct Line: Encodable {
        var type: String
        var text: String?
        var milliseconds: Int?
        var event: String?
        var data: String?
        var second: Int?
        var slots: [SlotReport]?
    }

    @Sendable func tell(_ message: PersistentViewer.Message) {
        if case .event(let event) = message { names.learn(from: event) }
        print(isJSON ? json(message) : plain(message))
        // Whoever reads this through a pipe wants it while it happens.
        fflush(nil)
    }

    private func plain(_ message: PersistentViewer.Message) -> String {
        switch message {
        case .session(let url): "session \(url)"
        case .established(let milliseconds): "connected after \(milliseconds) ms"
        case .firstPicture(let milliseconds): "first picture after \(milliseconds) ms"
        case .event(let event): "event \(event.name) \(event.data)"
        case .trouble(let text): text
        case .ended(let end): "over: \(end)"
        case .report(let second, let slots):
            "\(second) s\n" + slots.map { "  " + plain($0) }.joined(separator: "\n")
        }
    }

    private func plain(_ slot: SlotReport) -> String {
        var parts = ["\(slot.kind) \(slot.slot)"]
        if let codec = slot.codec { parts.append(codec) }
        if let width = slot.width, let height = slot.height { parts.append("\(width)x\(height)") }
        if let frames = slot.frames { parts.append("\(frames) fps") }
        parts.append("\(slot.bytes * 8 / 1_000) kbit/s")
        switch slot.showing {
        case .nothing: parts.append("nothing yet")
        case .stamped:
            let latency = slot.latencyMilliseconds.map { ", \($0) ms old" } ?? ""
            parts.append("\(names.name(of: slot.source ?? 0)) frame \(slot.frameNumber ?? 0)\(latency)")
        case .unstamped: parts.append("no stamp: a slate or another picture")
        case .sound: parts.append("tone \(Int(slot.frequency ?? 0)) Hz")
        case .silence: parts.append("silence")
        }
        if slot.totalLost > 0 || slot.totalRecovered > 0 {
            parts.append("lost \(slot.totalLost), recovered \(slot.totalRecovered)")
        }
        if let pause = slot.longestPauseMilliseconds, pause > 200 { parts.append("pause \(pause) ms") }
        return parts.joined(separator: "  ")
    }

    private func json(_ message: PersistentViewer.Message) -> String {
        let line: Line
        switch message {
        case .session(let url): line = Line(type: "session", text: url)
        case .established(let milliseconds): line = Line(type: "connected", milliseconds: milliseconds)
        case .firstPicture(let milliseconds): line = Line(type: "first-picture", milliseconds: milliseconds)
        case .event(let event): line = Line(type: "event", event: event.name, data: event.data)
        case .trouble(let text): line = Line(type: "trouble", text: text)
        case .ended(let end): line = Line(type: "over", text: "\(end)")
        case .report(let second, let slots): line = Line(type: "report", second: second, slots: slots)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(line) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
