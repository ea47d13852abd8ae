import FuzzBodies
import Testing

@Suite struct MutatorTests {
    private let seed = Array("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n".utf8)

    @Test(arguments: [true, false])
    func sameSeedMakesSameInput(isText: Bool) {
        for number in 0..<200 as Range<UInt64> {
            var first = InputMutator(seed: number, isText: isText)
            var second = InputMutator(seed: number, isText: isText)
            #expect(first.mutate(seed, mixingIn: [1, 2]) == second.mutate(seed, mixingIn: [1, 2]))
        }
    }

    @Test(arguments: [true, false])
    func mutationsDifferFromTheSeedAndFromEachOther(isText: Bool) {
        var found: Set<[UInt8]> = []
        for number in 0..<500 as Range<UInt64> {
            var mutator = InputMutator(seed: number, isText: isText)
            found.insert(mutator.mutate(seed, mixingIn: [1, 2, 3]))
        }
        #expect(found.count > 400)
    }

    @Test func anEmptyInputCanGrow() {
        var mutator = InputMutator(seed: 3, isText: true)
        let grown = (0..<50).contains { _ in !mutator.mutate([], mixingIn: [9]).isEmpty }
        #expect(grown)
    }
}
