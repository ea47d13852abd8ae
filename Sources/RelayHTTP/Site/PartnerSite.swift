import HTTPTypes
import Hummingbird
import Logging
import Primitives
import ServiceLifecycle

/// A partner's own site, small enough to read: a page that shows a room, and the route that it gets its grants from.
///
/// It is for trying out how a site shows a room, on another origin than the relay's; it has none of the relay in it.
package struct PartnerSite: Sendable {
    /// The relay's URL, without a slash at the end.
    private let relay: String
    private let partner: String
    private let room: RoomName
    private let title: String
    private let mint: @Sendable () async throws -> String

    /// `mint` asks the relay for a grant, with the partner's key; a visitor never learns that.
    package init(
        relay: String,
        partner: String,
        room: RoomName,
        title: String,
        mint: @escaping @Sendable () async throws -> String
    ) {
        self.relay = relay.hasSuffix("/") ? String(relay.dropLast()) : relay
        self.partner = partner
        self.room = room
        self.title = title
        self.mint = mint
    }

    private struct Granted: Encodable {
        let grant: String
    }

    /// The site as a service; `onListening` is told the port once the socket is bound.
    package func makeService(
        host: String,
        port: Int,
        logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> any Service {
        Application(
            router: router,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: nil),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) },
            logger: logger
        )
    }

    private var router: Router<BasicRequestContext> {
        let router = Router()
        router.get("/") { _, _ -> Response in
            Response(
                status: .ok,
                headers: [.contentType: "text/html; charset=utf-8", .contentSecurityPolicy: policy],
                body: ResponseBody(byteBuffer: ByteBuffer(string: page))
            )
        }
        // Whatever room a visitor asks for, the site shows its own.
        router.post("/grant") { _, _ -> Response in
            do {
                return Response.json(Granted(grant: try await mint()))
            } catch {
                return Response(status: .badGateway, headers: [.cacheControl: "no-store"])
            }
        }
        return router
    }

    /// The element's script and its frame are all that the page takes from elsewhere.
    private var policy: String {
        [
            "default-src 'none'", "script-src \(relay)", "frame-src \(relay)", "connect-src 'self'",
            "style-src 'unsafe-inline'", "img-src data:", "base-uri 'none'", "form-action 'none'",
        ].joined(separator: "; ")
    }

    /// The two lines that a site adds are the last of the body.
    private var page: String {
        """
        <!doctype html>
        <html lang="en">
          <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(Self.escaped(title))</title>
            <link rel="icon" href="data:,">
            <style>
              :root { color-scheme: light dark; }
              body { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem; font: 1.0625rem / 1.6 Georgia, serif; }
              tally-room { --tally-accent: #0a7d4b; --tally-radius: 4px; --tally-font: Georgia, serif; }
            </style>
          </head>
          <body>
            <h1>\(Self.escaped(title))</h1>
            <p>This page is a partner's, on an origin of its own. It shows who agreed to it by name, and nobody else.</p>
            <script type="module" src="\(Self.escaped(relay))/embed.js"></script>
            <tally-room room="\(room.text)" partner="\(Self.escaped(partner))" grant-url="/grant"></tally-room>
          </body>
        </html>

        """
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
    }
}
