import Disclosures
import Primitives

extension ConsentEvent.Content {
    /// Whether taking this in a room of `state` may end a disclosure.
    func narrows(_ state: RoomConsent) -> Bool {
        switch self {
        case .statement(let statement): statement.narrows(state.record(for: statement.key)?.statement)
        case .demand(let demand): demand.narrows(state.demand(like: demand))
        case .notice, .rules, .principal, .hold, .controller, .erased: residue(in: state) != nil
        }
    }

    /// What of this takes away from a room of `state`; `nil` if it only adds.
    ///
    /// When an event cannot be written this part stays in force, and what it would have added is forgotten.
    func residue(in state: RoomConsent) -> ConsentEvent.Content? {
        switch self {
        case .statement(let statement):
            let prior = state.record(for: statement.key)
            let isSuspended = prior.map { state.isSuspended($0) } ?? false
            return statement.residue(after: isSuspended ? nil : prior?.statement).map { .statement($0) }
        case .notice(let notice):
            let changesController = state.controller.map { $0 != notice.controller } ?? false
            return notice.change == .material || changesController ? self : nil
        case .rules(let rules):
            let narrower = rules.narrowed(by: state.rules)
            return narrower == state.rules ? nil : .rules(narrower)
        case .principal(let status):
            let prior = state.status(of: status.participant)
            let narrower = status.narrowed(by: prior)
            return narrower == prior ? nil : .principal(narrower)
        case .demand(let demand):
            guard let prior = state.demand(like: demand), demand.narrows(prior) else { return nil }
            return .demand(demand.isLifted ? demand : prior.with(isLifted: true))
        case .hold(let hold):
            guard !hold.isLifted else { return nil }
            return .hold(hold.widened(by: state.hold(like: hold)))
        case .controller: return self
        case .erased: return nil
        }
    }

    /// What has to be written to take back what this added, if it was written although it was refused; `nil` if
    /// nothing has to be.
    func correction(in state: RoomConsent) -> ConsentEvent.Content? {
        let residue = residue(in: state)
        guard residue != self else { return nil }
        if let residue { return residue }
        switch self {
        case .statement(let statement):
            guard let prior = state.record(for: statement.key) else {
                return statement.permits ? .statement(statement.with(state: .invalidated)) : nil
            }
            // Written again it would count as newer than what suspended it.
            let isSuspended = prior.statement.permits && state.isSuspended(prior)
            return .statement(isSuspended ? prior.statement.with(state: .invalidated) : prior.statement)
        case .demand(let demand):
            return state.content(for: key) ?? .demand(demand.with(isLifted: true))
        case .rules, .principal, .hold: return state.content(for: key)
        // What an editorial notice adds is a text that later grants may name.
        case .notice, .controller, .erased: return nil
        }
    }

    /// What stays of this, asked for and not written, once `later` is asked for or written; `nil` if nothing.
    func remainder(after later: ConsentEvent.Content) -> ConsentEvent.Content? {
        switch (self, later) {
        case (.notice(let notice), .notice(let laterNotice)):
            guard laterNotice.change == .material else { return self }
            let purposes = notice.purposes.subtracting(laterNotice.purposes)
            return purposes.isEmpty ? nil : .notice(notice.touching(purposes))
        default:
            return key == later.key ? nil : self
        }
    }

    /// The same as `remainder`, for two that both wait: of two refusals the later replaces the earlier only if it
    /// takes away as much.
    func remainder(afterFence later: ConsentEvent.Content) -> ConsentEvent.Content? {
        if case .statement(let earlier) = self, case .statement(let statement) = later,
            earlier.key == statement.key,
            !(statement.state.refuses && statement.media.isEmpty), !statement.isAlike(earlier)
        {
            return self
        }
        return remainder(after: later)
    }
}

extension RoomConsent {
    fileprivate func demand(like demand: LegalDemand) -> LegalDemand? {
        demands(of: demand.participant).first { $0.demand.id == demand.id }?.demand
    }

    fileprivate func hold(like hold: ProcessingHold) -> ProcessingHold? {
        holds(of: hold.participant).first { $0.id == hold.id && !$0.isLifted }
    }
}
