/// Somebody else decides about a room's data from now on; grants to the former controller are suspended.
package struct ControllerChange: Sendable, Hashable {
    package let controller: String
    /// Why, in words: sale, merger, transfer of the service.
    package let reason: String

    package init(controller: String, reason: String) {
        self.controller = controller
        self.reason = reason
    }
}
