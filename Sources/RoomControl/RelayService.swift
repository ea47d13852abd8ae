import Primitives

/// What the HTTP surface asks of the relay.
///
/// `RelayControl` is the one that serves; tests of the HTTP surface may stand in for it.
package protocol RelayService: RoomGovernance, ParticipantRights, StatementRecords, LedgerService,
    PartnerSessions, RebroadcastService
{
    /// Starts a publishing session. Codes: `session-exists` 409, `sdp-malformed` 400, `sdp-unsupported` 422,
    /// `too-many-sessions` 503, `draining` 503, `log-unavailable` 503.
    func publish(_ request: PublishRequest) async throws(RelayProblem) -> SessionAnswer

    /// Starts a viewing session. Codes: `room-not-live` 409, `stream-not-live` 409, and those of `publish`.
    func view(_ request: ViewRequest) async throws(RelayProblem) -> SessionAnswer

    /// What a session is; `nil` if there is none of that name.
    func owner(of session: SessionID) async -> SessionOwner?

    /// Trickle or ICE restart (RFC 9725 4.3). Codes: `precondition-required` 428, `precondition-failed` 412,
    /// `sdp-malformed` 400, `unknown-session` 404.
    func patch(
        _ session: SessionID,
        fragment: String,
        ifMatch: String?
    ) async throws(RelayProblem) -> PatchOutcome

    /// Ends a session. Codes: `unknown-session` 404.
    func end(_ session: SessionID) async throws(RelayProblem)

    /// The events of a viewing session, those after `lastEvent` first. Codes: `unknown-session` 404.
    func viewerEvents(
        _ session: SessionID,
        after lastEvent: UInt64?
    ) async throws(RelayProblem) -> AsyncStream<RelayEvent>

    /// The events of a participant: first the whole present state, then changes.
    func participantEvents(
        _ room: RoomName,
        _ participant: ParticipantID,
        after lastEvent: UInt64?
    ) async throws(RelayProblem) -> AsyncStream<RelayEvent>

    /// A participant's consents and what the enforcement point does with them.
    func consents(
        _ room: RoomName,
        _ participant: ParticipantID
    ) async throws(RelayProblem) -> ConsentOverview

    /// Records changes and answers when they are effective.
    ///
    /// With `ifEpoch` only at one of these epochs, and with nothing under way that changes it;
    /// `sendsPrivacyControl` says that the request came with `Sec-GPC: 1`. Codes: `already-answered` 409,
    /// `precondition-failed` 412, `outdated-notice`, `unknown-notice`, `malformed` 422, `log-unavailable` 503.
    func changeConsents(
        _ room: RoomName,
        _ participant: ParticipantID,
        _ changes: [ConsentChange],
        by actor: ConsentActor,
        sendsPrivacyControl: Bool,
        ifEpoch: Set<UInt64>?
    ) async throws(RelayProblem) -> ConsentAcknowledgement

    /// The rooms that exist now.
    func rooms() async -> [RoomSummary]

    /// What the door does in a room now: every live track toward every present audience.
    func tally(of room: RoomName) async -> [TallyLine]

    /// Prometheus text of everything the relay counts (exposition format 0.0.4).
    func metricsText() async -> String

    /// Whether new sessions are served: loops run, the log is writable, no drain is under way.
    func isReady() async -> Bool
}
