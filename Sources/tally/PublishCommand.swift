import ArgumentParser
import Foundation
import LoadTesting

/// `tally publish`: a broadcaster with a synthetic picture or a file.
struct PublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish a synthetic picture and tone, or a file, over WHIP until interrupted."
    )

    @Option(help: "The WHIP endpoint, for example http://127.0.0.1:8080/v1/rooms/demo/whip.")
    var url: String

    @OptionGroup var token: TokenOptions

    @Option(help: "The name in the picture.")
    var name = "Ada"

    @Option(help: "vp8, vp9 or h264.")
    var codec = "vp8"

    @Option(help: "Width and height of the picture, for example 640x360.")
    var size = "640x360"

    @Option(help: "Frames a second.")
    var fps = 30

    @Option(help: "Kilobits a second of video.")
    var bitrate = 800

    @Option(help: "Seconds between keyframes; 0 sends them on demand only.")
    var keyframeSeconds = 0.0

    @Option(
        help:
            "Encode this many seconds beforehand and repeat them; costs less, and stamps then carry no time."
    )
    var loopSeconds = 0

    @Option(help: "Send this file again and again: IVF with VP8 or VP9, or an H.264 byte stream.")
    var file: String?

    @Option(help: "Hertz of the tone; 0 for silence.")
    var tone = 440.0

    @Flag(help: "Send no video.")
    var noVideo = false

    @Flag(help: "Send no audio.")
    var noAudio = false

    func validate() throws {
        guard tone == 0 || (20...4_000).contains(tone) else {
            throw ValidationError("--tone is 0 or 20 to 4000 Hz, got \(tone)")
        }
        guard !(noVideo && noAudio) else {
            throw ValidationError("with --no-video and --no-audio nothing is left")
        }
    }

    func run() async throws {
        var settings = PublisherSettings(url: url, token: token.source, video: nil, audio: nil)
        if !noVideo { settings.video = try video() }
        if !noAudio { settings.audio = tone == 0 ? .silence : .tone(tone) }
        let toolkit = try ClientToolkit(name: "publish", acceptsAnyCertificate: token.insecure)
        let name = name
        let publisher = PersistentPublisher(publisher: toolkit.publisher, settings: settings) { line in
            print("\(name): \(line)")
            fflush(nil)
        }
        let result = await Result.catching {
            try await Interruption.runUntilInterrupted { try await publisher.run() }
        }
        await toolkit.shutDown()
        try result.get()
    }

    private func video() throws -> VideoInput {
        if let file { return .recorded(try VideoFile.read(path: file, framesPerSecond: fps)) }
        var settings = SyntheticVideoSettings(name: name)
        settings.codec = try VideoOptions.codec(codec)
        (settings.width, settings.height) = try VideoOptions.size(size)
        settings.framesPerSecond = fps
        settings.kilobitsPerSecond = bitrate
        settings.keyframeSeconds = keyframeSeconds
        guard loopSeconds > 0 else { return .synthetic(settings) }
        return .recorded(try RecordedVideo.encode(settings, seconds: loopSeconds))
    }
}

/// The bearer token of a client, never itself on the command line.
struct TokenOptions: ParsableArguments {
    @Option(help: "A file that holds the bearer token.")
    var tokenFile: String?

    @Option(help: "The environment variable that holds the bearer token (without it: TALLY_TOKEN, if set).")
    var tokenEnv: String?

    @Flag(help: "Accept any TLS certificate; for tests.")
    var insecure = false

    var source: TokenSource { TokenSource(file: tokenFile, variable: tokenEnv) }
}

extension Result where Failure == any Error {
    /// What `body` answers or throws.
    static func catching(_ body: () async throws -> Success) async -> Self {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
