import Disclosures
import Foundation
import HTTPTypes
import Hummingbird
import Partners
import Primitives
import RoomControl

extension RelayRoutes {
    /// The page that partners frame, the element that frames it, and oEmbed.
    func registerEmbeds(on endpoints: Endpoints) {
        endpoints.add("/embed/{partner}/{room}", [.get: serveEmbed])
        // A module script of another origin is fetched with CORS, without credentials.
        endpoints.add("/embed.js", [.get: serveElement])
        endpoints.add("/v1/oembed", [.get: describeEmbed])
    }

    @Sendable private func serveEmbed(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let room = try room(context)
        let partner = try partner(context)
        guard partner.mayReceive(.liveEmbed, of: room) else {
            throw RelayProblem(
                partner.state == .active ? "not-for-partner" : "partner-suspended",
                status: 403,
                detail: "this partner may not show the room"
            )
        }
        let origins = partner.terms.origins.sorted().map(\.text).joined(separator: " ")
        return Self.serve("embed.html", to: request, framedBy: origins)
    }

    /// The page of a room.
    ///
    /// Its URL with `?partner=` is what an operator gives to a partner: where that partner's frames get their grants
    /// by themselves, the page says what describes the frame (oEmbed 1.0, 4), so that the URL can be pasted into the
    /// partner's site. A room's URL alone names no recipient, and nobody could be asked for their consent to one.
    @Sendable func serveRoom(_ request: Request, _ context: RelayRequestContext) async throws -> Response {
        let room = try room(context)
        let named = request.uri.queryParameters["partner"].flatMap { partners.partner(String($0)) }
        guard let partner = named, partner.terms.allowsPageGrants, partner.mayReceive(.liveEmbed, of: room),
            let page = EmbeddedPages.all["room.html"]
        else { return Self.serve("room.html", to: request) }
        let address = urls.absolute("/rooms/\(room.text)?partner=\(partner.id)", for: request)
        let description = urls.absolute(
            "/v1/oembed?format=json&url=\(Self.percentEncoded(address))",
            for: request
        )
        let (type, title) = ("application/json+oembed", "Live room \(room.text)")
        let element =
            "<link rel=\"alternate\" type=\"\(type)\" title=\"\(title)\""
            + " href=\"\(Self.escaped(description))\">"
        var response = Self.serve(page.adding(toHead: element), to: request)
        response.headers.append(
            HTTPField(
                name: .link,
                value: "<\(description)>; rel=\"alternate\"; type=\"\(type)\"; title=\"\(title)\""
            )
        )
        return response
    }

    /// A text as one value of a query (RFC 3986, 2.3).
    private static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            let character = Character(UnicodeScalar(byte))
            let isPlain = character.isASCII && (character.isLetter || character.isNumber)
            return isPlain || "-._~".contains(character)
                ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    /// A text as the value of an attribute of HTML.
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
    }

    @Sendable private func serveElement(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        var response = Self.serve("embed.js", to: request)
        response.headers[.accessControlAllowOrigin] = "*"
        response.headers[.crossOriginResourcePolicy] = "cross-origin"
        return response
    }

    /// oEmbed 1.0: what a site puts where the URL of a room was pasted.
    @Sendable private func describeEmbed(
        _ request: Request,
        _ context: RelayRequestContext
    ) async throws -> Response {
        let query = request.uri.queryParameters
        if let format = query["format"], format != "json" {
            throw RelayProblem(
                "malformed-query",
                status: 400,
                detail: "this relay describes embeds as json only"
            )
        }
        guard let text = query["url"] else {
            throw RelayProblem(
                "malformed-query",
                status: 400,
                detail: "url is the URL of a room on this relay"
            )
        }
        guard text.utf8.count <= Self.longestURL, let components = URLComponents(string: String(text)),
            let room = roomNamed(in: components, request)
        else {
            throw RelayProblem("not-found", status: 404, detail: "the URL is of no room on this relay")
        }
        let named = components.queryItems?.first { $0.name == "partner" }?.value
        guard let partner = named.flatMap({ partners.partner($0) }), partner.mayReceive(.liveEmbed, of: room)
        else {
            throw RelayProblem(
                "unknown-partner",
                status: 404,
                detail: "add ?partner= with the identifier that this site has on the relay"
            )
        }
        let (width, height) = Self.fit(
            try most(query["maxwidth"].map(String.init)),
            try most(query["maxheight"].map(String.init))
        )
        return .json(
            EmbedDescription(
                room: room,
                page: urls.absolute("/embed/\(partner.id)/\(room.text)", for: request),
                relay: urls.absolute("/", for: request),
                width: width,
                height: height
            )
        )
    }

    private static let longestURL = 2_048

    /// The room of a URL of this relay; `nil` if it is none.
    private func roomNamed(in components: URLComponents, _ request: Request) -> RoomName? {
        guard let scheme = components.scheme, let host = components.host else { return nil }
        let port = components.port.map { ":\($0)" } ?? ""
        let path = components.path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard urls.isOwn("\(scheme)://\(host)\(port)", request), path.count == 3, path[1] == "rooms" else {
            return nil
        }
        return RoomName(path[2])
    }

    /// The usual size, made smaller in both directions where one of them is more than there is room for.
    private static func fit(_ width: Int, _ height: Int) -> (width: Int, height: Int) {
        let (usualWidth, usualHeight) = (960, 540)
        let fitted = min(width, usualWidth, height * usualWidth / usualHeight)
        return (max(1, fitted), max(1, fitted * usualHeight / usualWidth))
    }

    private func most(_ text: String?) throws(RelayProblem) -> Int {
        guard let text else { return .max / 960 }
        guard let most = Int(text), (1...65_535).contains(most) else {
            throw RelayProblem(
                "malformed-query",
                status: 400,
                detail: "maxwidth and maxheight are numbers of pixels"
            )
        }
        return most
    }
}

/// The answer of an oEmbed endpoint (oEmbed 1.0, 2.3.4.2).
private struct EmbedDescription: Encodable {
    let type = "video"
    let version = "1.0"
    let title: String
    let providerName = "Tally"
    let providerURL: String
    let html: String
    let width: Int
    let height: Int

    private enum CodingKeys: String, CodingKey {
        case type
        case version
        case title
        case providerName = "provider_name"
        case providerURL = "provider_url"
        case html
        case width
        case height
    }

    /// Names of rooms and partners, and this relay's URL, have no character that HTML would read.
    init(room: RoomName, page: String, relay: String, width: Int, height: Int) {
        title = room.text
        providerURL = relay
        self.width = width
        self.height = height
        html =
            "<iframe src=\"\(page)\" width=\"\(width)\" height=\"\(height)\" title=\"\(room.text)\" "
            + "referrerpolicy=\"no-referrer\" allow=\"autoplay; fullscreen\" allowfullscreen "
            + "style=\"border:0\"></iframe>"
    }
}
