import Foundation

/// Why a file is no report.
package struct LoadReportError: Error, Sendable, CustomStringConvertible {
    package let description: String
}

extension LoadReport {
    /// The report as a document.
    ///
    /// Throws only if a number in it is none.
    package func json() throws -> Data {
        let encoder = JSONEncoder()
        // Keys of dictionaries are data and stay as they are.
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// Throws `LoadReportError`.
    package init(json data: Data) throws(LoadReportError) {
        struct Head: Decodable {
            var schema: String
        }
        guard let head = try? JSONDecoder().decode(Head.self, from: data) else {
            throw LoadReportError(description: "not a report of tally load: no schema in it")
        }
        guard head.schema == Self.schemaName else {
            throw LoadReportError(
                description:
                    "its schema is \(head.schema.prefix(64)), and \(Self.schemaName) is what is read here"
            )
        }
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            self = try decoder.decode(LoadReport.self, from: data)
        } catch {
            throw LoadReportError(description: "not a whole report: \(error)")
        }
    }

    /// The report in the file at `path`.
    ///
    /// Throws `LoadReportError`.
    package static func read(path: String) throws(LoadReportError) -> LoadReport {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw LoadReportError(description: "\(path) cannot be read")
        }
        do {
            return try LoadReport(json: data)
        } catch {
            throw LoadReportError(description: "\(path): \(error.description)")
        }
    }
}
