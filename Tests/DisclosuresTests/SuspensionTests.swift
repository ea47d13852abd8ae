import Disclosures
import Primitives
import Testing

/// What suspends or stops grants from outside: notices, controllers, deactivation, holds.
@Suite
struct SuspensionTests {
    let make: ConsentFixtures

    init() throws { make = try ConsentFixtures() }

    private func reason(_ state: RoomConsent) -> DenyReason? {
        decide(make.request(), state, now: ConsentFixtures.now).denyReason
    }

    // MARK: - Notices

    private func under(_ notice: NoticeVersion, _ state: ConsentState = .given) -> ConsentEvent.Content {
        .statement(make.statement(state, givenAt: 0, notice: notice.reference))
    }

    @Test func aMaterialChangeSuspendsUntilRenewed() {
        let (first, second) = (make.notice("1"), make.notice("2"))
        #expect(reason(make.room(.notice(first), under(first))) == nil)
        let changed: [ConsentEvent.Content] = [.notice(first), under(first), .notice(second)]
        #expect(reason(make.room(changed)) == .outdatedNotice)
        #expect(reason(make.room(changed + [under(second, .renewed)])) == nil)
        #expect(reason(make.room(changed + [under(first, .renewed)])) == .outdatedNotice)
        #expect(reason(make.room(changed + [.statement(make.statement(.renewed))])) == .outdatedNotice)
    }

    /// Only another language makes a translation: another spelling or region of the same one is another text.
    @Test(arguments: [("EN", true), ("en-US", true), (" en", true), ("fr", false)])
    func otherWordsInTheSameLanguageAreAChange(_ language: String, _ suspends: Bool) {
        func version(_ sha256: Character, _ language: String) -> NoticeVersion {
            NoticeVersion(
                id: "privacy",
                version: "1",
                language: language,
                sha256: String(repeating: sha256, count: 64),
                controller: "Example Ltd",
                change: .material,
                purposes: [.liveRoom]
            )
        }
        let first = version("a", "en")
        let state = make.room(.notice(first), under(first), .notice(version("b", language)))
        #expect(reason(state) == (suspends ? .outdatedNotice : nil))
    }

    @Test func aMaterialChangeTouchesItsPurposesOnly() {
        let change = make.notice("2", purposes: [.recording])
        #expect(reason(make.room(.statement(make.statement()), .notice(change))) == nil)
    }

    @Test func anEditorialChangeCarriesOver() {
        let (first, second) = (make.notice("1"), make.notice("1.1", .editorial))
        let state = make.room(.notice(first), under(first), .notice(second))
        #expect(reason(state) == nil)
        #expect(reason(make.room(.notice(first), .notice(second), under(second))) == nil)
        #expect(reason(make.room(.statement(make.statement()), .notice(second))) == nil)
        #expect(reason(make.room(.notice(second), .statement(make.statement()))) == .outdatedNotice)
    }

    @Test func aTranslationIsNoChange() {
        let (english, german) = (make.notice("2"), make.notice("2", language: "de"))
        #expect(reason(make.room(.notice(english), under(english), .notice(german))) == nil)
        #expect(reason(make.room(.notice(english), .notice(german), under(german))) == nil)
    }

    @Test func publishingAnOldTextAgainBringsNoGrantBack() {
        let (first, second) = (make.notice("1"), make.notice("2"))
        let back: [ConsentEvent.Content] = [.notice(first), under(first), .notice(second), .notice(first)]
        #expect(reason(make.room(back)) == .outdatedNotice)
        #expect(reason(make.room(back + [under(first, .renewed)])) == nil)
    }

    // MARK: - Controller, deactivation, holds

    @Test func aChangeOfControllerSuspendsGrantsToTheOldOne() {
        let change = ConsentEvent.Content.controller(ControllerChange(controller: "south", reason: "sale"))
        let grant = ConsentEvent.Content.statement(make.statement())
        #expect(reason(make.room(grant, change)) == .controllerChanged)
        #expect(reason(make.room(change, grant)) == nil)
        let dated = ConsentEvent.Content.statement(make.statement(source: .token, givenAt: -60))
        #expect(reason(make.room(change, dated)) == .controllerChanged)
    }

    @Test func aNoticeOfAnotherControllerIsAChangeOfController() {
        let first = make.notice("1", .editorial)
        let other = make.notice("1.1", .editorial, controller: "south")
        #expect(reason(make.room(.notice(first), under(first))) == nil)
        #expect(reason(make.room(.notice(first), under(first), .notice(other))) == .controllerChanged)
    }

    @Test func deactivationEndsEveryGrantForGood() {
        let grant = ConsentEvent.Content.statement(make.statement(givenAt: -5))
        let off = ConsentEvent.Content.principal(make.status(deactivated: true))
        let on = ConsentEvent.Content.principal(make.status())
        #expect(reason(make.room(grant, on)) == nil)
        #expect(reason(make.room(grant, off)) == .invalidated)
        #expect(reason(make.room(grant, off, on)) == .invalidated)
        #expect(reason(make.room(off, .statement(make.statement()))) == .invalidated)
        #expect(reason(make.room(grant, off, on, .statement(make.statement()))) == nil)
    }

    @Test func aHoldStopsWhatItCovers() {
        func hold(_ purposes: Set<Purpose>, _ stream: String?, lifted: Bool = false) -> ConsentEvent.Content {
            .hold(
                ProcessingHold(
                    id: "h",
                    participant: make.alice,
                    purposes: purposes,
                    stream: stream,
                    reason: "dispute",
                    isLifted: lifted
                )
            )
        }
        let grant = ConsentEvent.Content.statement(make.statement())
        #expect(reason(make.room(grant, hold([], nil))) == .hold)
        #expect(reason(make.room(grant, hold([.liveRoom], "cam"))) == .hold)
        #expect(reason(make.room(grant, hold([.recording], nil))) == nil)
        #expect(reason(make.room(grant, hold([], "screen"))) == nil)
        #expect(reason(make.room(grant, hold([], nil), hold([], nil, lifted: true))) == nil)
    }
}
