import Disclosures
import Testing

@Suite
struct RegionTests {
    private func contains(_ outer: String, _ inner: String) throws -> Bool {
        try #require(Region(outer)).contains(try #require(Region(inner)))
    }

    @Test func takesCodesOfCountriesAndTheirParts() {
        for code in ["DE", "US-CA", "EU", "EEA", "FR-75"] { #expect(Region(code)?.code == code) }
        for code in ["", "D", "de", "DE-", "-CA", "US-CALI", "US-CA-1", "Ä", "DE FR"] {
            #expect(Region(code) == nil)
        }
    }

    @Test func knowsWhoLiesInWhom() throws {
        #expect(try contains("DE", "DE"))
        #expect(try contains("US", "US-CA"))
        #expect(try !contains("US-CA", "US"))
        #expect(try contains("EU", "DE-BY"))
        #expect(try contains("EEA", "NO"))
        #expect(try contains("EEA", "EU"))
        #expect(try !contains("EU", "EEA"))
        #expect(try !contains("EU", "NO"))
        #expect(try !contains("EU", "CH"))
        #expect(try !contains("U" + "S", "USA"))
    }

    @Test func stricterTermsAllowNothingMore() throws {
        let (union, germany, states) = (
            try #require(Region("EU")), try #require(Region("DE")), try #require(Region("US"))
        )
        let wide = ConsentTerms(geographicRestrictions: [union])
        let narrow = ConsentTerms(retentionSeconds: 5, geographicRestrictions: [germany])
        #expect(narrow.isAtLeastAsStrict(as: wide))
        #expect(!wide.isAtLeastAsStrict(as: narrow))
        #expect(!ConsentTerms.unstated.isAtLeastAsStrict(as: wide))
        #expect(wide.intersection(narrow)?.geographicRestrictions == [germany])
        #expect(wide.intersection(narrow)?.retentionSeconds == 5)
        #expect(wide.intersection(.unstated)?.geographicRestrictions == [union])
        #expect(wide.intersection(ConsentTerms(geographicRestrictions: [states])) == nil)
    }
}
