import Hummingbird
import RoomControl

extension RelayRoutes {
    /// The pages, from memory.
    func registerPages(on endpoints: Endpoints) {
        endpoints.add("/", [.get: { request, _ in Self.serve("index.html", to: request) }])
        endpoints.add("/operator", [.get: { request, _ in Self.serve("operator.html", to: request) }])
        endpoints.add("/rooms/{room}", [.get: serveRoom])
        // Files are their own endpoints, so that a path can only ever name one of the table.
        for name in EmbeddedPages.all.keys where !name.hasSuffix(".html") {
            endpoints.add("/pages/\(name)", [.get: { request, _ in Self.serve(name, to: request) }])
        }
        endpoints.add("/favicon.ico", [.get: { request, _ in Self.serve("favicon.svg", to: request) }])
    }

    /// Pages may load, run and talk to nothing but this relay; `ancestors` may frame them.
    private static func contentSecurityPolicy(framedBy ancestors: String) -> String {
        [
            "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
            "img-src 'self' data:", "media-src 'self' blob: mediastream:", "frame-ancestors \(ancestors)",
            "base-uri 'none'", "form-action 'none'",
        ].joined(separator: "; ")
    }

    /// A file of the pages, which nobody may frame unless origins are named.
    static func serve(_ name: String, to request: Request, framedBy ancestors: String = "'none'") -> Response
    {
        guard let page = EmbeddedPages.all[name] else { return Response(status: .notFound) }
        return serve(page, to: request, framedBy: ancestors)
    }

    static func serve(
        _ page: EmbeddedPage,
        to request: Request,
        framedBy ancestors: String = "'none'"
    ) -> Response {
        let isFramed = ancestors != "'none'"
        var headers: HTTPFields = [
            // Revalidated each time, so that a page never runs with the scripts of an older relay.
            .cacheControl: "no-cache",
            .eTag: page.entityTag,
            .contentSecurityPolicy: contentSecurityPolicy(framedBy: ancestors),
            .referrerPolicy: "no-referrer",
            .permissionsPolicy: isFramed
                ? "camera=(), microphone=(), display-capture=(), geolocation=()"
                : "camera=(self), microphone=(self), display-capture=(self), geolocation=()",
        ]
        if !isFramed { headers[.crossOriginOpenerPolicy] = "same-origin" }
        if request.headers[.ifNoneMatch] == page.entityTag {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = page.contentType
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: page.bytes))
        )
    }
}
