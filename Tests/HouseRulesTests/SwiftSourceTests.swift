import Testing

/// What counts as code decides every rule here.
@Suite struct SwiftSourceTests {
    private func code(_ text: String) -> String { SwiftSource.sample("Rooms", text).code }

    @Test func blanksCommentsAndStringsAndKeepsThePlaces() {
        #expect(code("let a = 1 // b") == "let a = 1     ")
        #expect(code("let a /* b /* c */ d */ = 1") == "let a                   = 1")
        #expect(code("a(\"b // c\") // d") == "a(\"      \")     ")
        #expect(code("a(\"b\\\"c\") + d") == "a(\"    \") + d")
        #expect(code("/* a\nb */ c") == "    \n     c")
    }

    @Test func keepsTheCodeOfInterpolations() {
        #expect(code("\"a\\(Date())b\"") == "\" \\(Date()) \"")
        #expect(code("\"\\(f(\"x\", g(1)))y\" + z") == "\"\\(f(\" \", g(1))) \" + z")
        #expect(code("#\"a\\(b)\\#(c)\"# + d") == "#\"     \\#(c)\"# + d")
    }

    @Test func readsLongAndRawStrings() {
        #expect(
            code("let a = \"\"\"\n    b \"c\" // d\n    \"\"\"\ne")
                == "let a = \"\"\"\n              \n    \"\"\"\ne"
        )
        #expect(code("#\"a\"b\"# // c") == "#\"   \"#     ")
        #expect(code("\"\" + a") == "\"\" + a")
    }

    @Test func namesThePartsOfAPath() {
        let source = SwiftSource(path: "Sources/RelayHTTP/Routes/RelayRoutes+Pages.swift", text: "a\nb\n")
        #expect(source.tree == "Sources")
        #expect(source.target == "RelayHTTP")
        #expect(source.folder == "Routes")
        #expect(source.name == "RelayRoutes+Pages")
        #expect(source.stem == "RelayRoutes")
        #expect(source.lineCount == 2)
    }

    @Test func countsLinesOfMatchesFromOne() {
        let source = SwiftSource.sample("Rooms", "a\n// b\nb\nc b\n")
        #expect(source.matches(#"\bb\b"#) == [3, 4])
    }
}
