/// In what role an operator looks at personal data; it stands in the published ledger as it is.
package enum OperatorRole: String, Sendable, Equatable, CaseIterable {
    case `operator`
    case dataProtectionOfficer = "data-protection-officer"
    case support
    case auditor
    case security
}
