import Primitives

extension WallClockTime {
    /// Reads what `rfc3339` writes: a time in UTC with `Z`, the fraction of the second of one to nine digits or
    /// none; `nil` for anything else.
    init?(rfc3339InUTC text: String) {
        let fields = text.utf8.split { !(0x30...0x39).contains($0) }.map {
            String(decoding: $0, as: UTF8.self)
        }
        guard text.hasSuffix("Z"), (6...7).contains(fields.count),
            let year = Int64(fields[0]), let month = Int64(fields[1]), let day = Int64(fields[2]),
            let hour = Int64(fields[3]), let minute = Int64(fields[4]), let second = Int64(fields[5]),
            (1_970...2_261).contains(year), (1...12).contains(month), (1...31).contains(day),
            hour < 24, minute < 60, second < 61
        else { return nil }
        var nanoseconds: Int64 = 0
        if fields.count == 7 {
            guard fields[6].count <= 9, let fraction = Int64(fields[6]) else { return nil }
            nanoseconds = (fields[6].count..<9).reduce(fraction) { value, _ in value * 10 }
        }
        // Days since 1970-01-01 in the Gregorian calendar, years counted from March.
        let marchYear = month <= 2 ? year - 1 : year
        let era = marchYear / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second
        self.init(nanosecondsSince1970: seconds * 1_000_000_000 + nanoseconds)
    }
}
