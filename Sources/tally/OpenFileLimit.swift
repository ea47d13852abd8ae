import Glibc

/// How many files and sockets this process may have open.
enum OpenFileLimit {
    /// Takes all that the system lets this process have: usual limits would end at a thousand viewers, each of whom
    /// may hold a connection for events.
    static func raise() {
        let which = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(which, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(which, &limit)
    }
}
