/// Elements in slots whose numbers stay the same while they live; slots are used again after removal.
///
/// For state that a media loop owns: no reference counting, no copies, elements changed in place. Every packet goes
/// through several, so what finds an element is inlined where the element's type is known; for that it is public, as
/// the compiler (6.3) inlines nothing into another target that has package access.
public struct SlotArray<Element: ~Copyable>: ~Copyable {
    @usableFromInline var elements: UnsafeMutablePointer<Element>
    @usableFromInline var occupied: [Bool]
    private var free: [Int] = []
    /// One more than the highest slot ever used; for walks over all slots.
    @usableFromInline package private(set) var end = 0
    /// Elements that live.
    package private(set) var count = 0

    package init(minimumCapacity: Int = 64) {
        elements = .allocate(capacity: max(1, minimumCapacity))
        occupied = [Bool](repeating: false, count: max(1, minimumCapacity))
    }

    deinit {
        for index in 0..<end where occupied[index] { (elements + index).deinitialize(count: 1) }
        elements.deallocate()
    }

    /// Whether slot `index` holds an element.
    @inlinable
    public func contains(_ index: Int) -> Bool {
        index >= 0 && index < end && occupied[index]
    }

    /// Puts an element into a free slot and answers the slot's number.
    package mutating func insert(_ element: consuming Element) -> Int {
        let index: Int
        if let reused = free.popLast() {
            index = reused
        } else {
            if end == occupied.count { grow() }
            index = end
            end += 1
        }
        (elements + index).initialize(to: element)
        occupied[index] = true
        count += 1
        return index
    }

    /// Takes the element out of its slot.
    @discardableResult
    package mutating func remove(_ index: Int) -> Element {
        precondition(contains(index), "a slot in use")
        occupied[index] = false
        free.append(index)
        count -= 1
        return (elements + index).move()
    }

    /// The element in slot `index`, which must be in use.
    @inlinable
    public subscript(index: Int) -> Element {
        @inline(always)
        unsafeAddress {
            precondition(contains(index), "a slot in use")
            return UnsafePointer(elements + index)
        }
        @inline(always)
        unsafeMutableAddress {
            precondition(contains(index), "a slot in use")
            return elements + index
        }
    }

    private mutating func grow() {
        let capacity = occupied.count * 2
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
        for index in 0..<end where occupied[index] {
            (larger + index).moveInitialize(from: elements + index, count: 1)
        }
        elements.deallocate()
        elements = larger
        occupied += [Bool](repeating: false, count: capacity - occupied.count)
    }
}
