import Disclosures
import Primitives

extension ConsentStatement {
    /// Whether taking this statement after `earlier`, of the same key, may end a disclosure.
    func narrows(_ earlier: ConsentStatement?) -> Bool {
        if state == .unknown { return earlier?.permits ?? false }
        guard permits else { return true }
        guard let earlier, earlier.permits else { return false }
        return !(media.isSuperset(of: earlier.media) && validity.covers(earlier.validity))
    }

    /// What of this statement takes away from `prior`, the one in force before it for the same key.
    ///
    /// When a statement cannot be written this part stays in force, and what the statement would have added is
    /// forgotten; `nil` if it only adds.
    func residue(after prior: ConsentStatement?) -> ConsentStatement? {
        let priorPermits = prior?.permits ?? false
        guard permits else {
            guard state.refuses else { return priorPermits ? self : nil }
            guard let prior, prior.state.refuses else { return self }
            return with(media: media.isEmpty || prior.media.isEmpty ? [] : media.union(prior.media))
        }
        guard let prior, priorPermits, narrows(prior) else { return nil }
        let common = media.intersection(prior.media)
        let window = validity.intersection(prior.validity)
        let isEmpty = common.isEmpty || window.isEmpty
        return isEmpty ? with(state: .invalidated) : with(media: common, validity: window)
    }
}
