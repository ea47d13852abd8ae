extension WallClockTime {
    /// The years that nanoseconds in 64 bits reach in full.
    private static let years = 1678...2261 as ClosedRange<Int64>

    /// Reads an RFC 3339 time with `Z` or an offset and up to nine digits of the second; `nil` if malformed, of
    /// a day that no calendar has, or outside the years 1678 to 2261.
    package init?(rfc3339 text: String) {
        var rest = Array(text.utf8)[...]
        func number(_ digits: Int) -> Int64? {
            guard rest.count >= digits else { return nil }
            var value: Int64 = 0
            for byte in rest.prefix(digits) {
                guard (0x30...0x39).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 0x30)
            }
            rest = rest.dropFirst(digits)
            return value
        }
        func skip(_ any: String) -> UInt8? {
            guard let byte = rest.first, any.utf8.contains(byte) else { return nil }
            rest = rest.dropFirst()
            return byte
        }

        guard text.utf8.count <= 40,
            let year = number(4), skip("-") != nil, let month = number(2), skip("-") != nil,
            let day = number(2), skip("Tt ") != nil, let hour = number(2), skip(":") != nil,
            let minute = number(2), skip(":") != nil, let second = number(2),
            Self.years.contains(year), (1...12).contains(month), hour < 24, minute < 60, second < 61,
            day >= 1, day <= Self.days(ofMonth: month, year)
        else { return nil }

        var nanoseconds: Int64 = 0
        if skip(".") != nil {
            let digits = rest.prefix { (0x30...0x39).contains($0) }.count
            guard (1...9).contains(digits), let fraction = number(digits) else { return nil }
            nanoseconds = (digits..<9).reduce(fraction) { value, _ in value * 10 }
        }
        var offset: Int64 = 0
        guard let zone = skip("Zz+-") else { return nil }
        if zone == 0x2B || zone == 0x2D {
            guard let hours = number(2), skip(":") != nil, let minutes = number(2), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * 60 * (zone == 0x2D ? -1 : 1)
        }
        guard rest.isEmpty else { return nil }

        // Days since 1970-01-01 in the proleptic Gregorian calendar, years counted from March.
        let marchYear = month <= 2 ? year - 1 : year
        let era = marchYear / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        self.init(nanosecondsSince1970: seconds * 1_000_000_000 + nanoseconds)
    }

    private static func days(ofMonth month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
