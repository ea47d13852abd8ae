/// What is wrong with what a load test was asked to do.
package struct LoadPlanError: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
