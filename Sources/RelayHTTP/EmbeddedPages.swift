/// A file of the pages, as it stands in the executable.
struct EmbeddedPage: Sendable {
    let bytes: [UInt8]
    let contentType: String
    /// Strong: two versions of a file have different tags.
    let entityTag: String

    init(_ bytes: [UInt8], _ contentType: String) {
        self.bytes = bytes
        self.contentType = contentType
        // FNV-1a, 64 bits: tells versions apart, guards nothing.
        let hash = bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        entityTag = "\"\(String(hash, radix: 16))\""
    }

    /// The same page of HTML with one more element at the end of its head.
    func adding(toHead element: String) -> EmbeddedPage {
        let end = "</head>"
        let text = String(decoding: bytes, as: UTF8.self)
            .replacing(end, with: "  \(element)\n  \(end)", maxReplacements: 1)
        return EmbeddedPage(Array(text.utf8), contentType)
    }
}

/// The files in `Pages`, embedded by the build so that the relay is one file to deploy.
enum EmbeddedPages {
    static let all: [String: EmbeddedPage] = [
        "index.html": EmbeddedPage(PackageResources.index_html, html),
        "room.html": EmbeddedPage(PackageResources.room_html, html),
        "operator.html": EmbeddedPage(PackageResources.operator_html, html),
        "embed.html": EmbeddedPage(PackageResources.embed_html, html),
        "embed.css": EmbeddedPage(PackageResources.embed_css, style),
        "embed.js": EmbeddedPage(PackageResources.embed_js, script),
        "framed.js": EmbeddedPage(PackageResources.framed_js, script),
        "app.css": EmbeddedPage(PackageResources.app_css, style),
        "record.css": EmbeddedPage(PackageResources.record_css, style),
        "broadcast.js": EmbeddedPage(PackageResources.broadcast_js, script),
        "composer.js": EmbeddedPage(PackageResources.composer_js, script),
        "index.js": EmbeddedPage(PackageResources.index_js, script),
        "operator.js": EmbeddedPage(PackageResources.operator_js, script),
        "listing.js": EmbeddedPage(PackageResources.listing_js, script),
        "page.js": EmbeddedPage(PackageResources.page_js, script),
        "panel.js": EmbeddedPage(PackageResources.panel_js, script),
        "partners.js": EmbeddedPage(PackageResources.partners_js, script),
        "record.js": EmbeddedPage(PackageResources.record_js, script),
        "renewal.js": EmbeddedPage(PackageResources.renewal_js, script),
        "room.js": EmbeddedPage(PackageResources.room_js, script),
        "setup.js": EmbeddedPage(PackageResources.setup_js, script),
        "totals.js": EmbeddedPage(PackageResources.totals_js, script),
        "tally.js": EmbeddedPage(PackageResources.tally_js, script),
        "tile.js": EmbeddedPage(PackageResources.tile_js, script),
        "terms.js": EmbeddedPage(PackageResources.terms_js, script),
        "viewing.js": EmbeddedPage(PackageResources.viewing_js, script),
        "words.js": EmbeddedPage(PackageResources.words_js, script),
        "favicon.svg": EmbeddedPage(PackageResources.favicon_svg, "image/svg+xml"),
    ]

    private static let html = "text/html; charset=utf-8"
    private static let style = "text/css; charset=utf-8"
    private static let script = "text/javascript; charset=utf-8"
}
